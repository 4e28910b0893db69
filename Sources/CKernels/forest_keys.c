#include "CKernels.h"

#include <math.h>
#include <string.h>

#pragma STDC FP_CONTRACT OFF

#define INLINE static inline __attribute__((always_inline))

// Adding zero turns -0.0 into 0.0. The bits of a negative number count the wrong way round.
INLINE uint32_t key32(double value) {
    float narrow = (float)value + 0.0f;
    uint32_t bits;
    memcpy(&bits, &narrow, sizeof bits);
    return bits ^ ((uint32_t)((int32_t)bits >> 31) | 0x80000000u);
}

INLINE uint64_t key64(double value) {
    value += 0.0;
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    return bits ^ ((uint64_t)((int64_t)bits >> 63) | 0x8000000000000000u);
}

INLINE uint64_t key64_narrowed(double value) { return key64((double)(float)value); }

INLINE uint32_t scan(const double *row, uint32_t count, int narrows) {
    uint32_t infinite = 0, missing = 0;
    if (narrows) {
        for (uint32_t column = 0; column < count; column++) {
            float narrow = (float)row[column];
            infinite |= fabsf(narrow) == INFINITY;
            missing |= narrow != narrow;
        }
    } else {
        for (uint32_t column = 0; column < count; column++) missing |= row[column] != row[column];
    }
    return (infinite ? VENCEJO_ROW_INFINITE : 0) | (missing ? VENCEJO_ROW_MISSING : 0);
}

// The row of bits for a number of a categorical column.
INLINE uint64_t category_row(
    const vencejo_forest_slots *slots, const vencejo_category_column *column, double value) {
    if (value != value) return 1;
    if (!slots->truncates_codes) {
        if (slots->narrows) value = (double)(float)value;
        if (!(value >= 0 && value < 16777216.0)) return 0;
    } else if (!(value > -1 && value < 2147483648.0)) {
        return 0;
    }
    uint32_t code = (uint32_t)(int32_t)value;
    const uint32_t *codes = slots->codes + column->codes_start;
    if (column->is_direct) return code < column->codes_count ? codes[code] : 0;
    uint32_t low = 0, high = column->codes_count;
    while (low < high) {
        uint32_t middle = (low + high) / 2;
        if (codes[middle] < code) low = middle + 1;
        else high = middle;
    }
    return low < column->codes_count && codes[low] == code ? 2 + low : 0;
}

#define FILL(KEY, MAKE, TEST, SUBSTITUTE)                                                  \
    if (in_order) {                                                                        \
        for (uint32_t index = 0; index < count; index++) {                                 \
            double value = row[index];                                                     \
            KEY made = MAKE(value);                                                        \
            out[index] = (TEST) ? (SUBSTITUTE) : made;                                     \
        }                                                                                  \
    } else {                                                                               \
        for (uint32_t index = 0; index < count; index++) {                                 \
            double value = row[features[index]];                                           \
            KEY made = MAKE(value);                                                        \
            out[index] = (TEST) ? (SUBSTITUTE) : made;                                     \
        }                                                                                  \
    }

#define DEFINE_FILL(NAME, KEY, MAKE)                                                                              \
    INLINE void NAME(                                                                                             \
        const vencejo_forest_slots *slots, const double *restrict row, KEY *restrict out) {                       \
        const uint32_t *features = slots->features;                                                               \
        const double bound = slots->zero_bound;                                                                   \
        for (int kind = 0; kind < VENCEJO_SLOT_KINDS; kind++) {                                                   \
            uint32_t count = slots->counts[kind];                                                                 \
            uint32_t in_order = slots->in_order[kind];                                                            \
            if (count == 0) continue;                                                                             \
            switch (kind) {                                                                                       \
            case VENCEJO_SLOT_MISSING_RIGHT: FILL(KEY, MAKE, value != value, (KEY)-1) break;                      \
            case VENCEJO_SLOT_MISSING_LEFT: FILL(KEY, MAKE, value != value, 0) break;                             \
            case VENCEJO_SLOT_ZERO_RIGHT: FILL(KEY, MAKE, !(fabs(value) > bound), (KEY)-1) break;                 \
            default: FILL(KEY, MAKE, !(fabs(value) > bound), 0) break;                                            \
            }                                                                                                     \
            features += count;                                                                                    \
            out += count;                                                                                         \
        }                                                                                                         \
    }

DEFINE_FILL(fill32, uint32_t, key32)
DEFINE_FILL(fill64, uint64_t, key64)
DEFINE_FILL(fill64_narrowed, uint64_t, key64_narrowed)

#define DEFINE_CATEGORIES(NAME, KEY)                                                          \
    INLINE void NAME(const vencejo_forest_slots *slots, const double *row, KEY *keys) {       \
        const KEY *bits = slots->bits;                                                        \
        for (uint32_t index = 0; index < slots->category_count; index++) {                    \
            const vencejo_category_column *column = slots->categories + index;                \
            uint64_t place = category_row(slots, column, row[column->feature]);               \
            const KEY *words = bits + column->bits_start + place * column->word_count;        \
            KEY *out = keys + column->first_slot;                                             \
            for (uint32_t word = 0; word < column->word_count; word++) out[word] = words[word]; \
        }                                                                                     \
    }

DEFINE_CATEGORIES(categories32, uint32_t)
DEFINE_CATEGORIES(categories64, uint64_t)

INLINE uint32_t keys32(const vencejo_forest_slots *slots, const double *row, uint32_t *keys) {
    keys[0] = 0;
    keys[1] = UINT32_MAX;
    fill32(slots, row, keys + 2);
    categories32(slots, row, keys);
    return scan(row, slots->column_count, 1);
}

INLINE uint32_t keys64(const vencejo_forest_slots *slots, const double *row, uint64_t *keys) {
    keys[0] = 0;
    keys[1] = UINT64_MAX;
    if (slots->narrows) fill64_narrowed(slots, row, keys + 2);
    else fill64(slots, row, keys + 2);
    categories64(slots, row, keys);
    return scan(row, slots->column_count, slots->narrows != 0);
}

#if defined(__x86_64__)
__attribute__((target("avx2"))) static uint32_t keys32_avx2(
    const vencejo_forest_slots *slots, const double *row, uint32_t *keys) {
    return keys32(slots, row, keys);
}

__attribute__((target("avx2"))) static uint32_t keys64_avx2(
    const vencejo_forest_slots *slots, const double *row, uint64_t *keys) {
    return keys64(slots, row, keys);
}
#endif

uint32_t vencejo_forest_keys32(
    vencejo_cpu_level level, const vencejo_forest_slots *slots, const double *row, void *keys) {
#if defined(__x86_64__)
    if (level != VENCEJO_CPU_PORTABLE) return keys32_avx2(slots, row, keys);
#endif
    (void)level;
    return keys32(slots, row, keys);
}

uint32_t vencejo_forest_keys64(
    vencejo_cpu_level level, const vencejo_forest_slots *slots, const double *row, void *keys) {
#if defined(__x86_64__)
    if (level != VENCEJO_CPU_PORTABLE) return keys64_avx2(slots, row, keys);
#endif
    (void)level;
    return keys64(slots, row, keys);
}
