#include "ranked_kernels.h"

#if defined(__aarch64__)

#include <arm_neon.h>

#define RANKED(name) name##_neon
#define RANKED_TARGET
#define RANKED_HAS_SHUFFLE 1
#define RANKED_HERE static inline __attribute__((always_inline))

RANKED_HERE unsigned ranked_count_16(const float *thresholds, float number, int right_if_equal) {
    float32x4_t numbers = vdupq_n_f32(number);
    uint32x4_t passed[4];
    for (int index = 0; index < 4; index++) {
        float32x4_t four = vld1q_f32(thresholds + 4 * index);
        passed[index] = right_if_equal ? vcleq_f32(four, numbers) : vcltq_f32(four, numbers);
    }
    // All bits are minus one.
    uint32x4_t sum = vaddq_u32(vaddq_u32(passed[0], passed[1]), vaddq_u32(passed[2], passed[3]));
    return 0 - vaddvq_u32(sum);
}

RANKED_HERE unsigned ranked_count_8(const float *thresholds, float number, int right_if_equal) {
    float32x4_t numbers = vdupq_n_f32(number);
    float32x4_t low = vld1q_f32(thresholds);
    float32x4_t high = vld1q_f32(thresholds + 4);
    uint32x4_t sum = right_if_equal ? vaddq_u32(vcleq_f32(low, numbers), vcleq_f32(high, numbers))
                                    : vaddq_u32(vcltq_f32(low, numbers), vcltq_f32(high, numbers));
    // All bits are minus one.
    return 0 - vaddvq_u32(sum);
}

// One look-up reaches all 64 slots, which are encoded as they are.
typedef int8x16x4_t ranked_table;

RANKED_HERE ranked_table ranked_load_table(const int8_t *ranks) {
    ranked_table table = {{vld1q_s8(ranks), vld1q_s8(ranks + 16), vld1q_s8(ranks + 32), vld1q_s8(ranks + 48)}};
    return table;
}

RANKED_HERE uint8x16_t ranked_decide_16(const uint8_t *slots, const uint8_t *ranks, ranked_table table) {
    return vcgtq_s8(vqtbl4q_s8(table, vld1q_u8(slots)), vreinterpretq_s8_u8(vld1q_u8(ranks)));
}

// A bit for each byte: its own of eight is kept, and neighbours are added three times.
RANKED_HERE uint64_t ranked_bits(uint8x16_t a, uint8x16_t b, uint8x16_t c, uint8x16_t d) {
    const uint8x16_t bits = {1, 2, 4, 8, 16, 32, 64, 128, 1, 2, 4, 8, 16, 32, 64, 128};
    uint8x16_t low = vpaddq_u8(vandq_u8(a, bits), vandq_u8(b, bits));
    uint8x16_t high = vpaddq_u8(vandq_u8(c, bits), vandq_u8(d, bits));
    uint8x16_t all = vpaddq_u8(low, high);
    return vgetq_lane_u64(vreinterpretq_u64_u8(vpaddq_u8(all, all)), 0);
}

RANKED_HERE uint64_t ranked_decide_64(const uint8_t *tile, ranked_table table, int has_few_slots) {
    (void)has_few_slots;
    return ranked_bits(
        ranked_decide_16(tile, tile + 64, table), ranked_decide_16(tile + 16, tile + 80, table),
        ranked_decide_16(tile + 32, tile + 96, table), ranked_decide_16(tile + 48, tile + 112, table));
}

RANKED_HERE uint32_t ranked_decide_32(const uint8_t *tile, ranked_table table, int has_few_slots) {
    (void)has_few_slots;
    uint8x16_t zero = vdupq_n_u8(0);
    return (uint32_t)ranked_bits(
        ranked_decide_16(tile, tile + 32, table), ranked_decide_16(tile + 16, tile + 48, table), zero, zero);
}

RANKED_HERE void ranked_leaves_of_8(
    const uint8_t *block, ranked_table table, const ranked_table *copies, const uint8_t *missing_left, size_t planes,
    int has_few_slots, uint32_t *leaves) {
    (void)has_few_slots;
    uint8x16_t excluded[8][2];
    for (size_t plane = 0; plane < planes; plane++)
        for (size_t half = 0; half < 2; half++) excluded[plane][half] = vdupq_n_u8(0);
    for (size_t four = 0; four < 2 * planes; four++) {
        uint8x16_t right[2];
        for (size_t half = 0; half < 2; half++) {
            const uint8_t *slots = block + 16 * half;
            right[half] = ranked_decide_16(slots, slots + 32, table);
            if (copies) {
                uint8x16_t left = vld1q_u8(missing_left + 32 * four + 16 * half);
                right[half] = vbslq_u8(left, right[half], ranked_decide_16(slots, slots + 32, *copies));
            }
        }
        block += 64;
        for (size_t plane = 0; plane <= four / 2; plane++, block += 32)
            for (size_t half = 0; half < 2; half++)
                excluded[plane][half] = vorrq_u8(
                    excluded[plane][half], vandq_u8(right[half], vld1q_u8(block + 16 * half)));
    }
    uint64_t sets[8] = {0};
    for (size_t plane = 0; plane < planes; plane++) {
        uint32_t words[8];
        vst1q_u8((uint8_t *)words, excluded[plane][0]);
        vst1q_u8((uint8_t *)(words + 4), excluded[plane][1]);
        for (size_t tree = 0; tree < 8; tree++) {
            uint32_t word = words[tree] | words[tree] >> 16;
            sets[tree] |= (uint64_t)((word | word >> 8) & 255) << 8 * plane;
        }
    }
    for (size_t tree = 0; tree < 8; tree++) leaves[tree] = (uint32_t)__builtin_ctzll(~sets[tree]);
}

#include "ranked_lanes16.h"

#include "ranked_body.h"

#endif
