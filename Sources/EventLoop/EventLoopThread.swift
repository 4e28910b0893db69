internal import CEventLoop
internal import Glibc
internal import Synchronization

/// A named system thread that runs one function.
package final class EventLoopThread: Sendable {
    /// What a thread may ask for beyond the system's defaults.
    package struct Attributes: Sendable {
        /// Added to the thread's nice value, so that it yields to the others.
        var niceness: Int32 = 0
        /// Whether it runs only when no other thread wants the core.
        var isIdle = false
        /// nil: the system's default, 8 MiB with glibc and 128 KiB with musl.
        var stackBytes: Int?
        /// Whether all signals are blocked in it, and delivered to others.
        var blocksSignals = false

        /// What a loop has.
        package static let standard = Attributes()
        /// For imports and disks. They yield to the loops: a nice value of 15 is a 28th of a loop's share where they
        /// compete. A loop that wakes up while it owes such a thread time waits until that one rests or the next tick
        /// of the clock, up to 4 ms (Linux 6.6 and later, EEVDF): the smaller the share, the less there is to owe.
        /// musl's stack is too small for an import. Signals belong to who waits for them.
        package static let background = Attributes(niceness: 15, stackBytes: 8 << 20, blocksSignals: true)
        /// For predictions that are too long for a loop: they run while the loops do not (SCHED_IDLE, a 341st of a
        /// loop's share), since what is asked all the time makes a loop owe all the time. The nice value is for where
        /// that is not to be had.
        package static let leftover = Attributes(
            niceness: 15, isIdle: true, stackBytes: 8 << 20, blocksSignals: true)
        /// For the same where that would not do: a nice value of 5 is a third of a loop's share.
        package static let firm = Attributes(niceness: 5, stackBytes: 8 << 20, blocksSignals: true)
    }

    private struct Start {
        let name: String
        let niceness: Int32
        let isIdle: Bool
        let body: @Sendable () -> Void
    }

    private final class StartBox {
        let start: Start
        init(_ start: Start) { self.start = start }
    }

    /// What is to be joined or detached; nil once it has been.
    private let handle: Mutex<pthread_t?>
    let identity: pthread_t

    /// Starts a thread.
    ///
    /// - Parameters:
    ///   - name: what `top -H` and `perf` show; the system keeps 15 bytes.
    ///   - attributes: its priority, stack and signals.
    ///   - body: runs on the new thread; the thread ends with it.
    /// - Throws: `SystemError` where the system has no thread left.
    package init(
        name: String, _ attributes: Attributes = .standard, body: @escaping @Sendable () -> Void
    ) throws(SystemError) {
        var thread = pthread_t()
        let box = unsafe Unmanaged.passRetained(
            StartBox(Start(name: name, niceness: attributes.niceness, isIdle: attributes.isIdle, body: body)))
        var system = pthread_attr_t()
        unsafe pthread_attr_init(&system)
        if let stackBytes = attributes.stackBytes { unsafe pthread_attr_setstacksize(&system, stackBytes) }
        // A thread starts with the mask of the one that makes it: blocked here, there is no moment in which it is not.
        var mask = sigset_t()
        if attributes.blocksSignals {
            var all = sigset_t()
            unsafe sigfillset(&all)
            unsafe pthread_sigmask(SIG_SETMASK, &all, &mask)
        }
        let code = unsafe pthread_create(
            &thread, &system,
            { argument in
                guard let argument = unsafe argument else { return nil }
                let start = unsafe Unmanaged<StartBox>.fromOpaque(argument).takeRetainedValue().start
                _ = unsafe vencejo_name_thread(start.name)
                if start.niceness != 0 { _ = nice(start.niceness) }
                if start.isIdle { _ = vencejo_idle_thread() }
                start.body()
                return nil
            }, unsafe box.toOpaque())
        if attributes.blocksSignals { unsafe pthread_sigmask(SIG_SETMASK, &mask, nil) }
        unsafe pthread_attr_destroy(&system)
        guard code == 0 else {
            unsafe box.release()
            throw SystemError(call: "pthread_create", subject: name, code: code)
        }
        handle = Mutex(thread)
        identity = thread
    }

    deinit {
        if let thread = handle.withLock({ $0 }) { _ = pthread_detach(thread) }
    }

    /// Whether the caller runs on this thread. Not to be asked once it has ended: the system uses identities again.
    package var isCurrent: Bool { pthread_equal(identity, pthread_self()) != 0 }

    /// Waits until the thread has ended; a second call returns at once.
    package func join() {
        let thread = handle.withLock { handle in
            let thread = handle
            handle = nil
            return thread
        }
        if let thread { _ = pthread_join(thread, nil) }
    }
}
