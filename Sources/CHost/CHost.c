#include "CHost.h"

#include <malloc.h>
#include <sched.h>

int vencejo_affinity_cores(void) {
    cpu_set_t set;
    CPU_ZERO(&set);
    if (sched_getaffinity(0, sizeof set, &set) != 0) return -1;
    return CPU_COUNT(&set);
}

void vencejo_release_free_memory(void) { malloc_trim(0); }
