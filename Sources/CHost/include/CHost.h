#ifndef VENCEJO_CHOST_H
#define VENCEJO_CHOST_H

// What the GNU headers tell of this process and the Glibc module does not expose.

// Cores in the calling thread's affinity mask, or -1 with errno.
int vencejo_affinity_cores(void);
// Gives memory that was freed back to the system.
void vencejo_release_free_memory(void);

// Ignores SIGPIPE, so that a log whose reader has gone does not end the server, and opens /dev/null for standard
// descriptors that are closed, so that no socket takes their numbers. Raises the limit of descriptors as far as it may
// go: each connection is one, and many systems start processes with 1024.
void vencejo_prepare_process(void);

#endif
