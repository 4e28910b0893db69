#include "CKernels.h"

#pragma STDC FP_CONTRACT OFF

#define INLINE static inline __attribute__((always_inline))

// Trees that are walked side by side. One walk waits for its loads most of the time; eight keep the processor busy,
// and their places still fit its registers.
enum { LANES = 8, LEVELS_BETWEEN_CHECKS = 4 };

#if defined(__clang__)
#define UNROLL _Pragma("clang loop unroll(full)")
#else
#define UNROLL _Pragma("GCC unroll 8")
#endif

// What a step reads besides the node's place. `low_bits` is as wide as the instructions want it.
typedef struct {
    const uint64_t *nodes;
    const void *keys;
    uint64_t low_bits;
} walk;

INLINE uint64_t step_narrow(walk at, uint64_t node) {
    uint64_t word = at.nodes[node];
    uint32_t low = (uint32_t)word;
    uint32_t slot = low & ((1u << at.low_bits) - 1);
    return 2 * (uint64_t)(low >> at.low_bits) + ((uint32_t)(word >> 32) < ((const uint32_t *)at.keys)[slot]);
}

INLINE uint64_t step_sets(walk at, uint64_t node) {
    uint64_t word = at.nodes[node];
    uint32_t low = (uint32_t)word;
    uint32_t slot = (low & ((1u << at.low_bits) - 1)) >> 5;
    uint32_t key = ((const uint32_t *)at.keys)[slot] << (low & 31);
    return 2 * (uint64_t)(low >> at.low_bits) + ((uint32_t)(word >> 32) < key);
}

INLINE uint64_t step_wide(walk at, uint64_t node) {
    uint64_t threshold = at.nodes[2 * node];
    uint64_t word = at.nodes[2 * node + 1];
    uint64_t key = ((const uint64_t *)at.keys)[(uint32_t)word >> 6] << (word & 63);
    return 2 * (word >> 32) + (threshold < key);
}

#if defined(__x86_64__)
// Compilers spend eleven instructions on a step and spill, or make a branch of the comparison; the carry flag does it
// in six: 1.6 times faster on 100 trees of depth 12.
INLINE uint64_t step_narrow_bmi2(walk at, uint64_t node) {
    uint64_t next, key;
    __asm__("movl (%[nodes],%[node],8), %k[next]\n\t"
            "bzhil %k[bits], %k[next], %k[key]\n\t"
            "shrxl %k[bits], %k[next], %k[next]\n\t"
            "movl (%[keys],%[key],4), %k[key]\n\t"
            "cmpl %k[key], 4(%[nodes],%[node],8)\n\t"
            "adcl %k[next], %k[next]"
            : [next] "=&r"(next), [key] "=&r"(key)
            : [nodes] "r"(at.nodes), [node] "r"(node), [bits] "r"(at.low_bits), [keys] "r"(at.keys)
            : "cc");
    return next;
}

INLINE uint64_t step_sets_bmi2(walk at, uint64_t node) {
    uint64_t next, key;
    __asm__("movl (%[nodes],%[node],8), %k[next]\n\t"
            "bzhil %k[bits], %k[next], %k[key]\n\t"
            "shrl $5, %k[key]\n\t"
            "shlxl %k[next], (%[keys],%[key],4), %k[key]\n\t"
            "shrxl %k[bits], %k[next], %k[next]\n\t"
            "cmpl %k[key], 4(%[nodes],%[node],8)\n\t"
            "adcl %k[next], %k[next]"
            : [next] "=&r"(next), [key] "=&r"(key)
            : [nodes] "r"(at.nodes), [node] "r"(node), [bits] "r"(at.low_bits), [keys] "r"(at.keys)
            : "cc");
    return next;
}

// `node` counts words here: two a node.
INLINE uint64_t step_wide_bmi2(walk at, uint64_t node) {
    uint64_t next, key;
    __asm__("movl 8(%[nodes],%[node],8), %k[next]\n\t"
            "movl %k[next], %k[key]\n\t"
            "shrl $6, %k[key]\n\t"
            "shlxq %[next], (%[keys],%[key],8), %[key]\n\t"
            "movl 12(%[nodes],%[node],8), %k[next]\n\t"
            "cmpq %[key], (%[nodes],%[node],8)\n\t"
            "adcq %[next], %[next]\n\t"
            "addq %[next], %[next]"
            : [next] "=&r"(next), [key] "=&r"(key)
            : [nodes] "r"(at.nodes), [node] "r"(node), [keys] "r"(at.keys)
            : "cc");
    return next;
}
#endif

// Walks eight trees from their roots down to `levels`, the depth of the deepest of them. Deep trees are ragged: it
// looks now and then whether all eight have arrived.
#define DEFINE_WALK(NAME, STEP, SCALE, LOW, LEAF_BOUND, LEAF)                                                     \
    INLINE void NAME(walk at, const uint32_t *roots, uint32_t levels, uint32_t leaves[LANES]) {                   \
        uint64_t node[LANES];                                                                                     \
        UNROLL for (int lane = 0; lane < LANES; lane++) node[lane] = (uint64_t)roots[lane] * SCALE;               \
        while (levels > LEVELS_BETWEEN_CHECKS) {                                                                  \
            UNROLL for (int level = 0; level < LEVELS_BETWEEN_CHECKS; level++) {                                      \
                UNROLL for (int lane = 0; lane < LANES; lane++) node[lane] = STEP(at, node[lane]);                \
            }                                                                                                     \
            levels -= LEVELS_BETWEEN_CHECKS;                                                                      \
            uint32_t walking = 0;                                                                                 \
            UNROLL for (int lane = 0; lane < LANES; lane++) walking |= LOW(at, node[lane]) >= (LEAF_BOUND);       \
            if (!walking) levels = 0;                                                                             \
        }                                                                                                         \
        for (; levels > 0; levels--) {                                                                            \
            UNROLL for (int lane = 0; lane < LANES; lane++) node[lane] = STEP(at, node[lane]);                    \
        }                                                                                                         \
        UNROLL for (int lane = 0; lane < LANES; lane++) leaves[lane] = LEAF(at, node[lane]);                      \
    }

#define LOW_NARROW(at, node) ((uint32_t)(at).nodes[node] & ((1u << (at).low_bits) - 1))
#define LEAF_NARROW(at, node) ((uint32_t)((at).nodes[node] >> 32))
#define LOW_WIDE(at, node) ((uint32_t)(at).nodes[2 * (node) + 1])
#define LEAF_WIDE(at, node) ((uint32_t)(at).nodes[2 * (node)])

// Slots 0 and 1, behind as many bits of shift.
DEFINE_WALK(walk_narrow, step_narrow, 1, LOW_NARROW, 2, LEAF_NARROW)
DEFINE_WALK(walk_sets, step_sets, 1, LOW_NARROW, 2 << 5, LEAF_NARROW)
DEFINE_WALK(walk_wide, step_wide, 1, LOW_WIDE, 2 << 6, LEAF_WIDE)

#if defined(__x86_64__)
#define LOW_WORDS(at, node) ((uint32_t)(at).nodes[(node) + 1])
#define LEAF_WORDS(at, node) ((uint32_t)(at).nodes[node])
DEFINE_WALK(walk_narrow_bmi2, step_narrow_bmi2, 1, LOW_NARROW, 2, LEAF_NARROW)
DEFINE_WALK(walk_sets_bmi2, step_sets_bmi2, 1, LOW_NARROW, 2 << 5, LEAF_NARROW)
DEFINE_WALK(walk_wide_bmi2, step_wide_bmi2, 2, LOW_WORDS, 2 << 6, LEAF_WORDS)
#endif

// A leaf that is a linear function; its plain value where a feature is missing.
INLINE double linear_value(const vencejo_packed_forest *forest, uint32_t leaf, const double *numbers) {
    double plain = ((const double *)forest->leaf_values)[leaf];
    double sum = forest->linear_constants[leaf];
    for (uint32_t term = forest->linear_starts[leaf]; term < forest->linear_starts[leaf + 1]; term++) {
        double value = numbers[forest->linear_features[term]];
        if (value != value) return plain;
        sum += forest->linear_coefficients[term] * value;
    }
    return sum * forest->linear_weights[leaf];
}

#define DEFINE_ADD(NAME, SUM)                                                                                      \
    INLINE void NAME(                                                                                              \
        const vencejo_packed_forest *forest, uint32_t first, uint32_t count, const uint32_t leaves[LANES],         \
        const double *numbers, SUM *scores) {                                                                      \
        const SUM *values = forest->leaf_values;                                                                   \
        const uint32_t groups = forest->group_count;                                                               \
        switch (forest->leaf_form) {                                                                               \
        case VENCEJO_LEAVES_ONE: {                                                                                 \
            SUM sum = scores[0];                                                                                   \
            for (uint32_t lane = 0; lane < count; lane++) sum += values[leaves[lane]];                             \
            scores[0] = sum;                                                                                       \
            break;                                                                                                 \
        }                                                                                                          \
        case VENCEJO_LEAVES_GROUPED:                                                                               \
            for (uint32_t lane = 0; lane < count; lane++)                                                          \
                scores[forest->tree_groups[first + lane]] += values[leaves[lane]];                                 \
            break;                                                                                                 \
        case VENCEJO_LEAVES_VECTOR:                                                                                \
            if (groups == 2) {                                                                                     \
                SUM sum0 = scores[0], sum1 = scores[1];                                                            \
                for (uint32_t lane = 0; lane < count; lane++) {                                                    \
                    const SUM *vector = values + (size_t)leaves[lane] * 2;                                         \
                    sum0 += vector[0];                                                                             \
                    sum1 += vector[1];                                                                             \
                }                                                                                                  \
                scores[0] = sum0;                                                                                  \
                scores[1] = sum1;                                                                                  \
                break;                                                                                             \
            }                                                                                                      \
            for (uint32_t lane = 0; lane < count; lane++) {                                                        \
                const SUM *vector = values + (size_t)leaves[lane] * groups;                                        \
                for (uint32_t group = 0; group < groups; group++) scores[group] += vector[group];                  \
            }                                                                                                      \
            break;                                                                                                 \
        case VENCEJO_LEAVES_LINEAR:                                                                                \
            for (uint32_t lane = 0; lane < count; lane++) {                                                        \
                uint32_t leaf = leaves[lane];                                                                      \
                SUM value = leaf < forest->linear_count ? (SUM)linear_value(forest, leaf, numbers) : values[leaf]; \
                scores[forest->tree_groups[first + lane]] += value;                                                \
            }                                                                                                      \
            break;                                                                                                 \
        }                                                                                                          \
    }

DEFINE_ADD(add_float, float)
DEFINE_ADD(add_double, double)

// Eight trees for all rows of the tile, then the next eight: their nodes stay in the first caches.
#define DEFINE_RUN(NAME, TARGET, WALK, KEY, SUM, ADD)                                                              \
    TARGET static void NAME(                                                                                       \
        const vencejo_packed_forest *forest, const KEY *keys, size_t stride, size_t row_count,                     \
        const double *numbers, size_t column_count, SUM *scores) {                                                 \
        const SUM *base = forest->base_scores;                                                                     \
        const size_t groups = forest->group_count;                                                                 \
        for (size_t row = 0; row < row_count; row++) {                                                             \
            for (size_t group = 0; group < groups; group++) scores[row * groups + group] = base[group];            \
        }                                                                                                          \
        for (uint32_t first = 0; first < forest->tree_count; first += LANES) {                                     \
            uint32_t left = forest->tree_count - first;                                                            \
            uint32_t count = left < LANES ? left : LANES;                                                          \
            uint32_t levels = forest->levels[first / LANES];                                                       \
            for (size_t row = 0; row < row_count; row++) {                                                         \
                walk at = {forest->nodes, keys + row * stride, forest->low_bits};                                  \
                uint32_t leaves[LANES];                                                                            \
                WALK(at, forest->roots + first, levels, leaves);                                                   \
                ADD(forest, first, count, leaves, numbers + row * column_count, scores + row * groups);            \
            }                                                                                                      \
        }                                                                                                          \
    }

#define DEFINE_RUNS(SUM, ADD)                                                           \
    DEFINE_RUN(narrow_##SUM, , walk_narrow, uint32_t, SUM, ADD)                         \
    DEFINE_RUN(sets_##SUM, , walk_sets, uint32_t, SUM, ADD)                             \
    DEFINE_RUN(wide_##SUM, , walk_wide, uint64_t, SUM, ADD)

DEFINE_RUNS(float, add_float)
DEFINE_RUNS(double, add_double)

#if defined(__x86_64__)
#define BMI2 __attribute__((target("avx2,bmi2")))
#define DEFINE_RUNS_BMI2(SUM, ADD)                                                      \
    DEFINE_RUN(narrow_bmi2_##SUM, BMI2, walk_narrow_bmi2, uint32_t, SUM, ADD)           \
    DEFINE_RUN(sets_bmi2_##SUM, BMI2, walk_sets_bmi2, uint32_t, SUM, ADD)               \
    DEFINE_RUN(wide_bmi2_##SUM, BMI2, walk_wide_bmi2, uint64_t, SUM, ADD)

DEFINE_RUNS_BMI2(float, add_float)
DEFINE_RUNS_BMI2(double, add_double)
#define PICK(FORM, SUM) (level == VENCEJO_CPU_PORTABLE ? FORM##_##SUM : FORM##_bmi2_##SUM)
#else
#define PICK(FORM, SUM) FORM##_##SUM
#endif

#define DISPATCH(SUM)                                                                                        \
    (void)level;                                                                                             \
    switch (forest->node_form) {                                                                             \
    case VENCEJO_NODES_NARROW:                                                                               \
        PICK(narrow, SUM)(forest, keys, stride, row_count, numbers, column_count, scores);                   \
        break;                                                                                               \
    case VENCEJO_NODES_SETS:                                                                                 \
        PICK(sets, SUM)(forest, keys, stride, row_count, numbers, column_count, scores);                     \
        break;                                                                                               \
    case VENCEJO_NODES_WIDE:                                                                                 \
        PICK(wide, SUM)(forest, keys, stride, row_count, numbers, column_count, scores);                     \
        break;                                                                                               \
    }

void vencejo_packed_forest_float(
    vencejo_cpu_level level, const vencejo_packed_forest *forest, const void *keys, size_t stride, size_t row_count,
    float *scores) {
    const double *numbers = 0;
    const size_t column_count = 0;
    DISPATCH(float)
}

void vencejo_packed_forest_double(
    vencejo_cpu_level level, const vencejo_packed_forest *forest, const void *keys, size_t stride, size_t row_count,
    const double *numbers, size_t column_count, double *scores) {
    DISPATCH(double)
}
