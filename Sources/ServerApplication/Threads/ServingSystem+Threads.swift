internal import EventLoop
internal import Serving

/// A thread of the system as the queue that serving asks for.
extension ControlThread: ControlQueue {}

/// A lock and a condition of the system; the number only has to change.
extension Monitor<UInt64>: ChangeSignal {
    package func notify() { withLock { $0 &+= 1 } }

    package func wait(for timeout: Duration, until condition: () -> Bool) -> Bool {
        wait(for: timeout) { _ in condition() ? true : nil } ?? false
    }
}

extension ServingSystem {
    /// The machine's clocks and locks.
    static let threads = ServingSystem(
        clock: { SystemClock().now().elapsedNanoseconds }, unixSeconds: { SystemClock().unixSeconds() },
        makeSignal: { Monitor<UInt64>(0) })
}
