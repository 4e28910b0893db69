// The dense kernels, written once over vectors of LANES doubles and compiled for each level. From the file that
// includes this one come LANES, NAME(x), the size of a block in registers (ROWS rows, or WIDE panels of one row),
// FMA(a, b, c), fused where the processor can, and GREATER(a, b) and LESSER(a, b), which give b where b is NaN.

#include <float.h>
#include <math.h>
#include <string.h>

#include "CKernels.h"

#define INLINE static inline __attribute__((always_inline))
#define UNROLL _Pragma("clang loop unroll(full)")

typedef double vector __attribute__((vector_size(LANES * 8), may_alias));
typedef double loose __attribute__((vector_size(LANES * 8), aligned(8), may_alias));
typedef int64_t bits __attribute__((vector_size(LANES * 8), may_alias));

// Vectors of a panel.
enum { PARTS = VENCEJO_PANEL / LANES };

INLINE vector load(const double *from) { return *(const loose *)from; }
INLINE void store(double *to, vector value) { *(loose *)to = value; }

INLINE vector splat(double value) {
    vector result;
    UNROLL
    for (int lane = 0; lane < LANES; lane++) result[lane] = value;
    return result;
}

// Where the mask is set `yes`, else `no`.
INLINE vector choose(bits mask, vector yes, vector no) {
    return (vector)((mask & (bits)yes) | (~mask & (bits)no));
}

INLINE double lane_sum(vector value) {
    double sum = 0;
    UNROLL
    for (int lane = 0; lane < LANES; lane++) sum += value[lane];
    return sum;
}

// MARK: Exponentials

#define LOG2_E 0x1.71547652b82fep+0
// ln 2 in two parts, the first with 33 bits, so that its product with a small whole number is exact.
#define LN2_HIGH 0x1.62e42fee00000p-1
#define LN2_LOW 0x1.a39ef35793c76p-33
// 1.5 * 2^52: added to a small number, it leaves it rounded to a whole one in the low bits.
#define ROUNDER 0x1.8p52

// x = n ln 2 + r with |r| <= ln 2 / 2: returns e^r - 1, and n in the low bits of `whole`, above those of ROUNDER.
// The polynomial is (e^r - 1 - r) / r^2 at the Chebyshev nodes; its relative error is below 2^-57.
INLINE vector reduced_power(vector x, bits *whole) {
    vector shifted = FMA(x, splat(LOG2_E), splat(ROUNDER));
    *whole = (bits)shifted;
    vector n = shifted - splat(ROUNDER);
    vector r = FMA(n, splat(-LN2_HIGH), x);
    r = FMA(n, splat(-LN2_LOW), r);
    vector square = r * r;
    vector low = FMA(r, splat(0x1.5555555555556p-3), splat(0x1.0000000000001p-1));
    vector middle = FMA(r, splat(0x1.11111111109b3p-7), splat(0x1.5555555553d63p-5));
    vector high = FMA(r, splat(0x1.a01a01a7c41d5p-13), splat(0x1.6c16c1788bd90p-10));
    vector upper = FMA(r, splat(0x1.71de0dae63bb3p-19), splat(0x1.a019b90d2ae7ap-16));
    vector top = FMA(r, splat(0x1.af38a9b0ec855p-26), splat(0x1.289185613a3d6p-22));
    vector fourth = square * square;
    low = FMA(square, middle, low);
    high = FMA(square, upper, high);
    high = FMA(fourth, top, high);
    return FMA(square, FMA(fourth, high, low), r);
}

// e^x within 1 ulp of the true value; underflow is gradual, overflow infinite, and NaN stays.
INLINE vector power(vector x) {
    x = LESSER(splat(710), GREATER(splat(-746), x));
    bits whole;
    vector fraction = reduced_power(x, &whole);
    // 2^n in two factors, for it may be too small or too large for one.
    bits exponent = whole - (0x4338000000000000 - 2046);
    bits half = (bits)((exponent >> 1) & 0x7fffffffffffffff);
    vector result = (splat(1) + fraction) * (vector)(half << 52);
    return result * (vector)((exponent - half) << 52);
}

// tanh x = (e^2|x| - 1) / (e^2|x| + 1) with x's sign; within 2 ulp.
INLINE vector hyperbolic_tangent(vector x) {
    const bits sign = (bits)splat(-0.0);
    vector twice = (vector)((bits)x & ~sign) * splat(2);
    twice = LESSER(splat(45), twice);
    bits whole;
    vector fraction = reduced_power(twice, &whole);
    vector scale = (vector)((whole - (0x4338000000000000 - 1023)) << 52);
    vector less = FMA(scale, fraction, scale - splat(1));
    vector result = less / (less + splat(2));
    // NaN keeps its own way: of it, `twice` and all that follows are NaN.
    return (vector)((bits)result | ((bits)x & sign));
}

INLINE vector function_of(vencejo_function function, vector x) {
    switch (function) {
    case VENCEJO_LOGISTIC: {
        // Never e to a positive power.
        vector p = power((vector)((bits)x | (bits)splat(-0.0)));
        return choose(x >= splat(0), splat(1), p) / (splat(1) + p);
    }
    case VENCEJO_LOGISTIC_ONE_FORM: return splat(1) / (splat(1) + power(-x));
    case VENCEJO_EXP: return power(x);
    case VENCEJO_TANH: return hyperbolic_tangent(x);
    case VENCEJO_RELU: return choose(x < splat(0), splat(0), x);
    }
    return x;
}

INLINE void apply(vencejo_function function, const double *input, size_t count, double *output) {
    size_t index = 0;
    for (; index + LANES <= count; index += LANES) store(output + index, function_of(function, load(input + index)));
    if (index == count) return;
    // By lanes, not through memory: what is stored in parts cannot be loaded at once before it has left the store buffer.
    vector rest = splat(0);
    UNROLL
    for (size_t lane = 0; lane < LANES; lane++)
        if (index + lane < count) rest[lane] = input[index + lane];
    rest = function_of(function, rest);
    UNROLL
    for (size_t lane = 0; lane < LANES; lane++)
        if (index + lane < count) output[index + lane] = rest[lane];
}

void NAME(apply)(vencejo_function function, const double *input, size_t count, double *output) {
    switch (function) {
    case VENCEJO_LOGISTIC: apply(VENCEJO_LOGISTIC, input, count, output); break;
    case VENCEJO_LOGISTIC_ONE_FORM: apply(VENCEJO_LOGISTIC_ONE_FORM, input, count, output); break;
    case VENCEJO_EXP: apply(VENCEJO_EXP, input, count, output); break;
    case VENCEJO_TANH: apply(VENCEJO_TANH, input, count, output); break;
    case VENCEJO_RELU: apply(VENCEJO_RELU, input, count, output); break;
    }
}

void NAME(probabilities)(const double *restrict scores, size_t count, double *restrict output) {
    for (size_t index = 0; index < count; index += LANES) {
        vector score = splat(0);
        if (index + LANES <= count) {
            score = load(scores + index);
        } else {
            UNROLL
            for (size_t lane = 0; lane < LANES; lane++)
                if (index + lane < count) score[lane] = scores[index + lane];
        }
        const vector second = function_of(VENCEJO_LOGISTIC, score);
        const vector first = splat(1) - second;
        UNROLL
        for (size_t lane = 0; lane < LANES; lane++) {
            if (index + lane >= count) break;
            output[2 * (index + lane)] = first[lane];
            output[2 * (index + lane) + 1] = second[lane];
        }
    }
}

void NAME(softmax)(const double *input, size_t row_count, size_t width, double *output) {
    for (size_t row = 0; row < row_count; row++) {
        const double *from = input + row * width;
        double *to = output + row * width;
        double maximum = from[0];
        for (size_t index = 1; index < width; index++)
            if (from[index] > maximum) maximum = from[index];
        for (size_t index = 0; index < width; index++) to[index] = from[index] - maximum;
    }
    apply(VENCEJO_EXP, output, row_count * width, output);
    for (size_t row = 0; row < row_count; row++) {
        double *to = output + row * width;
        double sum = 0;
        for (size_t index = 0; index < width; index++) sum += to[index];
        for (size_t index = 0; index < width; index++) to[index] /= sum;
    }
}

// ln of the sum of e^x over each row: the maximum comes out of the sum, unless it is infinite.
void NAME(log_sums)(const double *input, size_t row_count, size_t width, double *output) {
    for (size_t row = 0; row < row_count; row++) {
        const double *from = input + row * width;
        double maximum = from[0];
        for (size_t index = 1; index < width; index++)
            if (from[index] > maximum) maximum = from[index];
        output[row] = maximum;
        if (!(fabs(maximum) <= DBL_MAX)) continue;
        double sum = 0;
        for (size_t index = 0; index < width; index += 64) {
            double powers[64];
            const size_t count = width - index < 64 ? width - index : 64;
            for (size_t place = 0; place < count; place++) powers[place] = from[index + place] - maximum;
            apply(VENCEJO_EXP, powers, count, powers);
            for (size_t place = 0; place < count; place++) sum += powers[place];
        }
        output[row] = maximum + log(sum);
    }
}

// e^x for x <= 0; 0 or nearly so below -708, where `power` still gives the denormals.
INLINE vector decay(vector x) {
    x = GREATER(splat(-708), x);
    bits whole;
    vector fraction = reduced_power(x, &whole);
    vector scale = (vector)((whole - (0x4338000000000000 - 1023)) << 52);
    return FMA(scale, fraction, scale);
}

// The same within 2^-48 of the greater of it and 2^-60, by a polynomial that is a degree shorter; x may be above 0 by
// what it was rounded.
INLINE vector near_decay(vector x) {
    x = GREATER(splat(-708), x);
    vector shifted = FMA(x, splat(LOG2_E), splat(ROUNDER));
    vector r = FMA(shifted - splat(ROUNDER), splat(-0x1.62e42fefa39efp-1), x);
    vector square = r * r;
    vector low = FMA(r, splat(0x1.5555555553b78p-3), splat(0x1.0000000000000p-1));
    vector middle = FMA(r, splat(0x1.1111111c478ebp-7), splat(0x1.5555555554cb7p-5));
    vector high = FMA(r, splat(0x1.a019ada3609f3p-13), splat(0x1.6c16c1738ff55p-10));
    vector upper = FMA(r, splat(0x1.72c72ca338df0p-19), splat(0x1.a019c9a5652d3p-16));
    vector fourth = square * square;
    low = FMA(square, middle, low);
    high = FMA(square, upper, high);
    high = FMA(fourth, splat(0x1.2880411bad1aap-22), high);
    vector fraction = FMA(square, FMA(fourth, high, low), r);
    vector scale = (vector)(((bits)shifted - (0x4338000000000000 - 1023)) << 52);
    return FMA(scale, fraction, scale);
}

// MARK: Sums over columns

INLINE vector add_term(vencejo_sum sum, vector x, const double *panel, size_t weights, vector total) {
    vector y = load(panel);
    switch (sum) {
    case VENCEJO_SUM_PRODUCTS: return FMA(x, y, total);
    case VENCEJO_SUM_SQUARES: {
        vector difference = x - y;
        return FMA(difference, difference, total);
    }
    case VENCEJO_SUM_MAGNITUDES: return total + (vector)((bits)(x - y) & ~(bits)splat(-0.0));
    case VENCEJO_SUM_WEIGHTED_SQUARES: {
        vector difference = x - y;
        return FMA(difference * difference, load(panel + weights), total);
    }
    }
    return total;
}

// How far ahead of a sum its panels are fetched, in numbers.
enum { PANELS_AHEAD = 768 };

// A block of `rows` rows and `panels` panels; the sums go to `output`, row by row.
INLINE void block(
    vencejo_sum sum, const int rows, const int panels, const double *input, size_t width, const double *panel,
    size_t panel_stride, double *output, size_t output_stride
) {
    vector total[ROWS][WIDE * PARTS];
    UNROLL
    for (int row = 0; row < rows; row++) {
        UNROLL
        for (int part = 0; part < panels * PARTS; part++) total[row][part] = splat(0);
    }
    for (size_t column = 0; column < width; column++) {
        UNROLL
        for (int row = 0; row < rows; row++) {
            vector x = splat(input[row * width + column]);
            UNROLL
            for (int part = 0; part < panels * PARTS; part++) {
                const double *from =
                    panel + (part / PARTS) * panel_stride + column * VENCEJO_PANEL + (part % PARTS) * LANES;
                // One row alone waits for the panels, which often lie beyond the second cache.
                if (rows == 1 && panels > 1 && part % PARTS == 0) __builtin_prefetch(from + PANELS_AHEAD);
                total[row][part] = add_term(sum, x, from, width * VENCEJO_PANEL, total[row][part]);
            }
        }
    }
    UNROLL
    for (int row = 0; row < rows; row++) {
        UNROLL
        for (int part = 0; part < panels * PARTS; part++)
            store(output + row * output_stride + part * LANES, total[row][part]);
    }
}

// Whole panels into `output`.
INLINE void sum_panels(
    vencejo_sum sum, const double *input, size_t row_count, size_t width, const double *panels, size_t panel_count,
    double *output, size_t output_stride
) {
    const size_t stride = (sum == VENCEJO_SUM_WEIGHTED_SQUARES ? 2 : 1) * width * VENCEJO_PANEL;
    size_t row = 0;
    for (; row + ROWS <= row_count; row += ROWS) {
        const double *from = input + row * width;
        double *to = output + row * output_stride;
        for (size_t panel = 0; panel < panel_count; panel++)
            block(sum, ROWS, 1, from, width, panels + panel * stride, stride, to + panel * VENCEJO_PANEL,
                  output_stride);
    }
    for (; row < row_count; row++) {
        const double *from = input + row * width;
        double *to = output + row * output_stride;
        size_t panel = 0;
        for (; panel + WIDE <= panel_count; panel += WIDE)
            block(sum, 1, WIDE, from, width, panels + panel * stride, stride, to + panel * VENCEJO_PANEL,
                  output_stride);
        for (; panel < panel_count; panel++)
            block(sum, 1, 1, from, width, panels + panel * stride, stride, to + panel * VENCEJO_PANEL, output_stride);
    }
}

static void sums(
    vencejo_sum sum, const double *input, size_t row_count, size_t width, const double *panels, size_t panel_count,
    double *output, size_t output_stride
) {
    switch (sum) {
    case VENCEJO_SUM_PRODUCTS:
        sum_panels(VENCEJO_SUM_PRODUCTS, input, row_count, width, panels, panel_count, output, output_stride);
        break;
    case VENCEJO_SUM_SQUARES:
        sum_panels(VENCEJO_SUM_SQUARES, input, row_count, width, panels, panel_count, output, output_stride);
        break;
    case VENCEJO_SUM_MAGNITUDES:
        sum_panels(VENCEJO_SUM_MAGNITUDES, input, row_count, width, panels, panel_count, output, output_stride);
        break;
    case VENCEJO_SUM_WEIGHTED_SQUARES:
        sum_panels(VENCEJO_SUM_WEIGHTED_SQUARES, input, row_count, width, panels, panel_count, output, output_stride);
        break;
    }
}

// MARK: Measures

INLINE vector finished(const vencejo_measure *measure, vencejo_finish finish, vector value) {
    switch (finish) {
    case VENCEJO_KEEP: return value;
    case VENCEJO_ROOT: {
        UNROLL
        for (int lane = 0; lane < LANES; lane++) value[lane] = __builtin_sqrt(value[lane]);
        return value;
    }
    case VENCEJO_DECAY: return decay(splat(-measure->gamma) * value);
    case VENCEJO_NEAR_DECAY: return near_decay(value);
    case VENCEJO_POWER: {
        vector base = splat(measure->gamma) * value + splat(measure->offset);
        vector result = splat(1);
        for (int count = 0; count < measure->degree; count++) result *= base;
        return result;
    }
    case VENCEJO_TANH_OF: return hyperbolic_tangent(splat(measure->gamma) * value + splat(measure->offset));
    }
    return value;
}

INLINE void finish_each(const vencejo_measure *measure, vencejo_finish finish, double *values, size_t count) {
    for (size_t index = 0; index < count; index += LANES)
        store(values + index, finished(measure, finish, load(values + index)));
}

// Turns sums into measures, in whole panels.
static void finish_panels(const vencejo_measure *measure, double *values, size_t count) {
    switch (measure->finish) {
    case VENCEJO_KEEP: break;
    case VENCEJO_ROOT: finish_each(measure, VENCEJO_ROOT, values, count); break;
    case VENCEJO_DECAY: finish_each(measure, VENCEJO_DECAY, values, count); break;
    case VENCEJO_NEAR_DECAY: finish_each(measure, VENCEJO_NEAR_DECAY, values, count); break;
    case VENCEJO_POWER: finish_each(measure, VENCEJO_POWER, values, count); break;
    case VENCEJO_TANH_OF: finish_each(measure, VENCEJO_TANH_OF, values, count); break;
    }
}

// References whose panels stay in the first cache while the rows pass by, and rows whose values stay there too.
enum { BLOCK_PANELS = 8, BLOCK_ROWS = 4 * ROWS };

void NAME(pairwise)(
    const vencejo_measure *measure, const double *rows, size_t row_count, size_t width, const double *panels,
    size_t references, const double *bias, double *output, size_t output_stride
) {
    const size_t stride = (measure->sum == VENCEJO_SUM_WEIGHTED_SQUARES ? 2 : 1) * width * VENCEJO_PANEL;
    const size_t full = references / VENCEJO_PANEL;
    const size_t rest = references % VENCEJO_PANEL;
    // About 16 KB of panels at a time, which stay in the first cache while the tile's rows pass by.
    const size_t fitting = width < 256 ? 2048 / (VENCEJO_PANEL * (width + 1)) + 1 : 1;
    const size_t step = row_count < ROWS ? full : fitting;
    for (size_t panel = 0; panel < full; panel += step) {
        const size_t count = full - panel < step ? full - panel : step;
        sums(measure->sum, rows, row_count, width, panels + panel * stride, count, output + panel * VENCEJO_PANEL,
             output_stride);
    }
    for (size_t row = 0; row < row_count; row++)
        finish_panels(measure, output + row * output_stride, full * VENCEJO_PANEL);
    if (rest > 0) {
        double last[ROWS * VENCEJO_PANEL];
        for (size_t row = 0; row < row_count; row += ROWS) {
            const size_t count = row_count - row < ROWS ? row_count - row : ROWS;
            sums(measure->sum, rows + row * width, count, width, panels + full * stride, 1, last, VENCEJO_PANEL);
            finish_panels(measure, last, count * VENCEJO_PANEL);
            for (size_t index = 0; index < count; index++)
                memcpy(output + (row + index) * output_stride + full * VENCEJO_PANEL, last + index * VENCEJO_PANEL,
                       rest * sizeof(double));
        }
    }
    if (bias == NULL) return;
    for (size_t row = 0; row < row_count; row++)
        for (size_t index = 0; index < references; index++) output[row * output_stride + index] += bias[index];
}

// Sixteen partial sums, then their sum; the same at every place.
INLINE double dot(const double *left, const double *right, size_t count) {
    vector total[16 / LANES];
    UNROLL
    for (int part = 0; part < 16 / LANES; part++) total[part] = splat(0);
    size_t index = 0;
    for (; index + 16 <= count; index += 16) {
        UNROLL
        for (int part = 0; part < 16 / LANES; part++)
            total[part] = FMA(load(left + index + part * LANES), load(right + index + part * LANES), total[part]);
    }
    for (int part = 0; index + LANES <= count; index += LANES, part++)
        total[part] = FMA(load(left + index), load(right + index), total[part]);
    UNROLL
    for (int part = 1; part < 16 / LANES; part++) total[0] += total[part];
    double sum = lane_sum(total[0]);
    for (; index < count; index++) sum += left[index] * right[index];
    return sum;
}

void NAME(dots)(
    const double *rows, size_t row_count, size_t width, const double *weights, size_t outputs, const double *bias,
    double *output, size_t output_stride
) {
    for (size_t row = 0; row < row_count; row++)
        for (size_t index = 0; index < outputs; index++)
            output[row * output_stride + index] =
                dot(rows + row * width, weights + index * width, width) + (bias == NULL ? 0 : bias[index]);
}

void NAME(expand)(
    const vencejo_measure *measure, const double *rows, size_t row_count, size_t width, const double *panels,
    size_t panel_count, const double *coefficients, const int32_t *targets, size_t target_count, double *sums_of_rows,
    size_t sum_stride
) {
    const size_t stride = (measure->sum == VENCEJO_SUM_WEIGHTED_SQUARES ? 2 : 1) * width * VENCEJO_PANEL;
    double values[BLOCK_ROWS * BLOCK_PANELS * VENCEJO_PANEL];
    for (size_t panel = 0; panel < panel_count; panel += BLOCK_PANELS) {
        const size_t panels_here = panel_count - panel < BLOCK_PANELS ? panel_count - panel : BLOCK_PANELS;
        const size_t count = panels_here * VENCEJO_PANEL;
        for (size_t row = 0; row < row_count; row += BLOCK_ROWS) {
            const size_t rows_here = row_count - row < BLOCK_ROWS ? row_count - row : BLOCK_ROWS;
            sums(measure->sum, rows + row * width, rows_here, width, panels + panel * stride, panels_here, values,
                 count);
            finish_panels(measure, values, rows_here * count);
            for (size_t index = 0; index < rows_here; index++) {
                double *target = sums_of_rows + (row + index) * sum_stride;
                for (size_t place = 0; place < target_count; place++)
                    target[targets[place]] +=
                        dot(values + index * count,
                            coefficients + (place * panel_count + panel) * VENCEJO_PANEL, count);
            }
        }
    }
}

#include "record_body.h"
