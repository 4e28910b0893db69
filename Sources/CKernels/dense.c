#include "CKernels.h"

// Picks the form of each dense kernel.

#if defined(__x86_64__)
#define LEVELS(name, ...) \
    switch (level) { \
    case VENCEJO_CPU_AVX512: vencejo_avx512_##name(__VA_ARGS__); break; \
    case VENCEJO_CPU_AVX2: vencejo_avx2_##name(__VA_ARGS__); break; \
    default: vencejo_portable_##name(__VA_ARGS__); break; \
    }
#elif defined(__aarch64__)
#define LEVELS(name, ...) \
    switch (level) { \
    case VENCEJO_CPU_NEON: vencejo_neon_##name(__VA_ARGS__); break; \
    default: vencejo_portable_##name(__VA_ARGS__); break; \
    }
#else
#define LEVELS(name, ...) vencejo_portable_##name(__VA_ARGS__);
#endif

#define FORMS(name, ...) \
    void vencejo_portable_##name(__VA_ARGS__); \
    void vencejo_avx2_##name(__VA_ARGS__); \
    void vencejo_avx512_##name(__VA_ARGS__); \
    void vencejo_neon_##name(__VA_ARGS__);

FORMS(pairwise, const vencejo_measure *measure, const double *rows, size_t row_count, size_t width,
    const double *panels, size_t references, const double *bias, double *output, size_t output_stride)

void vencejo_pairwise(
    vencejo_cpu_level level, const vencejo_measure *measure, const double *rows, size_t row_count, size_t width,
    const double *panels, size_t references, const double *bias, double *output, size_t output_stride
) {
    (void)level;
    LEVELS(pairwise, measure, rows, row_count, width, panels, references, bias, output, output_stride)
}

FORMS(dots, const double *rows, size_t row_count, size_t width, const double *weights,
    size_t outputs, const double *bias, double *output, size_t output_stride)

void vencejo_dots(
    vencejo_cpu_level level, const double *rows, size_t row_count, size_t width, const double *weights,
    size_t outputs, const double *bias, double *output, size_t output_stride
) {
    (void)level;
    LEVELS(dots, rows, row_count, width, weights, outputs, bias, output, output_stride)
}

FORMS(expand, const vencejo_measure *measure, const double *rows, size_t row_count, size_t width,
    const double *panels, size_t panel_count, const double *coefficients, const int32_t *targets, size_t target_count,
    double *sums, size_t sum_stride)

void vencejo_expand(
    vencejo_cpu_level level, const vencejo_measure *measure, const double *rows, size_t row_count, size_t width,
    const double *panels, size_t panel_count, const double *coefficients, const int32_t *targets, size_t target_count,
    double *sums, size_t sum_stride
) {
    (void)level;
    LEVELS(expand, measure, rows, row_count, width, panels, panel_count, coefficients, targets, target_count, sums,
           sum_stride)
}

FORMS(apply, vencejo_function function, const double *input, size_t count, double *output)

void vencejo_apply(
    vencejo_cpu_level level, vencejo_function function, const double *input, size_t count, double *output
) {
    (void)level;
    LEVELS(apply, function, input, count, output)
}

FORMS(probabilities, const double *scores, size_t count, double *output)

void vencejo_probabilities(vencejo_cpu_level level, const double *scores, size_t count, double *output) {
    (void)level;
    LEVELS(probabilities, scores, count, output)
}

FORMS(softmax, const double *input, size_t row_count, size_t width, double *output)

void vencejo_softmax(
    vencejo_cpu_level level, const double *input, size_t row_count, size_t width, double *output
) {
    (void)level;
    LEVELS(softmax, input, row_count, width, output)
}

FORMS(log_sums, const double *input, size_t row_count, size_t width, double *output)

void vencejo_log_sums(vencejo_cpu_level level, const double *input, size_t row_count, size_t width, double *output) {
    (void)level;
    LEVELS(log_sums, input, row_count, width, output)
}

FORMS(center, const vencejo_terms *terms, const vencejo_records *records, size_t row_count, double *output)

void vencejo_center(
    vencejo_cpu_level level, const vencejo_terms *terms, const vencejo_records *records, size_t row_count,
    double *output
) {
    (void)level;
    LEVELS(center, terms, records, row_count, output)
}

FORMS(linear_numbers, const vencejo_linear *model, const vencejo_records *records, size_t row_count, double *centred,
    double *scores)

void vencejo_linear_numbers(
    vencejo_cpu_level level, const vencejo_linear *model, const vencejo_records *records, size_t row_count,
    double *centred, double *scores
) {
    (void)level;
    LEVELS(linear_numbers, model, records, row_count, centred, scores)
}

FORMS(nan_rows, const uint64_t *slots, size_t stride, size_t row_count, const int32_t *columns, size_t count,
    uint64_t *found)

uint64_t vencejo_nan_rows(
    vencejo_cpu_level level, const uint64_t *slots, size_t stride, size_t row_count, const int32_t *columns,
    size_t count
) {
    (void)level;
    uint64_t found;
    LEVELS(nan_rows, slots, stride, row_count, columns, count, &found)
    return found;
}
