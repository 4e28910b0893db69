#if defined(__x86_64__)
#include <float.h>
#include <immintrin.h>
#include <math.h>
#include <string.h>

#include "CKernels.h"

#pragma clang attribute push(__attribute__((target("avx2,fma,bmi2"))), apply_to = function)
#define LANES 4
#define ROWS 4
#define WIDE 4
#define NAME(x) vencejo_avx2_##x
#define FMA(a, b, c) __builtin_elementwise_fma((a), (b), (c))
#define GREATER(a, b) ((vector)_mm256_max_pd((__m256d)(a), (__m256d)(b)))
#define LESSER(a, b) ((vector)_mm256_min_pd((__m256d)(a), (__m256d)(b)))
#pragma STDC FP_CONTRACT OFF
#define INTEGERS 8
#define PAIRS(a, b) ((integers)_mm256_madd_epi16((__m256i)(a), (__m256i)(b)))
#define ANY(mask) (!_mm256_testz_si256((__m256i)(mask), (__m256i)(mask)))
#include "dense_body.h"
#include "search_body.h"
#pragma clang attribute pop
#endif
