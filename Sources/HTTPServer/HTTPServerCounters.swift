package import HTTPCore
internal import Synchronization

/// What one loop counts. All but `open` and the states of connections only grow.
package enum HTTPServerCounter: Int, Sendable, CaseIterable {
    /// Connections taken over.
    case accepted
    /// Connections answered 503 because `connectionsMax` were open.
    case refused
    /// Connections closed unheard because the process had no descriptor left.
    case shed
    /// Connections that are open now.
    case open
    /// Requests whose head was read.
    case requests
    case bytesRead
    case bytesWritten
    /// Requests refused by the connection itself: framing, limits; not timeouts.
    case framingErrors
    // Closed connections by reason.
    case closedByPeer, closedAfterAnswer, closedAfterFailure, closedIdle, closedHeadTimeout, closedBodyTimeout
    case closedWriteStall, closedBroken, closedByDrain, closedAborted
    // Open connections by what they wait for; their sum is `open`.
    case idle, readingHead, readingBody, awaitingAnswer, writing, lingering
    // Times that ran out, by kind.
    case headTimeouts, bodyTimeouts, idleTimeouts, writeTimeouts, exchangeTimeouts
    /// Requests whose connection or stream their peer has ended before their answer.
    case abandoned
    /// Wake-ups of the loop.
    case ticks
}

/// The counters of one loop as other threads see them: set by the loop once a wake-up, read by anybody.
///
/// The loop stores into them all the time: unused words on both sides keep what other loops write off their cache
/// lines (128 bytes, as processors fetch lines in pairs).
package final class HTTPServerCounters: Sendable {
    private static let count = 31
    private static let refusalKindsMax = 48
    private let before = InlineArray<16, UInt64>(repeating: 0)
    private let values: InlineArray<31, Atomic<Int>>
    private let refusals: InlineArray<48, Atomic<Int>>
    private let after = InlineArray<16, UInt64>(repeating: 0)
    /// From a wake-up to the end of its work, in nanoseconds: as long another request may have waited.
    package let tickTimes = LoopHistogram()
    /// How late deadlines of connections were acted on, in nanoseconds; up to 67 ms are the timer wheel's step.
    package let timerDelays = LoopHistogram()

    init() {
        precondition(HTTPServerCounter.allCases.count == HTTPServerCounters.count)
        precondition(RequestFailure.allCases.count <= HTTPServerCounters.refusalKindsMax)
        values = InlineArray { _ in Atomic(0) }
        refusals = InlineArray { _ in Atomic(0) }
    }

    /// The value at the end of the loop's last wake-up.
    package func value(_ counter: HTTPServerCounter) -> Int {
        values[counter.rawValue].load(ordering: .relaxed)
    }

    /// How many answers connections gave by themselves for that reason, without the handler.
    package func refusals(_ failure: RequestFailure) -> Int {
        refusals[Int(failure.rawValue)].load(ordering: .relaxed)
    }

    func publish(refusals counts: [Int]) {
        for index in counts.indices { refusals[index].store(counts[index], ordering: .relaxed) }
    }

    func publish(_ plain: borrowing PlainCounters) {
        for index in 0..<HTTPServerCounters.count { values[index].store(plain.values[index], ordering: .relaxed) }
    }
}

/// The loop's own copy, without atomics.
struct PlainCounters {
    var values = [Int](repeating: 0, count: HTTPServerCounter.allCases.count)

    subscript(_ counter: HTTPServerCounter) -> Int {
        get { values[counter.rawValue] }
        set { values[counter.rawValue] = newValue }
    }
}
