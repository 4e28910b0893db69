#include "CKernels.h"

#include <math.h>
#include <string.h>

static uint64_t word(const uint8_t *from) {
    uint64_t value;
    memcpy(&value, from, sizeof(value));
    return value;
}

static uint64_t half_word(const uint8_t *from) {
    uint32_t value;
    memcpy(&value, from, sizeof(value));
    return value;
}

static uint64_t mixed(uint64_t left, uint64_t right) {
    const unsigned __int128 product = (unsigned __int128)left * right;
    return (uint64_t)product ^ (uint64_t)(product >> 64);
}

static inline __attribute__((always_inline)) uint64_t text_key(
    const uint8_t *text, size_t length, uint64_t *first, uint64_t *last
) {
    *last = 0;
    if (length >= 8) {
        *first = word(text);
        *last = word(text + length - 8);
    } else if (length >= 4) {
        *first = half_word(text) | half_word(text + length - 4) << 32;
    } else if (length > 0) {
        *first = text[0] | (uint64_t)text[length / 2] << 8 | (uint64_t)text[length - 1] << 16;
    } else {
        *first = 0;
    }
    uint64_t hash = mixed(*first ^ 0x9e3779b97f4a7c15, *last ^ 0xd6e8feb86659fd93 ^ length);
    for (size_t offset = 8; offset + 8 < length; offset += 8)
        hash = mixed(hash ^ word(text + offset), 0xa0761d6478bd642f);
    return mixed(hash, 0xe7037ed1a0b428db);
}

static inline __attribute__((always_inline)) uint64_t number_key(double number, uint64_t *first) {
    // Both zeros are one.
    const double plain = number + 0.0;
    memcpy(first, &plain, sizeof(plain));
    return mixed(*first ^ 0x9e3779b97f4a7c15, 0xd6e8feb86659fd93);
}

void vencejo_text_key(const uint8_t *text, size_t length, vencejo_category *key, uint64_t *hash) {
    *hash = text_key(text, length, &key->first, &key->last);
    key->length = (uint32_t)length;
}

void vencejo_number_key(double number, vencejo_category *key, uint64_t *hash) {
    *hash = number_key(number, &key->first);
    key->last = 0;
    key->length = 0;
}

static inline __attribute__((always_inline)) int32_t is_missing(const vencejo_column *column, size_t row) {
    return column->missing[row * column->missing_stride] >> column->missing_bit & 1;
}

static inline __attribute__((always_inline)) void find_texts(
    const vencejo_categories *table, const vencejo_column *column, const uint8_t *arena, size_t arena_count,
    size_t row_count, int32_t *found
) {
    const vencejo_category *places = table->places;
    const uint64_t mask = table->mask;
    for (size_t row = 0; row < row_count; row++) {
        if (is_missing(column, row)) {
            found[row] = table->missing;
            continue;
        }
        const uint64_t slot = column->slots[row * column->stride];
        const size_t offset = slot >> 32;
        const size_t length = slot & 0xffffffff;
        int32_t category = table->unknown;
        if (offset + length <= arena_count) {
            const uint8_t *text = arena + offset;
            uint64_t first, last;
            uint64_t place = text_key(text, length, &first, &last) & mask;
            for (; places[place].category >= 0; place = (place + 1) & mask) {
                const vencejo_category *known = &places[place];
                if (known->first != first || known->last != last || known->length != length) continue;
                if (length > 16 && memcmp(table->texts + known->start, text, length) != 0) continue;
                category = known->category;
                break;
            }
        }
        found[row] = category;
    }
}

void vencejo_find_texts(
    const vencejo_categories *table, const vencejo_column *column, const uint8_t *arena, size_t arena_count,
    size_t row_count, int32_t *found
) {
    find_texts(table, column, arena, arena_count, row_count, found);
}

void vencejo_find_numbers(
    const vencejo_categories *table, const vencejo_column *column, size_t row_count, int32_t *found
) {
    const vencejo_category *places = table->places;
    const uint64_t mask = table->mask;
    for (size_t row = 0; row < row_count; row++) {
        const uint64_t slot = column->slots[row * column->stride];
        double number;
        if (column->is_integer) number = (double)(int64_t)slot;
        else memcpy(&number, &slot, sizeof(number));
        if ((column->missing != NULL && is_missing(column, row)) || number != number) {
            found[row] = table->missing;
            continue;
        }
        uint64_t first;
        uint64_t place = number_key(number, &first) & mask;
        int32_t category = table->unknown;
        for (; places[place].category >= 0; place = (place + 1) & mask) {
            if (places[place].first != first) continue;
            category = places[place].category;
            break;
        }
        found[row] = category;
    }
}

// The rows of weights for a column's categories.
static inline __attribute__((always_inline)) void find_rows(
    const vencejo_encoding *encoding, const vencejo_records *records, size_t row_count, int32_t *found
) {
    const vencejo_column column = {
        records->slots + encoding->column, records->stride,
        encoding->cells == VENCEJO_DOUBLES ? NULL : records->missing + encoding->column / 64, records->missing_stride,
        encoding->column % 64, encoding->cells == VENCEJO_INTEGERS};
    if (encoding->cells == VENCEJO_TEXTS)
        find_texts(&encoding->table, &column, records->arena, records->arena_count, row_count, found);
    else
        vencejo_find_numbers(&encoding->table, &column, row_count, found);
}

uint64_t vencejo_linear_run(
    const vencejo_linear *model, const vencejo_records *records, size_t row_count, double *centred, double *scores,
    int32_t *refused_by, uint64_t *has_nan
) {
    vencejo_linear_numbers(model->level, model, records, row_count, centred, scores);
    const size_t outputs = model->outputs;
    uint64_t refused = 0;
    int32_t found[64];
    for (size_t index = 0; index < model->encoding_count; index++) {
        const vencejo_encoding *encoding = &model->encodings[index];
        find_rows(encoding, records, row_count, found);
        for (size_t row = 0; row < row_count; row++) {
            if (found[row] < 0) {
                if (!(refused >> row & 1)) refused_by[row] = (int32_t)index;
                refused |= (uint64_t)1 << row;
                continue;
            }
            const double *weights = encoding->weights + (size_t)found[row] * outputs;
            double *target = scores + row * outputs;
            for (size_t output = 0; output < outputs; output++) target[output] += weights[output];
        }
    }
    uint64_t nan_rows = 0;
    for (size_t row = 0; row < row_count; row++)
        nan_rows |= (uint64_t)(scores[row * outputs] != scores[row * outputs]) << row;
    *has_nan = nan_rows;
    return refused;
}
