internal import CEventLoop
internal import Glibc
internal import Synchronization

/// A named system thread that runs one function.
package final class EventLoopThread: Sendable {
    private struct Start {
        let name: String
        let body: @Sendable () -> Void
    }

    private final class StartBox {
        let start: Start
        init(_ start: Start) { self.start = start }
    }

    private let handle: Mutex<pthread_t?>

    /// Starts a thread.
    ///
    /// - Parameters:
    ///   - name: what `top -H` and `perf` show; the system keeps 15 bytes.
    ///   - body: runs on the new thread; the thread ends with it.
    /// - Throws: `SystemError` where the system has no thread left.
    package init(name: String, body: @escaping @Sendable () -> Void) throws(SystemError) {
        var thread = pthread_t()
        let box = unsafe Unmanaged.passRetained(StartBox(Start(name: name, body: body)))
        let code = unsafe pthread_create(
            &thread, nil,
            { argument in
                guard let argument = unsafe argument else { return nil }
                let start = unsafe Unmanaged<StartBox>.fromOpaque(argument).takeRetainedValue().start
                _ = unsafe vencejo_name_thread(start.name)
                start.body()
                return nil
            }, unsafe box.toOpaque())
        guard code == 0 else {
            unsafe box.release()
            throw SystemError(call: "pthread_create", subject: name, code: code)
        }
        handle = Mutex(thread)
    }

    deinit {
        if let thread = handle.withLock({ $0 }) { _ = pthread_detach(thread) }
    }

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
