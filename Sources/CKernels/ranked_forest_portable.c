#include "ranked_kernels.h"

// Plain C, and vectors of 16 bytes as the compiler makes them of the architecture's least.

#define RANKED(name) name##_portable
#define RANKED_TARGET
#define RANKED_HAS_SHUFFLE 0

static inline __attribute__((always_inline)) unsigned ranked_count_16(
    const float *thresholds, float number, int right_if_equal) {
    int count = 0;
    for (int index = 0; index < 16; index++)
        count += right_if_equal ? thresholds[index] <= number : thresholds[index] < number;
    return (unsigned)count;
}

static inline __attribute__((always_inline)) unsigned ranked_count_8(
    const float *thresholds, float number, int right_if_equal) {
    int count = 0;
    for (int index = 0; index < 8; index++)
        count += right_if_equal ? thresholds[index] <= number : thresholds[index] < number;
    return (unsigned)count;
}

#include "ranked_lanes16.h"

#include "ranked_body.h"
