// The search's first pass, written once over vectors of int32 and compiled for each level: INTEGERS lanes, NAME(x),
// PAIRS(a, b) (products of 16-bit halves, summed in pairs) and ANY(mask) come from the file that includes this one.

#include "CKernels.h"
#include "search.h"

#ifndef INLINE
#define INLINE static inline __attribute__((always_inline))
#define UNROLL _Pragma("clang loop unroll(full)")
#endif

typedef int32_t integers __attribute__((vector_size(INTEGERS * 4), may_alias));
typedef int32_t loose_integers __attribute__((vector_size(INTEGERS * 4), aligned(4), may_alias));

enum { SEARCH_PARTS = VENCEJO_SEARCH_PANEL / INTEGERS };

INLINE integers repeated(int32_t value) {
    integers result;
    UNROLL
    for (int lane = 0; lane < INTEGERS; lane++) result[lane] = value;
    return result;
}

// Looks at `panels` panels for `rows` rows.
INLINE void look(
    const vencejo_search *search, const int rows, const int panels, size_t panel, size_t pair_count,
    const int32_t *const *grid, vencejo_search_row *states
) {
    integers total[VENCEJO_SEARCH_ROWS][2 * SEARCH_PARTS];
    const int32_t *halves = search->halves + panel * VENCEJO_SEARCH_PANEL;
    UNROLL
    for (int part = 0; part < panels * SEARCH_PARTS; part++) {
        integers start = -*(const loose_integers *)(halves + part * INTEGERS);
        UNROLL
        for (int row = 0; row < rows; row++) total[row][part] = start;
    }
    const int16_t *points = search->points + panel * pair_count * VENCEJO_SEARCH_PANEL * 2;
    for (size_t pair = 0; pair < pair_count; pair++) {
        integers y[2 * SEARCH_PARTS];
        UNROLL
        for (int part = 0; part < panels * SEARCH_PARTS; part++)
            y[part] = *(const loose_integers *)(points
                + (((part / SEARCH_PARTS) * pair_count + pair) * VENCEJO_SEARCH_PANEL + part % SEARCH_PARTS * INTEGERS)
                    * 2);
        UNROLL
        for (int row = 0; row < rows; row++) {
            integers x = repeated(grid[row][pair]);
            UNROLL
            for (int part = 0; part < panels * SEARCH_PARTS; part++) total[row][part] += PAIRS(y[part], x);
        }
    }
    UNROLL
    for (int row = 0; row < rows; row++) {
        integers threshold = repeated(states[row].threshold);
        integers any = total[row][0] > threshold;
        UNROLL
        for (int part = 1; part < panels * SEARCH_PARTS; part++) any |= total[row][part] > threshold;
        if (!ANY(any)) continue;
        int32_t similarities[2 * VENCEJO_SEARCH_PANEL];
        UNROLL
        for (int part = 0; part < panels * SEARCH_PARTS; part++)
            *(loose_integers *)(similarities + part * INTEGERS) = total[row][part];
        vencejo_search_note(
            search, &states[row], panel * VENCEJO_SEARCH_PANEL, similarities, panels * VENCEJO_SEARCH_PANEL);
    }
}

// Whether `rows` rows are left from the first on: they have then looked at all points, `panels` panels at a time, and
// the first of the others is next.
INLINE int go_over(
    const vencejo_search *search, const int rows, const int panels, size_t pair_count, size_t panel_count,
    size_t *first, size_t row_count, const int32_t *const *grid, vencejo_search_row *states
) {
    if (row_count - *first < (size_t)rows) return 0;
    size_t panel = 0;
    for (; panel + panels <= panel_count; panel += panels)
        look(search, rows, panels, panel, pair_count, grid + *first, states + *first);
    if (panel < panel_count) look(search, rows, 1, panel, pair_count, grid + *first, states + *first);
    *first += rows;
    return 1;
}

void NAME(scan)(
    const vencejo_search *search, size_t row_count, const int32_t *const *grid, vencejo_search_row *states
) {
    const size_t pair_count = (search->width + 1) / 2;
    const size_t panel_count = (search->count + VENCEJO_SEARCH_PANEL - 1) / VENCEJO_SEARCH_PANEL;
    size_t row = 0;
    while (go_over(search, VENCEJO_SEARCH_ROWS, 1, pair_count, panel_count, &row, row_count, grid, states)) {}
    while (go_over(search, 2, 2, pair_count, panel_count, &row, row_count, grid, states)) {}
    while (go_over(search, 1, 2, pair_count, panel_count, &row, row_count, grid, states)) {}
}
