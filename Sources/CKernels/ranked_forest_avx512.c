#include "ranked_kernels.h"

// With VENCEJO_SIMDE, instructions are emulated: the logic is tested where no processor has them.
#if defined(__x86_64__) || defined(VENCEJO_SIMDE)

#if defined(VENCEJO_SIMDE)
#define SIMDE_ENABLE_NATIVE_ALIASES
#include <simde/x86/avx512.h>
#define RANKED_TARGET
#else
#include <immintrin.h>
#define RANKED_TARGET \
    __attribute__((target("avx2,fma,bmi,bmi2,popcnt,avx512f,avx512bw,avx512dq,avx512vl,avx512vbmi")))
#endif

#define RANKED(name) name##_avx512
#define RANKED_HAS_SHUFFLE 1
#define RANKED_HERE static inline __attribute__((always_inline)) RANKED_TARGET

RANKED_HERE unsigned ranked_count_16(const float *thresholds, float number, int right_if_equal) {
    __m512 numbers = _mm512_set1_ps(number);
    __m512 sixteen = _mm512_loadu_ps(thresholds);
    __mmask16 passed = right_if_equal ? _mm512_cmp_ps_mask(sixteen, numbers, _CMP_LE_OQ)
                                      : _mm512_cmp_ps_mask(sixteen, numbers, _CMP_LT_OQ);
    return (unsigned)__builtin_popcount((unsigned)passed);
}

RANKED_HERE unsigned ranked_count_8(const float *thresholds, float number, int right_if_equal) {
    __m256 numbers = _mm256_set1_ps(number);
    __m256 eight = _mm256_loadu_ps(thresholds);
    eight = right_if_equal ? _mm256_cmp_ps(eight, numbers, _CMP_LE_OQ) : _mm256_cmp_ps(eight, numbers, _CMP_LT_OQ);
    return (unsigned)__builtin_popcount((unsigned)_mm256_movemask_ps(eight));
}

// One shuffle reaches all 64 slots, which are encoded as they are.
typedef struct {
    __m512i all;
} ranked_table;

RANKED_HERE ranked_table ranked_load_table(const int8_t *ranks) {
    ranked_table table = {_mm512_loadu_si512((const void *)ranks)};
    return table;
}

RANKED_HERE uint64_t ranked_decide_64(const uint8_t *tile, ranked_table table, int has_few_slots) {
    (void)has_few_slots;
    __m512i found = _mm512_permutexvar_epi8(_mm512_loadu_si512((const void *)tile), table.all);
    return (uint64_t)_mm512_cmpgt_epi8_mask(found, _mm512_loadu_si512((const void *)(tile + 64)));
}

// 32 slots and their nodes' ranks: all bits where a node goes right.
RANKED_HERE __m256i ranked_decide_bytes(const uint8_t *tile, ranked_table table) {
    __m512i slots = _mm512_castsi256_si512(_mm256_loadu_si256((const void *)tile));
    __m256i found = _mm512_castsi512_si256(_mm512_permutexvar_epi8(slots, table.all));
    return _mm256_cmpgt_epi8(found, _mm256_loadu_si256((const void *)(tile + 32)));
}

RANKED_HERE uint32_t ranked_decide_32(const uint8_t *tile, ranked_table table, int has_few_slots) {
    (void)has_few_slots;
    return (uint32_t)_mm256_movemask_epi8(ranked_decide_bytes(tile, table));
}

#include "ranked_planes.h"

RANKED_HERE void ranked_leaves_of_8(
    const uint8_t *block, ranked_table table, const ranked_table *copies, const uint8_t *missing_left, size_t planes,
    int has_few_slots, uint32_t *leaves) {
    (void)has_few_slots;
    __m256i excluded[8];
    for (size_t plane = 0; plane < planes; plane++) excluded[plane] = _mm256_setzero_si256();
    for (size_t four = 0; four < 2 * planes; four++) {
        __m256i right = ranked_decide_bytes(block, table);
        if (copies) {
            __m256i left = _mm256_loadu_si256((const void *)(missing_left + 32 * four));
            right = _mm256_blendv_epi8(ranked_decide_bytes(block, *copies), right, left);
        }
        block = ranked_exclude(block + 64, right, four / 2 + 1, excluded);
    }
    ranked_first_left(excluded, planes, leaves);
}

typedef __m512i ranked_lanes;
typedef __mmask64 ranked_decisions;
#define RANKED_LANES 64

RANKED_HERE ranked_lanes ranked_lanes_load(const void *place) { return _mm512_loadu_si512(place); }

RANKED_HERE void ranked_lanes_store(void *place, ranked_lanes lanes) { _mm512_storeu_si512(place, lanes); }

RANKED_HERE ranked_decisions ranked_lanes_decide(const int8_t *ranks, int8_t rank) {
    return _mm512_cmpgt_epi8_mask(ranked_lanes_load(ranks), _mm512_set1_epi8(rank));
}

RANKED_HERE ranked_lanes ranked_lanes_select(ranked_decisions decisions, ranked_lanes left, ranked_lanes right) {
    return _mm512_mask_blend_epi8(decisions, left, right);
}

RANKED_HERE ranked_lanes ranked_lanes_leaf(ranked_decisions decisions, uint8_t base) {
    return _mm512_mask_blend_epi8(decisions, _mm512_set1_epi8((char)base), _mm512_set1_epi8((char)(base + 1)));
}

#include "ranked_body.h"

#endif
