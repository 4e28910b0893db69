#ifndef VENCEJO_CHOST_H
#define VENCEJO_CHOST_H

// What the GNU headers tell of this process and the Glibc module does not expose.

// Cores in the calling thread's affinity mask, or -1 with errno.
int vencejo_affinity_cores(void);
// Gives memory that was freed back to the system.
void vencejo_release_free_memory(void);

#endif
