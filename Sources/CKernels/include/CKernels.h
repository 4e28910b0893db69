#ifndef VENCEJO_CKERNELS_H
#define VENCEJO_CKERNELS_H

// Inference kernels that need a processor's own instructions, which Swift cannot choose by function. Each is compiled
// for several generations of processors and picked at run time; the caller passes the level it found at start.
//
// Nothing here allocates, locks or keeps state. Sizes are checked by the caller, once, where the tables are made: see
// Sources/InferenceEngine/Kernels.

#include <stdint.h>

#include "ranked_forest.h"

// What the processor can do. A level includes the ones before it on its architecture.
typedef enum {
    VENCEJO_CPU_PORTABLE = 0,
    // x86-64-v3: AVX2, FMA, BMI2.
    VENCEJO_CPU_AVX2 = 1,
    // x86-64-v4 with VBMI: AVX-512 F, BW, DQ, VL, VBMI.
    VENCEJO_CPU_AVX512 = 2,
    // Every arm64.
    VENCEJO_CPU_NEON = 3,
} vencejo_cpu_level;

// The best level that this processor and the system under it support.
vencejo_cpu_level vencejo_cpu_best_level(void);

#include "packed_forest.h"
#include "dense.h"
#include "encode.h"

#endif
