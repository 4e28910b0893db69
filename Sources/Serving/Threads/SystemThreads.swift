#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Musl)
    internal import Musl
#endif

// Every use of a pointer in this target stands in this file: POSIX threads take nothing else.

/// State behind a lock on which a thread can wait until it has changed. For control threads: loops never wait here.
@safe final class Monitor<State: Sendable>: Sendable {
    // Allocated in init, freed in deinit, and shared as POSIX means them to be.
    nonisolated(unsafe) private let mutex: UnsafeMutablePointer<pthread_mutex_t>
    // The same.
    nonisolated(unsafe) private let condition: UnsafeMutablePointer<pthread_cond_t>
    /// Touched only between `lock` and `unlock`.
    nonisolated(unsafe) private var state: State

    init(_ state: State) {
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
    func withLock<Result>(_ body: (inout State) -> Result) -> Result {
        unsafe pthread_mutex_lock(mutex)
        let result = unsafe body(&state)
        unsafe pthread_cond_broadcast(condition)
        unsafe pthread_mutex_unlock(mutex)
        return result
    }

    /// Waits until `body` gives a value, and asks it again after each change; nil if `timeout` passes before. It may
    /// change the state when it gives a value.
    func wait<Result>(for timeout: Duration?, until body: (inout State) -> Result?) -> Result? {
        var end = timespec()
        if let timeout {
            unsafe clock_gettime(CLOCK_MONOTONIC, &end)
            let sum = end.tv_nsec + Int(timeout.wholeNanoseconds % 1_000_000_000)
            end.tv_sec += Int(timeout.wholeNanoseconds / 1_000_000_000) + sum / 1_000_000_000
            end.tv_nsec = sum % 1_000_000_000
        }
        unsafe pthread_mutex_lock(mutex)
        defer { unsafe pthread_mutex_unlock(mutex) }
        while true {
            if let result = unsafe body(&state) { return result }
            if timeout == nil {
                unsafe pthread_cond_wait(condition, mutex)
            } else if unsafe pthread_cond_timedwait(condition, mutex, &end) == ETIMEDOUT {
                return unsafe body(&state)
            }
        }
    }
}

/// A thread of our own, with a stack that we choose: musl's default of 128 KiB is too small for an import.
struct SystemThread: Sendable {
    private let handle: pthread_t

    static let stackBytes = 8 << 20

    /// Starts a thread that runs `body`. Signals are blocked in it: they belong to the loop's signalfd.
    /// - Parameters:
    ///   - niceness: added to the thread's nice value, so that it yields to the loops.
    ///   - body: the thread ends with it.
    init(niceness: Int32, _ body: @escaping @Sendable () -> Void) {
        let context = unsafe Unmanaged.passRetained(
            ThreadBody {
                _ = nice(niceness)
                body()
            })
        var attributes = pthread_attr_t()
        unsafe pthread_attr_init(&attributes)
        unsafe pthread_attr_setstacksize(&attributes, Self.stackBytes)
        var all = sigset_t()
        var before = sigset_t()
        unsafe sigfillset(&all)
        unsafe pthread_sigmask(SIG_SETMASK, &all, &before)
        var handle = pthread_t()
        let code = unsafe pthread_create(
            &handle, &attributes,
            { argument in
                if let argument = unsafe argument {
                    unsafe Unmanaged<ThreadBody>.fromOpaque(argument).takeRetainedValue().run()
                }
                return nil
            }, context.toOpaque())
        unsafe pthread_sigmask(SIG_SETMASK, &before, nil)
        unsafe pthread_attr_destroy(&attributes)
        precondition(code == 0, "the system gives no thread (\(code))")
        self.handle = handle
    }

    /// Waits for the end of the thread. Once, and not by the thread itself.
    func join() {
        pthread_join(handle, nil)
    }
}

private final class ThreadBody: Sendable {
    private let body: @Sendable () -> Void

    init(_ body: @escaping @Sendable () -> Void) {
        self.body = body
    }

    func run() { body() }
}

/// A clock in nanoseconds that only goes forward. Handed in where time is measured, so that a simulation can set it.
package typealias MonotonicClock = @Sendable () -> UInt64

/// The system's monotonic clock.
package func systemMonotonicClock() -> UInt64 {
    var now = timespec()
    guard unsafe clock_gettime(CLOCK_MONOTONIC, &now) == 0 else { return 0 }
    return UInt64(now.tv_sec) * 1_000_000_000 + UInt64(now.tv_nsec)
}

/// Seconds since 1970.
func unixSeconds() -> Int64 {
    var now = timespec()
    guard unsafe clock_gettime(CLOCK_REALTIME, &now) == 0 else { return 0 }
    return Int64(now.tv_sec)
}

extension SystemThread {
    /// Whether the caller runs on this thread.
    var isCurrent: Bool { pthread_equal(handle, pthread_self()) != 0 }
}
