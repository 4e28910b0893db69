#ifndef C_ALLOCATION_COUNTER_H
#define C_ALLOCATION_COUNTER_H

#include <stdint.h>

/// Calls of malloc and its kin by this thread since it began. The process must be linked with this library's definitions
/// in front of the C library's, which an executable's own definitions always are.
uint64_t allocation_counter_calls(void);

#endif
