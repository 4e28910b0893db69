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
} vencejo_terms;

// Rows of `terms->count` numbers, from rows of slots that hold doubles.
void vencejo_center(
    vencejo_cpu_level level, const vencejo_terms *terms, const uint64_t *slots, size_t stride, size_t row_count,
    double *output);

// The same for one term, whose column holds 64-bit integers; the numbers stand `output_stride` apart.
void vencejo_center_integers(
    const vencejo_terms *terms, size_t term, const vencejo_column *column, size_t row_count, double *output,
    size_t output_stride);

#endif
