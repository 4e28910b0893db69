#include "CKernels.h"

vencejo_cpu_level vencejo_cpu_best_level(void) {
#if defined(__x86_64__)
    __builtin_cpu_init();
    if (!__builtin_cpu_supports("avx2") || !__builtin_cpu_supports("fma") || !__builtin_cpu_supports("bmi2"))
        return VENCEJO_CPU_PORTABLE;
    if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq")
        && __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512vbmi"))
        return VENCEJO_CPU_AVX512;
    return VENCEJO_CPU_AVX2;
#elif defined(__aarch64__)
    return VENCEJO_CPU_NEON;
#else
    return VENCEJO_CPU_PORTABLE;
#endif
}
