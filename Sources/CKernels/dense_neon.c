#if defined(__aarch64__)
#include <arm_neon.h>
#define LANES 2
#define ROWS 4
#define WIDE 3
#define NAME(x) vencejo_neon_##x
#define FMA(a, b, c) __builtin_elementwise_fma((a), (b), (c))
#define GREATER(a, b) choose((a) > (b), (a), (b))
#define LESSER(a, b) choose((a) < (b), (a), (b))
#pragma STDC FP_CONTRACT OFF
#define INTEGERS 4
#define PAIRS(a, b) \
    ((integers)vpaddq_s32( \
        vmull_s16(vget_low_s16((int16x8_t)(a)), vget_low_s16((int16x8_t)(b))), \
        vmull_high_s16((int16x8_t)(a), (int16x8_t)(b))))
#define ANY(mask) vmaxvq_u32((uint32x4_t)(mask))
#include "dense_body.h"
#include "search_body.h"
#endif
