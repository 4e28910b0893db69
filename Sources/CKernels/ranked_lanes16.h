// Sixteen rows side by side in the vectors that the compiler makes of the architecture's least. See ranked_lanes.h.

typedef int8_t ranked_lanes __attribute__((vector_size(16)));
typedef int8_t ranked_decisions __attribute__((vector_size(16)));
#define RANKED_LANES 16

static inline __attribute__((always_inline)) ranked_lanes ranked_lanes_load(const void *place) {
    ranked_lanes lanes;
    __builtin_memcpy(&lanes, place, sizeof lanes);
    return lanes;
}

static inline __attribute__((always_inline)) void ranked_lanes_store(void *place, ranked_lanes lanes) {
    __builtin_memcpy(place, &lanes, sizeof lanes);
}

static inline __attribute__((always_inline)) ranked_decisions ranked_lanes_decide(const int8_t *ranks, int8_t rank) {
    return ranked_lanes_load(ranks) > rank;
}

static inline __attribute__((always_inline)) ranked_lanes ranked_lanes_select(
    ranked_decisions decisions, ranked_lanes left, ranked_lanes right) {
    return (left & ~decisions) | (right & decisions);
}

static inline __attribute__((always_inline)) ranked_lanes ranked_lanes_leaf(ranked_decisions decisions, uint8_t base) {
    return (int8_t)base - decisions;
}
