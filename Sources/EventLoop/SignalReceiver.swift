internal import CEventLoop
internal import Glibc

/// Signals as something to be waited for instead of an interruption (signalfd).
///
/// Make it on the main thread before any other thread starts: the signals are blocked there, threads inherit that, and
/// so they are delivered nowhere but here. As process 1 of a container this is also what makes SIGTERM work at all,
/// since the kernel ignores default actions there.
package final class SignalReceiver: Sendable {
    private let descriptor: Int32

    /// Blocks `signals` in this thread and those it starts, and opens the descriptor.
    package init(_ signals: [Int32]) throws(SystemError) {
        guard unsafe vencejo_block_signals(signals, signals.count) == 0 else {
            throw SystemError(call: "pthread_sigmask")
        }
        descriptor = unsafe vencejo_signal_descriptor(signals, signals.count)
        guard descriptor >= 0 else { throw SystemError(call: "signalfd") }
    }

    deinit { _ = close(descriptor) }

    /// Waits for the next signal, and returns its number.
    package func next() throws(SystemError) -> Int32 {
        let signal = vencejo_next_signal(descriptor)
        guard signal >= 0 else { throw SystemError(call: "read signalfd") }
        return signal
    }
}
