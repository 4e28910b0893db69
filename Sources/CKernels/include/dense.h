#ifndef VENCEJO_DENSE_H
#define VENCEJO_DENSE_H

// Dense models over a tile of rows: products with a matrix, kernels and distances to reference points, activations.
// All numbers are float64 but for the search's integers. A row's result is the same to the last bit whatever stands
// beside it: each sum runs in one order, and every lane of a vector computes alike.

#include "CKernels.h"
#include <stddef.h>
#include <stdint.h>

// Columns of a panel: eight rows of a matrix side by side, column by column, as panel[column * 8 + row].
enum { VENCEJO_PANEL = 8 };

// What is summed over the columns of x and of a reference y.
typedef enum {
    VENCEJO_SUM_PRODUCTS = 0,
    // (x - y)^2
    VENCEJO_SUM_SQUARES = 1,
    // |x - y|
    VENCEJO_SUM_MAGNITUDES = 2,
    // (x - y)^2 * w, with a second panel of w behind each one of y.
    VENCEJO_SUM_WEIGHTED_SQUARES = 3,
} vencejo_sum;

// What is made of a sum s.
typedef enum {
    VENCEJO_KEEP = 0,
    VENCEJO_ROOT = 1,
    // e^(-gamma s)
    VENCEJO_DECAY = 2,
    // (gamma s + offset)^degree, degree a small whole number
    VENCEJO_POWER = 3,
    // tanh(gamma s + offset)
    VENCEJO_TANH_OF = 4,
    // e^s of a sum that is not above zero but for rounding, within 2^-48 of the greater of it and 2^-60
    VENCEJO_NEAR_DECAY = 5,
} vencejo_finish;

typedef struct {
    vencejo_sum sum;
    vencejo_finish finish;
    double gamma;
    double offset;
    int degree;
} vencejo_measure;

// Functions of each number for itself.
typedef enum {
    VENCEJO_LOGISTIC = 0,
    VENCEJO_LOGISTIC_ONE_FORM = 1,
    VENCEJO_EXP = 2,
    VENCEJO_TANH = 3,
    VENCEJO_RELU = 4,
} vencejo_function;

// output[r * output_stride + o] = measure(row r, reference o), plus bias[o] unless bias is NULL, for `references`
// references in panels of eight; the last panel is filled up with anything finite. Rows lie `width` apart.
void vencejo_pairwise(
    vencejo_cpu_level level, const vencejo_measure *measure, const double *rows, size_t row_count, size_t width,
    const double *panels, size_t references, const double *bias, double *output, size_t output_stride);

// The same product for a few outputs, whose weights lie row-major [outputs, width], in sixteen partial sums each.
void vencejo_dots(
    vencejo_cpu_level level, const double *rows, size_t row_count, size_t width, const double *weights,
    size_t outputs, const double *bias, double *output, size_t output_stride);

// sums[r * sum_stride + targets[t]] += the sum over all panels' references of measure(row r, reference) *
// coefficients[t * panel_count * 8 + reference]. No reference's value is ever stored for long.
void vencejo_expand(
    vencejo_cpu_level level, const vencejo_measure *measure, const double *rows, size_t row_count, size_t width,
    const double *panels, size_t panel_count, const double *coefficients, const int32_t *targets, size_t target_count,
    double *sums, size_t sum_stride);

// output[i] = function(input[i]); both may be the same.
void vencejo_apply(
    vencejo_cpu_level level, vencejo_function function, const double *input, size_t count, double *output);

// Both probabilities of each score: output[2 i] = 1 - p, output[2 i + 1] = p, its VENCEJO_LOGISTIC. The output is elsewhere.
void vencejo_probabilities(vencejo_cpu_level level, const double *scores, size_t count, double *output);

// Rows of `width` numbers, one after the other, to e^(x - max) over their sum.
void vencejo_softmax(vencejo_cpu_level level, const double *input, size_t row_count, size_t width, double *output);

// ln of the sum of e^x over each row.
void vencejo_log_sums(vencejo_cpu_level level, const double *input, size_t row_count, size_t width, double *output);

// The points of a search, as 16-bit integers on a grid: y is about center + step * point. A point's rest is what the
// grid takes from it; `error` bounds its length for every point, and what rounding adds.
typedef struct {
    // Of every sixteen points two columns side by side: points[((panel * pair_count + pair) * 16 + point) * 2 + half].
    const int16_t *points;
    // Half of a point's squared length, rounded down; padded to whole panels.
    const int32_t *halves;
    // The points themselves, row-major [count, width], and the middle of each column.
    const double *exact;
    const double *center;
    size_t count;
    size_t width;
    // The grid.
    double step;
    double error;
    // Rows are cut off at this number of steps.
    int32_t limit;
    // Neighbours wanted, and candidates that there is room for.
    size_t neighbors;
    size_t candidates_max;
    // Whether distances are given, not their squares.
    int32_t gives_roots;
    // Squared distances that are no farther apart than `slack` times (|x|^2 + largest_square) leave a row open: the
    // library may take either point. 0 where its distances are as exact as ours.
    double slack;
    double largest_square;
} vencejo_search;

enum { VENCEJO_SEARCH_PANEL = 16, VENCEJO_SEARCH_ROWS = 4 };

// int32 and double scratch that `vencejo_nearest` takes.
size_t vencejo_search_integers(const vencejo_search *search);
size_t vencejo_search_doubles(const vencejo_search *search);

// The nearest points of up to 64 rows: their distances in ascending order, then their indices, 2 * neighbors numbers a
// row. Exactly what comparing every point by a sum of squares in the order of the columns gives. Returns a bit for
// each row that it leaves alone: two of the nearest and the next one are as far, there are too many candidates, or a
// number of the row is not finite.
uint64_t vencejo_nearest(
    vencejo_cpu_level level, const vencejo_search *search, const double *rows, size_t row_count, double *output,
    int32_t *integers, double *doubles);

#endif
