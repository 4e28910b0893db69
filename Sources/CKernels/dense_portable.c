// For processors of which nothing is known: two lanes, and no fused products.
#define LANES 2
#define ROWS 2
#define WIDE 2
#define NAME(x) vencejo_portable_##x
#define FMA(a, b, c) ((a) * (b) + (c))
#define GREATER(a, b) choose((a) > (b), (a), (b))
#define LESSER(a, b) choose((a) < (b), (a), (b))
#pragma STDC FP_CONTRACT OFF
#define INTEGERS 4
// Both halves' products, without an instruction for it.
#define PAIRS(a, b) ((((a) << 16) >> 16) * (((b) << 16) >> 16) + ((a) >> 16) * ((b) >> 16))
#define ANY(mask) __builtin_reduce_or(mask)
#include "dense_body.h"
#include "search_body.h"
