#include "ranked_kernels.h"

#if defined(__x86_64__)

#include <immintrin.h>

#define RANKED(name) name##_avx2
#define RANKED_TARGET __attribute__((target("avx2,fma,bmi,bmi2,popcnt")))
#define RANKED_HAS_SHUFFLE 1
#define RANKED_HERE static inline __attribute__((always_inline)) RANKED_TARGET

RANKED_HERE unsigned ranked_count_16(const float *thresholds, float number, int right_if_equal) {
    __m256 numbers = _mm256_set1_ps(number);
    __m256 low = _mm256_loadu_ps(thresholds);
    __m256 high = _mm256_loadu_ps(thresholds + 8);
    low = right_if_equal ? _mm256_cmp_ps(low, numbers, _CMP_LE_OQ) : _mm256_cmp_ps(low, numbers, _CMP_LT_OQ);
    high = right_if_equal ? _mm256_cmp_ps(high, numbers, _CMP_LE_OQ) : _mm256_cmp_ps(high, numbers, _CMP_LT_OQ);
    // Two bytes each; the order within does not matter to a count.
    __m256i passed = _mm256_packs_epi32(_mm256_castps_si256(low), _mm256_castps_si256(high));
    return (unsigned)__builtin_popcount((unsigned)_mm256_movemask_epi8(passed)) / 2;
}

RANKED_HERE unsigned ranked_count_8(const float *thresholds, float number, int right_if_equal) {
    __m256 numbers = _mm256_set1_ps(number);
    __m256 eight = _mm256_loadu_ps(thresholds);
    eight = right_if_equal ? _mm256_cmp_ps(eight, numbers, _CMP_LE_OQ) : _mm256_cmp_ps(eight, numbers, _CMP_LT_OQ);
    return (unsigned)__builtin_popcount((unsigned)_mm256_movemask_ps(eight));
}

// Slots are encoded for shuffles of 16 bytes: the slot's low 4 bits, bit 4 in bit 7, bit 5 in bit 6. A shuffle gives 0
// where bit 7 is set.
typedef struct {
    __m256i sixteens[4];
} ranked_table;

RANKED_HERE ranked_table ranked_load_table(const int8_t *ranks) {
    ranked_table table;
    for (int index = 0; index < 4; index++)
        table.sixteens[index] = _mm256_broadcastsi128_si256(_mm_loadu_si128((const void *)(ranks + 16 * index)));
    return table;
}

RANKED_HERE __m256i ranked_look_up(__m256i slots, ranked_table table, int has_few_slots) {
    __m256i flipped = _mm256_xor_si256(slots, _mm256_set1_epi8(-128));
    __m256i low = _mm256_or_si256(
        _mm256_shuffle_epi8(table.sixteens[0], slots), _mm256_shuffle_epi8(table.sixteens[1], flipped));
    if (has_few_slots) return low;
    __m256i high = _mm256_or_si256(
        _mm256_shuffle_epi8(table.sixteens[2], slots), _mm256_shuffle_epi8(table.sixteens[3], flipped));
    return _mm256_blendv_epi8(low, high, _mm256_add_epi8(slots, slots));
}

// 32 encoded slots and their nodes' ranks: all bits where a node goes right.
RANKED_HERE __m256i ranked_decide_bytes(
    const uint8_t *slots, const uint8_t *ranks, ranked_table table, int has_few_slots) {
    __m256i found = ranked_look_up(_mm256_loadu_si256((const void *)slots), table, has_few_slots);
    return _mm256_cmpgt_epi8(found, _mm256_loadu_si256((const void *)ranks));
}

RANKED_HERE uint32_t ranked_decide_32(const uint8_t *tile, ranked_table table, int has_few_slots) {
    return (uint32_t)_mm256_movemask_epi8(ranked_decide_bytes(tile, tile + 32, table, has_few_slots));
}

RANKED_HERE uint64_t ranked_decide_64(const uint8_t *tile, ranked_table table, int has_few_slots) {
    uint32_t low = (uint32_t)_mm256_movemask_epi8(ranked_decide_bytes(tile, tile + 64, table, has_few_slots));
    uint32_t high = (uint32_t)_mm256_movemask_epi8(ranked_decide_bytes(tile + 32, tile + 96, table, has_few_slots));
    return low | (uint64_t)high << 32;
}

#include "ranked_planes.h"

RANKED_HERE void ranked_leaves_of_8(
    const uint8_t *block, ranked_table table, const ranked_table *copies, const uint8_t *missing_left, size_t planes,
    int has_few_slots, uint32_t *leaves) {
    __m256i excluded[8];
    for (size_t plane = 0; plane < planes; plane++) excluded[plane] = _mm256_setzero_si256();
#pragma clang loop unroll(full)
    for (size_t four = 0; four < 2 * planes; four++) {
        __m256i right = ranked_decide_bytes(block, block + 32, table, has_few_slots);
        if (copies) {
            __m256i left = _mm256_loadu_si256((const void *)(missing_left + 32 * four));
            right = _mm256_blendv_epi8(
                ranked_decide_bytes(block, block + 32, *copies, has_few_slots), right, left);
        }
        block = ranked_exclude(block + 64, right, four / 2 + 1, excluded);
    }
    ranked_first_left(excluded, planes, leaves);
}

typedef struct {
    __m256i low, high;
} ranked_lanes;
typedef ranked_lanes ranked_decisions;
#define RANKED_LANES 64

RANKED_HERE ranked_lanes ranked_lanes_load(const void *place) {
    const __m256i *halves = place;
    ranked_lanes lanes = {_mm256_loadu_si256(halves), _mm256_loadu_si256(halves + 1)};
    return lanes;
}

RANKED_HERE void ranked_lanes_store(void *place, ranked_lanes lanes) {
    __m256i *halves = place;
    _mm256_storeu_si256(halves, lanes.low);
    _mm256_storeu_si256(halves + 1, lanes.high);
}

RANKED_HERE ranked_decisions ranked_lanes_decide(const int8_t *ranks, int8_t rank) {
    __m256i bound = _mm256_set1_epi8(rank);
    ranked_lanes lanes = ranked_lanes_load(ranks);
    lanes.low = _mm256_cmpgt_epi8(lanes.low, bound);
    lanes.high = _mm256_cmpgt_epi8(lanes.high, bound);
    return lanes;
}

RANKED_HERE ranked_lanes ranked_lanes_select(ranked_decisions decisions, ranked_lanes left, ranked_lanes right) {
    left.low = _mm256_blendv_epi8(left.low, right.low, decisions.low);
    left.high = _mm256_blendv_epi8(left.high, right.high, decisions.high);
    return left;
}

RANKED_HERE ranked_lanes ranked_lanes_leaf(ranked_decisions decisions, uint8_t base) {
    __m256i first = _mm256_set1_epi8((char)base);
    decisions.low = _mm256_sub_epi8(first, decisions.low);
    decisions.high = _mm256_sub_epi8(first, decisions.high);
    return decisions;
}

#include "ranked_body.h"

#endif
