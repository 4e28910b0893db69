#ifndef VENCEJO_ENCODE_H
#define VENCEJO_ENCODE_H

// A record's columns on their way into a model: categories found in tables, numbers less their centres.

#include "CKernels.h"
#include <stddef.h>
#include <stdint.h>

// One category of a hash table with linear probing, at most half full.
//
// A text of up to 16 bytes is told by its length and two words: its first and last eight bytes, or, below eight, the
// first and last four, or, below four, three of its bytes. A longer one is compared with `texts`, too. A number is its
// bits in the first word, with one zero.
typedef struct {
    uint64_t first;
    uint64_t last;
    uint32_t length;
    // Where a text of more than 16 bytes begins in `texts`.
    uint32_t start;
    // -1 for an empty place.
    int32_t category;
    int32_t unused;
} vencejo_category;

typedef struct {
    const vencejo_category *places;
    // Their count, a power of two, less one.
    uint64_t mask;
    const uint8_t *texts;
    // What a missing and an unknown value count as.
    int32_t missing;
    int32_t unknown;
} vencejo_categories;

// One column of consecutive rows: slots `stride` words apart, and its bit in the rows' missing words; `missing` is NULL
// for doubles, whose missing value is NaN.
typedef struct {
    const uint64_t *slots;
    size_t stride;
    const uint64_t *missing;
    size_t missing_stride;
    uint32_t missing_bit;
    // The slots hold 64-bit integers.
    int32_t is_integer;
} vencejo_column;

// The words of a text's key, and where its search begins.
void vencejo_text_key(const uint8_t *text, size_t length, vencejo_category *key, uint64_t *hash);
void vencejo_number_key(double number, vencejo_category *key, uint64_t *hash);

// The category of each row's text, an offset and a length in `arena` by its slot; or of each row's number.
void vencejo_find_texts(
    const vencejo_categories *table, const vencejo_column *column, const uint8_t *arena, size_t arena_count,
    size_t row_count, int32_t *found);
void vencejo_find_numbers(
    const vencejo_categories *table, const vencejo_column *column, size_t row_count, int32_t *found);

// Consecutive rows: their slots, `stride` words apart, their words of missing bits, and the bytes of their texts.
typedef struct {
    const uint64_t *slots;
    size_t stride;
    const uint64_t *missing;
    size_t missing_stride;
    const uint8_t *arena;
    size_t arena_count;
} vencejo_records;

// What a column's slots hold.
typedef enum { VENCEJO_TEXTS = 0, VENCEJO_DOUBLES = 1, VENCEJO_INTEGERS = 2 } vencejo_cells;

// Numbers of a record, each less its centre; what takes the place of a missing one; and bounds of the rest.
typedef struct {
    // NULL where the terms are the record's first columns in order.
    const int32_t *columns;
    const double *centers;
    const double *missing;
    // Both NULL where there are none.
    const double *lower;
    const double *upper;
    size_t count;
    // Terms whose column holds 64-bit integers.
    const int32_t *integer_terms;
    size_t integer_count;
} vencejo_terms;

// Rows of `terms->count` numbers.
void vencejo_center(
    vencejo_cpu_level level, const vencejo_terms *terms, const vencejo_records *records, size_t row_count,
    double *output);

// A column of categories, each with a row of weights, which `table` finds: a negative one is refused.
typedef struct {
    vencejo_categories table;
    const double *weights;
    uint32_t column;
    vencejo_cells cells;
} vencejo_encoding;

// A linear model over records: `outputs` sums of weighed numbers and categories. The caller has proved that every
// index lies within its table and the records.
typedef struct {
    vencejo_cpu_level level;
    vencejo_terms terms;
    // Row-major [outputs, terms]; or, where the outputs are many, panels as of `vencejo_pairwise`, for `block_rows` rows
    // at a time.
    const double *weights;
    const double *panels;
    size_t block_rows;
    const double *bias;
    size_t outputs;
    const vencejo_encoding *encodings;
    size_t encoding_count;
} vencejo_linear;

// The scores of at most 64 rows, row-major. `centred` has room for the terms of one row, or of a block of them.
// Returns a bit for each row with a category that is refused, and in `refused_by` the first encoding that does; in
// `has_nan` a bit for each row whose first score is NaN.
uint64_t vencejo_linear_run(
    const vencejo_linear *model, const vencejo_records *records, size_t row_count, double *centred, double *scores,
    int32_t *refused_by, uint64_t *has_nan);

// The part of it that is of numbers.
void vencejo_linear_numbers(
    vencejo_cpu_level level, const vencejo_linear *model, const vencejo_records *records, size_t row_count,
    double *centred, double *scores);

// A bit for each of at most 64 rows that has NaN in one of these columns of doubles; NULL for the first `count`.
uint64_t vencejo_nan_rows(
    vencejo_cpu_level level, const uint64_t *slots, size_t stride, size_t row_count, const int32_t *columns,
    size_t count);

#endif
