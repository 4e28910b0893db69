#if defined(__x86_64__) || defined(VENCEJO_EMULATED)
#include <float.h>
#include <math.h>
#include <string.h>

#include "CKernels.h"

#define LANES 8
#define ROWS 8
#define WIDE 8
#define NAME(x) vencejo_avx512_##x
#define INTEGERS 16
#define FMA(a, b, c) __builtin_elementwise_fma((a), (b), (c))
#pragma STDC FP_CONTRACT OFF

#if defined(VENCEJO_EMULATED)
// The same code in whatever vectors the processor has: for scripts/check-kernels.
#define GREATER(a, b) choose((a) > (b), (a), (b))
#define LESSER(a, b) choose((a) < (b), (a), (b))
#define PAIRS(a, b) ((((a) << 16) >> 16) * (((b) << 16) >> 16) + ((a) >> 16) * ((b) >> 16))
#define ANY(mask) __builtin_reduce_or(mask)
#include "dense_body.h"
#include "search_body.h"
#else
#include <immintrin.h>
#pragma clang attribute push( \
    __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,avx512vbmi,avx2,fma,bmi2"))), apply_to = function)
#define GREATER(a, b) ((vector)_mm512_max_pd((__m512d)(a), (__m512d)(b)))
#define LESSER(a, b) ((vector)_mm512_min_pd((__m512d)(a), (__m512d)(b)))
#define PAIRS(a, b) ((integers)_mm512_madd_epi16((__m512i)(a), (__m512i)(b)))
#define ANY(mask) _mm512_test_epi32_mask((__m512i)(mask), (__m512i)(mask))
#include "dense_body.h"
#include "search_body.h"
#pragma clang attribute pop
#endif
#endif
