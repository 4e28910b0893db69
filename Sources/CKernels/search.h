#ifndef VENCEJO_SEARCH_H
#define VENCEJO_SEARCH_H

#include "CKernels.h"

// A row on its way over the points. A point's similarity is x . y - half(y) on the grid: the greater the nearer.
typedef struct {
    // The row's squared length on the grid.
    int64_t square;
    // What is added to the distance of the farthest of the nearest, in steps, so that no neighbour is missed.
    double window;
    // Squared distances this close may change places in the library.
    double slack;
    // The greatest similarities so far, the least of them first.
    int32_t *heap;
    // What was greater than the threshold of its time.
    int32_t *points;
    int32_t *similarities;
    size_t heap_count;
    size_t candidate_count;
    // Nothing less similar than this, or as similar, can be a neighbour.
    int32_t threshold;
    int32_t is_lost;
} vencejo_search_row;

// Takes those of some points that are above the threshold, and raises it.
void vencejo_search_note(
    const vencejo_search *search, vencejo_search_row *row, size_t first, const int32_t *similarities, size_t count);

#endif
