// Compares the dense kernels of one level with plain loops, on random shapes. Built by scripts/check-kernels for
// instruction sets that the machine may lack.
//
// Usage: dense_check LEVEL SEED

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "CKernels.h"

static uint64_t state;

static uint64_t next(void) {
    state += 0x9e3779b97f4a7c15;
    uint64_t value = state;
    value = (value ^ value >> 30) * 0xbf58476d1ce4e5b9;
    value = (value ^ value >> 27) * 0x94d049bb133111eb;
    return value ^ value >> 31;
}

static size_t below(size_t bound) { return next() % bound; }
static double number(void) { return (double)(next() >> 11) * 0x1p-51 - 2; }

static double *numbers(size_t count) {
    double *place = malloc((count + 8) * sizeof(double));
    if (!place) exit(2);
    for (size_t index = 0; index < count + 8; index++) place[index] = number();
    return place;
}

static void expect(double found, double expected, double tolerance, const char *what) {
    const double scale = fmax(1, fmax(fabs(found), fabs(expected)));
    if (fabs(found - expected) <= tolerance * scale || found == expected || (isnan(found) && isnan(expected))) return;
    printf("%s: %.17g, not %.17g\n", what, found, expected);
    exit(1);
}

static double measured(const vencejo_measure *measure, const double *x, const double *y, const double *w, size_t width) {
    double sum = 0;
    for (size_t column = 0; column < width; column++) {
        const double difference = x[column] - y[column];
        switch (measure->sum) {
        case VENCEJO_SUM_PRODUCTS: sum += x[column] * y[column]; break;
        case VENCEJO_SUM_SQUARES: sum += difference * difference; break;
        case VENCEJO_SUM_MAGNITUDES: sum += fabs(difference); break;
        case VENCEJO_SUM_WEIGHTED_SQUARES: sum += difference * difference * w[column]; break;
        }
    }
    switch (measure->finish) {
    case VENCEJO_KEEP: return sum;
    case VENCEJO_ROOT: return sqrt(sum);
    case VENCEJO_DECAY: return exp(-measure->gamma * sum);
    case VENCEJO_POWER: return pow(measure->gamma * sum + measure->offset, measure->degree);
    case VENCEJO_NEAR_DECAY: return exp(sum);
    case VENCEJO_TANH_OF: return tanh(measure->gamma * sum + measure->offset);
    }
    return sum;
}

static void check_measures(vencejo_cpu_level level) {
    static const vencejo_sum sums[] = {
        VENCEJO_SUM_PRODUCTS, VENCEJO_SUM_SQUARES, VENCEJO_SUM_MAGNITUDES, VENCEJO_SUM_WEIGHTED_SQUARES,
    };
    static const vencejo_finish finishes[] = {
        VENCEJO_KEEP, VENCEJO_ROOT, VENCEJO_DECAY, VENCEJO_POWER, VENCEJO_TANH_OF, VENCEJO_NEAR_DECAY,
    };
    vencejo_finish finish = finishes[below(6)];
    const int is_near = finish == VENCEJO_NEAR_DECAY;
    const vencejo_sum sum = is_near ? VENCEJO_SUM_PRODUCTS : sums[below(4)];
    if (sum == VENCEJO_SUM_PRODUCTS && (finish == VENCEJO_ROOT || finish == VENCEJO_DECAY)) finish = VENCEJO_KEEP;
    const vencejo_measure measure = {sum, finish, 0.3, 0.1, (int)below(4)};
    const size_t rows = below(20), width = 1 + below(40), count = 1 + below(70), panel_count = (count + 7) / 8;
    const size_t stride = (sum == VENCEJO_SUM_WEIGHTED_SQUARES ? 16 : 8) * width;
    double *x = numbers(rows * width), *y = numbers(count * width), *w = numbers(count * width);
    double *panels = numbers(panel_count * stride), *output = numbers(rows * count), *bias = numbers(count);
    for (size_t index = 0; index < count * width; index++) w[index] = fabs(w[index]);
    if (is_near) {
        // Its sums are not above zero.
        for (size_t index = 0; index < rows * width; index++) x[index] = fabs(x[index]);
        for (size_t index = 0; index < count * width; index++) y[index] = -fabs(y[index]);
    }
    for (size_t place = 0; place < panel_count * 8; place++)
        for (size_t column = 0; column < width; column++) {
            const size_t from = (place < count ? place : count - 1) * width + column;
            double *to = panels + place / 8 * stride + column * 8 + place % 8;
            to[0] = y[from];
            if (sum == VENCEJO_SUM_WEIGHTED_SQUARES) to[8 * width] = w[from];
        }
    vencejo_pairwise(level, &measure, x, rows, width, panels, count, bias, output, count);
    double *coefficients = numbers(2 * panel_count * 8), *totals = numbers(rows * 3);
    for (size_t index = 0; index < 2 * panel_count * 8; index++)
        if (index % (panel_count * 8) >= count) coefficients[index] = 0;
    memset(totals, 0, rows * 3 * sizeof(double));
    const int32_t targets[] = {2, 0};
    vencejo_expand(level, &measure, x, rows, width, panels, panel_count, coefficients, targets, 2, totals, 3);
    for (size_t row = 0; row < rows; row++) {
        double expected[2] = {0, 0};
        for (size_t index = 0; index < count; index++) {
            const double value = measured(&measure, x + row * width, y + index * width, w + index * width, width);
            expect(output[row * count + index], value + bias[index], 1e-12, "measure");
            for (size_t target = 0; target < 2; target++)
                expected[target] += value * coefficients[target * panel_count * 8 + index];
        }
        for (size_t target = 0; target < 2; target++)
            expect(totals[row * 3 + targets[target]], expected[target], 1e-9, "expansion");
    }
    const size_t outputs = count < 6 ? count : 6;
    vencejo_dots(level, x, rows, width, y, outputs, bias, output, count);
    const vencejo_measure product = {VENCEJO_SUM_PRODUCTS, VENCEJO_KEEP, 0, 0, 0};
    for (size_t row = 0; row < rows; row++)
        for (size_t index = 0; index < outputs; index++)
            expect(output[row * count + index],
                   measured(&product, x + row * width, y + index * width, w, width) + bias[index], 1e-12, "dot");
    free(x), free(y), free(w), free(panels), free(output), free(bias), free(coefficients), free(totals);
}

static void check_activations(vencejo_cpu_level level) {
    const size_t rows = 1 + below(5), width = 1 + below(70), count = rows * width;
    double *x = numbers(count), *output = numbers(count), *totals = numbers(rows);
    const double scale = below(2) ? 1 : 300;
    for (size_t index = 0; index < count; index++) x[index] *= scale;
    static const double edges[] = {0, -0.0, INFINITY, -INFINITY, NAN, 710, -746, 709.7, -708.4, -745.1};
    for (int function = 0; function < 5; function++) {
        for (size_t index = 0; index < count; index++)
            if (below(9) == 0) x[index] = edges[below(10)];
        vencejo_apply(level, (vencejo_function)function, x, count, output);
        for (size_t index = 0; index < count; index++) {
            const double value = x[index], small = exp(-fabs(value));
            const double expected[] = {
                value >= 0 ? 1 / (1 + small) : isnan(value) ? NAN : small / (1 + small), 1 / (1 + exp(-value)),
                exp(value), tanh(value), value < 0 ? 0 : value,
            };
            expect(output[index] / fmax(1, fabs(expected[function])), expected[function] / fmax(1, fabs(expected[function])),
                   1e-15, "activation");
        }
    }
    double *pairs = numbers(2 * count);
    vencejo_probabilities(level, x, count, pairs);
    vencejo_apply(level, VENCEJO_LOGISTIC, x, count, output);
    for (size_t index = 0; index < count; index++) {
        expect(pairs[2 * index], 1 - output[index], 0, "first probability");
        expect(pairs[2 * index + 1], output[index], 0, "second probability");
    }
    free(pairs);
    for (size_t index = 0; index < count; index++) x[index] = number() * scale;
    vencejo_log_sums(level, x, rows, width, totals);
    vencejo_softmax(level, x, rows, width, output);
    for (size_t row = 0; row < rows; row++) {
        double greatest = -INFINITY, sum = 0;
        for (size_t index = 0; index < width; index++) greatest = fmax(greatest, x[row * width + index]);
        for (size_t index = 0; index < width; index++) sum += exp(x[row * width + index] - greatest);
        expect(totals[row], greatest + log(sum), 1e-14, "log sum");
        for (size_t index = 0; index < width; index++)
            expect(output[row * width + index], exp(x[row * width + index] - greatest) / sum, 1e-14, "softmax");
    }
    free(x), free(output), free(totals);
}

static void check_search(vencejo_cpu_level level) {
    const size_t width = 1 + below(20), count = 8 + below(200), neighbors = 1 + below(6), rows = 1 + below(9);
    const size_t pair_count = (width + 1) / 2, panel_count = (count + 15) / 16;
    double *exact = numbers(count * width), *x = numbers(rows * width), *center = numbers(width);
    double *output = numbers(rows * 2 * neighbors);
    memset(center, 0, width * sizeof(double));
    double steps = floor(sqrt(0x1p31 / (2.6 * (double)width)));
    if (steps > 16000) steps = 16000;
    const double step = 2 / steps;
    int16_t *points = calloc(panel_count * pair_count * 32, sizeof(int16_t));
    int32_t *halves = calloc(panel_count * 16, sizeof(int32_t));
    double error = 0;
    for (size_t point = 0; point < count; point++) {
        double rest = 0, square = 0;
        for (size_t column = 0; column < width; column++) {
            const double value = exact[point * width + column], on_grid = rint(value / step);
            rest += (value - on_grid * step) * (value - on_grid * step);
            square += on_grid * on_grid;
            points[(point / 16 * pair_count + column / 2) * 32 + point % 16 * 2 + column % 2] = (int16_t)on_grid;
        }
        halves[point] = (int32_t)((int64_t)square / 2);
        error = fmax(error, sqrt(rest) * (1 + 1e-9) + 1e-12);
    }
    const vencejo_search search = {
        points, halves, exact, center, count, width, step, error, (int32_t)(2 * steps), neighbors, 512, 1,
    };
    int32_t *integers = malloc(vencejo_search_integers(&search) * sizeof(int32_t));
    double *doubles = malloc(vencejo_search_doubles(&search) * sizeof(double));
    const uint64_t open = vencejo_nearest(level, &search, x, rows, output, integers, doubles);
    const vencejo_measure squares = {VENCEJO_SUM_SQUARES, VENCEJO_KEEP, 0, 0, 0};
    for (size_t row = 0; row < rows; row++) {
        if (open >> row & 1) {
            printf("the search left a row without ties\n");
            exit(1);
        }
        for (size_t place = 0; place < neighbors; place++) {
            const size_t point = (size_t)output[(row * 2 + 1) * neighbors + place];
            const double distance = measured(&squares, x + row * width, exact + point * width, NULL, width);
            expect(output[row * 2 * neighbors + place], sqrt(distance), 0, "distance");
            size_t nearer = 0;
            for (size_t other = 0; other < count; other++)
                nearer += measured(&squares, x + row * width, exact + other * width, NULL, width) < distance;
            expect((double)nearer, (double)place, 0, "points that are nearer");
        }
    }
    free(exact), free(x), free(center), free(output), free(points), free(halves), free(integers), free(doubles);
}

static void check_records(vencejo_cpu_level level) {
    const size_t count = 1 + below(30), rows = below(9), stride = count + below(4);
    double *slots = numbers(rows * stride), *centers = numbers(count), *missing = numbers(count);
    double *lower = numbers(count), *upper = numbers(count), *output = numbers(rows * count);
    int32_t *columns = malloc(count * sizeof(int32_t));
    const size_t in_order = below(2), bounded = below(2);
    for (size_t index = 0; index < count; index++) {
        columns[index] = (int32_t)(in_order ? index : below(stride));
        upper[index] = lower[index] + fabs(upper[index]);
        if (below(3) == 0) missing[index] = NAN;
    }
    for (size_t index = 0; index < rows * stride; index++)
        if (below(7) == 0) slots[index] = NAN;
    // The last column holds integers, some of them missing.
    const size_t words = (stride + 63) / 64, integer_column = stride - 1;
    uint64_t *bitmap = calloc(rows * words + 1, sizeof(uint64_t));
    int32_t *integer_terms = malloc(count * sizeof(int32_t));
    size_t integer_count = 0;
    for (size_t index = 0; index < count; index++)
        if ((size_t)columns[index] == integer_column) integer_terms[integer_count++] = (int32_t)index;
    for (size_t row = 0; row < rows; row++) {
        const int64_t number = (int64_t)below(2000) - 1000;
        memcpy(&slots[row * stride + integer_column], &number, sizeof(number));
        if (below(4) == 0) bitmap[row * words + integer_column / 64] |= (uint64_t)1 << integer_column % 64;
    }
    const vencejo_terms terms = {
        in_order ? NULL : columns, centers, missing, bounded ? lower : NULL, bounded ? upper : NULL, count,
        integer_terms, integer_count,
    };
    const vencejo_records records = {(const uint64_t *)slots, stride, bitmap, words, NULL, 0};
    vencejo_center(level, &terms, &records, rows, output);
    for (size_t row = 0; row < rows; row++)
        for (size_t index = 0; index < count; index++) {
            double value = slots[row * stride + (size_t)columns[index]];
            if ((size_t)columns[index] == integer_column) {
                int64_t number;
                memcpy(&number, &value, sizeof(number));
                const uint64_t word = bitmap[row * words + integer_column / 64];
                value = word >> integer_column % 64 & 1 ? NAN : (double)number;
            }
            double expected = isnan(value) ? missing[index] : value - centers[index];
            if (bounded && expected < lower[index]) expected = lower[index];
            if (bounded && expected > upper[index]) expected = upper[index];
            expect(output[row * count + index], expected, 0, "centred number");
        }
    // A row is told by NaN in any of its columns.
    const uint64_t found = vencejo_nan_rows(
        level, (const uint64_t *)slots, stride, rows, in_order ? NULL : columns, count);
    for (size_t row = 0; row < rows; row++) {
        uint64_t expected = 0;
        for (size_t index = 0; index < count; index++) expected |= isnan(slots[row * stride + (size_t)columns[index]]);
        expect((double)(found >> row & 1), (double)expected, 0, "a row with NaN");
    }
    free(slots), free(centers), free(missing), free(lower), free(upper), free(output), free(columns);
    free(bitmap), free(integer_terms);
}

int main(int count, char **arguments) {
    if (count != 3) return 2;
    const vencejo_cpu_level level = (vencejo_cpu_level)atoi(arguments[1]);
    state = strtoull(arguments[2], NULL, 10);
    printf("seed %s\n", arguments[2]);
    for (int round = 0; round < 400; round++) {
        check_measures(level);
        check_activations(level);
        check_search(level);
        check_records(level);
    }
    return 0;
}
