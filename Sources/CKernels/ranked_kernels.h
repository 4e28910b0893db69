#ifndef VENCEJO_RANKED_KERNELS_H
#define VENCEJO_RANKED_KERNELS_H

#include "include/CKernels.h"

// The forms of `vencejo_ranked_run`, one an instruction set.
typedef vencejo_ranked_rows vencejo_ranked_kernel(
    const vencejo_ranked_forest *forest, const double *rows, size_t row_stride, size_t row_count, void *scratch,
    void *scores);

vencejo_ranked_kernel vencejo_ranked_run_portable;
#if defined(__x86_64__)
vencejo_ranked_kernel vencejo_ranked_run_avx2;
#endif
#if defined(__x86_64__) || defined(VENCEJO_SIMDE)
vencejo_ranked_kernel vencejo_ranked_run_avx512;
#endif
#if defined(__aarch64__)
vencejo_ranked_kernel vencejo_ranked_run_neon;
#endif

// Scratch of rows side by side: the exits of some trees, and a vector for each leaf and node of one.
enum { VENCEJO_RANKED_LANE_SCRATCH = 64 * (4 + 128) };

#endif
