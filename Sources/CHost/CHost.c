#include "CHost.h"

#include <fcntl.h>
#include <malloc.h>
#include <sched.h>
#include <signal.h>
#include <sys/resource.h>

int vencejo_affinity_cores(void) {
    cpu_set_t set;
    CPU_ZERO(&set);
    if (sched_getaffinity(0, sizeof set, &set) != 0) return -1;
    return CPU_COUNT(&set);
}

// The allocator's own rule moves these bounds up with each larger block that is freed; to set one of them fixes both.
// Blocks from the first size on are mappings of their own, which go back at once: four bodies of 31 MB that lay in
// arenas left 109 MB behind wherever something small had come to lie at the end. At the end of an arena no more is kept
// than the second. Lower ones cost a third more CPU time for bodies of 6 MB, whose pages came anew each time.
static const int mapped_bytes_min = 16 << 20;
static const int kept_bytes_max = 64 << 20;

// Whether the bounds are ours: those of a program that only embeds the server are left alone.
static int is_prepared;

void vencejo_release_free_memory(void) {
    if (!is_prepared) {
        malloc_trim(0);
        return;
    }
    // malloc_trim leaves the end of an arena that is not the main one. It is cut off when a larger block is freed there,
    // if more is kept than the bound; the calling thread's is the one in which models are made.
    mallopt(M_TRIM_THRESHOLD, 0);
    void *volatile block = malloc(128 << 10);
    free(block);
    malloc_trim(0);
    mallopt(M_TRIM_THRESHOLD, kept_bytes_max);
}

void vencejo_prepare_process(void) {
    is_prepared = 1;
    mallopt(M_MMAP_THRESHOLD, mapped_bytes_min);
    mallopt(M_TRIM_THRESHOLD, kept_bytes_max);
    struct rlimit descriptors;
    if (getrlimit(RLIMIT_NOFILE, &descriptors) == 0 && descriptors.rlim_cur < descriptors.rlim_max) {
        descriptors.rlim_cur = descriptors.rlim_max;
        setrlimit(RLIMIT_NOFILE, &descriptors);
    }
    signal(SIGPIPE, SIG_IGN);
    for (int fd = 0; fd <= 2; fd++) {
        // open takes the lowest free number, which is this one.
        if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", O_RDWR) != fd) return;
    }
}
