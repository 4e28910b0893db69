internal import Synchronization

/// What one loop counts. All but `open` only grow.
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
}

/// The counters of one loop as other threads see them: set by the loop once a wake-up, read by anybody.
package final class HTTPServerCounters: Sendable {
    private static let count = 18
    private let values: InlineArray<18, Atomic<Int>>

    init() {
        precondition(HTTPServerCounter.allCases.count == HTTPServerCounters.count)
        values = InlineArray { _ in Atomic(0) }
    }

    /// The value at the end of the loop's last wake-up.
    package func value(_ counter: HTTPServerCounter) -> Int {
        values[counter.rawValue].load(ordering: .relaxed)
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
