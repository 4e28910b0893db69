#include "search.h"

#include <math.h>
#include <string.h>

// The nearest of many points, exactly.
//
// Let G be the grid's distance between a row and a point, in steps, and e the lengths of what the grid takes from both
// added up: by the triangle inequality the distance d is within step * G +- e. Of the k points with the least G, the
// farthest being at K, none is farther than step * K + e; so that a point which is among the k nearest has G no greater
// than K + 2 e / step. All those are candidates. Their distances are then computed as a plain loop does; its rounding,
// at most (width + 3) * 2^-53 of the square, is in the factor of the threshold. Integers are exact: no sum of the first
// pass rounds. A similarity s = x . y - floor(|y|^2 / 2) gives G^2 = |x|^2 - 2 s, or one less.

#pragma STDC FP_CONTRACT OFF

#define FORMS(name, ...) \
    void vencejo_portable_##name(__VA_ARGS__); \
    void vencejo_avx2_##name(__VA_ARGS__); \
    void vencejo_avx512_##name(__VA_ARGS__); \
    void vencejo_neon_##name(__VA_ARGS__);

FORMS(scan, const vencejo_search *search, size_t row_count, const int32_t *const *grid, vencejo_search_row *states)

static void scan(
    vencejo_cpu_level level, const vencejo_search *search, size_t row_count, const int32_t *const *grid,
    vencejo_search_row *states
) {
#if defined(__x86_64__)
    if (level == VENCEJO_CPU_AVX512) {
        vencejo_avx512_scan(search, row_count, grid, states);
        return;
    }
    if (level == VENCEJO_CPU_AVX2) {
        vencejo_avx2_scan(search, row_count, grid, states);
        return;
    }
#elif defined(__aarch64__)
    if (level == VENCEJO_CPU_NEON) {
        vencejo_neon_scan(search, row_count, grid, states);
        return;
    }
#endif
    (void)level;
    vencejo_portable_scan(search, row_count, grid, states);
}

// Puts a similarity in the place of the heap's first, the least.
static void sift(int32_t *heap, size_t count, int32_t value) {
    size_t place = 0;
    for (;;) {
        size_t child = 2 * place + 1;
        if (child >= count) break;
        if (child + 1 < count && heap[child + 1] < heap[child]) child++;
        if (heap[child] >= value) break;
        heap[place] = heap[child];
        place = child;
    }
    heap[place] = value;
}

static void raise_threshold(vencejo_search_row *row) {
    const int64_t farthest = row->square - 2 * (int64_t)row->heap[0];
    const double distance = sqrt(farthest > 0 ? (double)farthest : 0) * (1 + 1e-9) + row->window;
    const double square = distance * distance * (1 + 1e-9) + 2;
    const double least = floor(((double)row->square - square) / 2) - 1;
    row->threshold = least > (double)row->threshold ? (int32_t)least : row->threshold;
}

// Drops candidates that the threshold has left behind.
static void tidy(vencejo_search_row *row) {
    size_t kept = 0;
    for (size_t index = 0; index < row->candidate_count; index++) {
        if (row->similarities[index] <= row->threshold) continue;
        row->points[kept] = row->points[index];
        row->similarities[kept] = row->similarities[index];
        kept++;
    }
    row->candidate_count = kept;
}

void vencejo_search_note(
    const vencejo_search *search, vencejo_search_row *row, size_t first, const int32_t *similarities, size_t count
) {
    if (row->is_lost) return;
    uint32_t above = 0;
    for (size_t index = 0; index < count; index++) above |= (uint32_t)(similarities[index] > row->threshold) << index;
    if (first + count > search->count) above &= ((uint32_t)1 << (search->count - first)) - 1;
    int32_t is_nearer = 0;
    for (; above != 0; above &= above - 1) {
        const size_t index = (size_t)__builtin_ctz(above);
        const int32_t similarity = similarities[index];
        if (row->candidate_count == search->candidates_max) {
            if (is_nearer) raise_threshold(row);
            tidy(row);
            // Half of the room is left, or tidying up again and again would cost more than the points.
            if (row->candidate_count > search->candidates_max / 2) {
                row->is_lost = 1;
                row->threshold = INT32_MAX;
                return;
            }
        }
        row->points[row->candidate_count] = (int32_t)(first + index);
        row->similarities[row->candidate_count] = similarity;
        row->candidate_count++;
        if (row->heap_count < search->neighbors) {
            // Sifted up.
            size_t place = row->heap_count++;
            while (place > 0 && row->heap[(place - 1) / 2] > similarity) {
                row->heap[place] = row->heap[(place - 1) / 2];
                place = (place - 1) / 2;
            }
            row->heap[place] = similarity;
            is_nearer |= row->heap_count == search->neighbors;
        } else if (similarity > row->heap[0]) {
            sift(row->heap, search->neighbors, similarity);
            is_nearer = 1;
        }
    }
    if (is_nearer) raise_threshold(row);
}

// Squared distances to some points, each summed in the order of the columns; four at a time, for their sums wait for
// each other.
static void squared_distances(
    const double *x, const double *points, const int32_t *indices, size_t count, size_t width, double *output
) {
    size_t index = 0;
    for (; index + 4 <= count; index += 4) {
        const double *a = points + (size_t)indices[index] * width;
        const double *b = points + (size_t)indices[index + 1] * width;
        const double *c = points + (size_t)indices[index + 2] * width;
        const double *d = points + (size_t)indices[index + 3] * width;
        double sums[4] = {0, 0, 0, 0};
        for (size_t column = 0; column < width; column++) {
            const double value = x[column];
            const double first = value - a[column], second = value - b[column];
            const double third = value - c[column], fourth = value - d[column];
            sums[0] += first * first;
            sums[1] += second * second;
            sums[2] += third * third;
            sums[3] += fourth * fourth;
        }
        memcpy(output + index, sums, sizeof(sums));
    }
    for (; index < count; index++) {
        const double *a = points + (size_t)indices[index] * width;
        double sum = 0;
        for (size_t column = 0; column < width; column++) {
            const double difference = x[column] - a[column];
            sum += difference * difference;
        }
        output[index] = sum;
    }
}

// Heap sort, ascending, of points by their distances.
static void sink(double *distances, int32_t *points, size_t place, size_t count) {
    const double distance = distances[place];
    const int32_t point = points[place];
    for (;;) {
        size_t child = 2 * place + 1;
        if (child >= count) break;
        if (child + 1 < count && distances[child + 1] > distances[child]) child++;
        if (!(distances[child] > distance)) break;
        distances[place] = distances[child];
        points[place] = points[child];
        place = child;
    }
    distances[place] = distance;
    points[place] = point;
}

static void sort(double *distances, int32_t *points, size_t count) {
    for (size_t place = count / 2; place-- > 0;) sink(distances, points, place, count);
    for (size_t last = count; last-- > 1;) {
        const double distance = distances[last];
        const int32_t point = points[last];
        distances[last] = distances[0];
        points[last] = points[0];
        distances[0] = distance;
        points[0] = point;
        sink(distances, points, 0, last);
    }
}

// Puts a row on the grid, as pairs of columns. False where a number is not finite.
static int32_t put_on_grid(
    const vencejo_search *search, const double *x, int32_t *grid, vencejo_search_row *row
) {
    double rest_square = 0;
    double magnitudes = 0;
    double length = 0;
    int64_t square = 0;
    const double limit = search->limit;
    for (size_t column = 0; column < search->width; column += 2) {
        int16_t halves[2] = {0, 0};
        for (size_t half = 0; half < 2 && column + half < search->width; half++) {
            const double value = x[column + half];
            const double center = search->center[column + half];
            double steps = (value - center) / search->step;
            if (!(fabs(steps) <= 1e300)) return 0;
            steps = steps < -limit ? -limit : steps > limit ? limit : steps;
            halves[half] = (int16_t)lrint(steps);
            const double rest = value - (center + search->step * halves[half]);
            rest_square += rest * rest;
            length += value * value;
            magnitudes += fabs(value) + fabs(center) + search->step * limit;
            square += (int64_t)halves[half] * halves[half];
        }
        memcpy(grid + column / 2, halves, sizeof(halves));
    }
    // The second term is what rounding hides in the rests.
    const double rest = sqrt(rest_square) * (1 + 1e-9) + 0x1p-50 * magnitudes;
    row->square = square;
    row->slack = search->slack * (length + search->largest_square);
    row->window = (2 * (rest + search->error) + sqrt(row->slack)) / search->step * (1 + 1e-9);
    return row->window <= 1e15;
}

size_t vencejo_search_integers(const vencejo_search *search) {
    return VENCEJO_SEARCH_ROWS * ((search->width + 1) / 2 + search->neighbors + 2 * search->candidates_max);
}

size_t vencejo_search_doubles(const vencejo_search *search) { return search->candidates_max; }

// The exact distances of a row's candidates; 0 where they leave something open.
static int32_t settle(
    const vencejo_search *search, vencejo_search_row *row, const double *x, double *distances, double *output
) {
    const size_t neighbors = search->neighbors;
    tidy(row);
    if (row->is_lost || row->candidate_count < neighbors) return 0;
    squared_distances(x, search->exact, row->points, row->candidate_count, search->width, distances);
    for (size_t index = 0; index < row->candidate_count; index++)
        if (!(distances[index] < INFINITY)) return 0;
    sort(distances, row->points, row->candidate_count);
    for (size_t index = 1; index < row->candidate_count && index <= neighbors; index++)
        if (distances[index] == distances[index - 1]) return 0;
    if (row->slack > 0 && row->candidate_count > neighbors
        && distances[neighbors] - distances[neighbors - 1] <= row->slack)
        return 0;
    for (size_t index = 0; index < neighbors; index++) {
        output[index] = search->gives_roots ? sqrt(distances[index]) : distances[index];
        output[neighbors + index] = row->points[index];
    }
    return 1;
}

uint64_t vencejo_nearest(
    vencejo_cpu_level level, const vencejo_search *search, const double *rows, size_t row_count, double *output,
    int32_t *integers, double *doubles
) {
    const size_t pair_count = (search->width + 1) / 2;
    const size_t room = pair_count + search->neighbors + 2 * search->candidates_max;
    uint64_t open = 0;
    vencejo_search_row states[VENCEJO_SEARCH_ROWS];
    const int32_t *grids[VENCEJO_SEARCH_ROWS];
    size_t places[VENCEJO_SEARCH_ROWS];
    size_t count = 0;
    for (size_t row = 0; row < row_count; row++) {
        int32_t *own = integers + count * room;
        vencejo_search_row *state = &states[count];
        if (put_on_grid(search, rows + row * search->width, own, state)) {
            state->heap = own + pair_count;
            state->points = state->heap + search->neighbors;
            state->similarities = state->points + search->candidates_max;
            state->heap_count = 0;
            state->candidate_count = 0;
            state->threshold = INT32_MIN;
            state->is_lost = 0;
            grids[count] = own;
            places[count] = row;
            count++;
        } else {
            open |= (uint64_t)1 << row;
        }
        if (count < VENCEJO_SEARCH_ROWS && row + 1 < row_count) continue;
        scan(level, search, count, grids, states);
        for (size_t index = 0; index < count; index++) {
            const size_t place = places[index];
            if (!settle(search, &states[index], rows + place * search->width, doubles,
                        output + place * 2 * search->neighbors))
                open |= (uint64_t)1 << place;
        }
        count = 0;
    }
    return open;
}
