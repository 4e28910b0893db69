#include "ranked_kernels.h"

size_t vencejo_ranked_scratch_size(const vencejo_ranked_forest *forest) {
    size_t slots = forest->all_slot_count > 64 ? forest->all_slot_count : 64;
    return 64 + VENCEJO_RANKED_ROWS * slots + VENCEJO_RANKED_LANE_SCRATCH
        + (forest->column_count + 16) * sizeof(float);
}

vencejo_ranked_rows vencejo_ranked_run(
    const vencejo_ranked_forest *forest, const double *rows, size_t row_stride, size_t row_count, void *scratch,
    void *scores) {
    switch (forest->level) {
#if defined(__x86_64__)
    case VENCEJO_CPU_AVX2: return vencejo_ranked_run_avx2(forest, rows, row_stride, row_count, scratch, scores);
    case VENCEJO_CPU_AVX512: return vencejo_ranked_run_avx512(forest, rows, row_stride, row_count, scratch, scores);
#endif
#if defined(__aarch64__)
    case VENCEJO_CPU_NEON: return vencejo_ranked_run_neon(forest, rows, row_stride, row_count, scratch, scores);
#endif
    default: return vencejo_ranked_run_portable(forest, rows, row_stride, row_count, scratch, scores);
    }
}
