internal import Glibc

/// State behind a lock on which a thread can wait until it has changed. Loops take the lock for moments and never wait
/// for a change.
@safe
package final class Monitor<State: Sendable>: Sendable {
    // Allocated in init, freed in deinit, and shared as POSIX means them to be.
    nonisolated(unsafe) private let mutex: UnsafeMutablePointer<pthread_mutex_t>
    // The same.
    nonisolated(unsafe) private let condition: UnsafeMutablePointer<pthread_cond_t>
    /// Touched only between `lock` and `unlock`.
    nonisolated(unsafe) private var state: State

    /// Makes a monitor around a first state.
    package init(_ state: State) {
        unsafe self.state = state
        unsafe mutex = .allocate(capacity: 1)
        unsafe condition = .allocate(capacity: 1)
        precondition(unsafe pthread_mutex_init(mutex, nil) == 0, "no memory for a lock")
        var attributes = pthread_condattr_t()
        unsafe pthread_condattr_init(&attributes)
        // A wait must not end early or late because somebody set the wall clock.
        unsafe pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC)
        precondition(unsafe pthread_cond_init(condition, &attributes) == 0, "no memory for a condition")
        unsafe pthread_condattr_destroy(&attributes)
    }

    deinit {
        unsafe pthread_cond_destroy(condition)
        unsafe pthread_mutex_destroy(mutex)
        unsafe condition.deallocate()
        unsafe mutex.deallocate()
    }

    /// Reads or changes the state, and wakes those who wait for a change.
    package func withLock<Result>(_ body: (inout State) -> Result) -> Result {
        unsafe pthread_mutex_lock(mutex)
        let result = unsafe body(&state)
        unsafe pthread_cond_broadcast(condition)
        unsafe pthread_mutex_unlock(mutex)
        return result
    }

    /// Waits until `body` gives a value, and asks it again after each change; nil if `timeout` passes before. It may
    /// change the state when it gives a value.
    package func wait<Result>(for timeout: Duration?, until body: (inout State) -> Result?) -> Result? {
        let clock = SystemClock()
        let end = timeout.map { clock.now().advanced(by: LoopDuration($0)) } ?? .never
        var limit = timespec(
            tv_sec: Int(end.nanoseconds / 1_000_000_000), tv_nsec: Int(end.nanoseconds % 1_000_000_000))
        unsafe pthread_mutex_lock(mutex)
        defer { unsafe pthread_mutex_unlock(mutex) }
        while true {
            if let result = unsafe body(&state) { return result }
            if timeout == nil {
                unsafe pthread_cond_wait(condition, mutex)
            } else if unsafe pthread_cond_timedwait(condition, mutex, &limit) == ETIMEDOUT {
                return unsafe body(&state)
            }
        }
    }
}
