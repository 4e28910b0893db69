// Shows the thread sanitizer what a Mutex of Swift's Synchronization does under contention. Its fast path is compiled into its
// user and so is seen; the slow one stands in a library that is not instrumented. To be preloaded:
//
//     clang -shared -fPIC -O1 -o mutex.so Tests/Support/thread-sanitizer-mutex.c
//     LD_PRELOAD=mutex.so ...
//
// The symbols are those of Swift 6.3's libswiftSynchronization: _lockSlow(_: UInt32), _tryLockSlow() -> Bool and _unlockSlow() of
// _MutexHandle, which holds one atomic word.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdint.h>

#define SWIFT __attribute__((swiftcall))
#define SELF __attribute__((swift_context))

extern void __tsan_acquire(void *address) __attribute__((weak));
extern void __tsan_release(void *address) __attribute__((weak));

#define LOCK "$s15Synchronization12_MutexHandleV9_lockSlowyys6UInt32VF"
#define TRY_LOCK "$s15Synchronization12_MutexHandleV12_tryLockSlowSbyF"
#define UNLOCK "$s15Synchronization12_MutexHandleV11_unlockSlowyyF"

SWIFT void lock_slow(uint32_t thread, SELF void *mutex) __asm__(LOCK);
SWIFT _Bool try_lock_slow(SELF void *mutex) __asm__(TRY_LOCK);
SWIFT void unlock_slow(SELF void *mutex) __asm__(UNLOCK);

SWIFT void lock_slow(uint32_t thread, SELF void *mutex) {
    SWIFT void (*next)(uint32_t, SELF void *) = (SWIFT void (*)(uint32_t, SELF void *))dlsym(RTLD_NEXT, LOCK);
    next(thread, mutex);
    if (__tsan_acquire) __tsan_acquire(mutex);
}

SWIFT _Bool try_lock_slow(SELF void *mutex) {
    SWIFT _Bool (*next)(SELF void *) = (SWIFT _Bool (*)(SELF void *))dlsym(RTLD_NEXT, TRY_LOCK);
    _Bool has_locked = next(mutex);
    if (has_locked && __tsan_acquire) __tsan_acquire(mutex);
    return has_locked;
}

SWIFT void unlock_slow(SELF void *mutex) {
    SWIFT void (*next)(SELF void *) = (SWIFT void (*)(SELF void *))dlsym(RTLD_NEXT, UNLOCK);
    if (__tsan_release) __tsan_release(mutex);
    next(mutex);
}
