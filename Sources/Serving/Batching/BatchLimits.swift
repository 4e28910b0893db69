/// The bounds of one loop's batches.
package struct BatchLimits: Sendable, Hashable {
    /// Rows, of all models together, at which a flush is due before the tick ends.
    package var flushRows = 256
    /// Decoded bytes at which a flush is due before the tick ends.
    package var flushBytes = 64 << 10
    /// Rows that may wait before `take` refuses.
    package var waitingRowsMax = 1 << 16
    /// Decoded bytes that may wait before `take` refuses.
    package var waitingBytesMax = 64 << 20
    /// Requests that may wait before `take` refuses.
    package var ticketsMax = 1 << 13
    /// Storage that a model's batch or output keeps from one tick to the next.
    package var bytesKeptMax = 256 << 10
    /// Nanoseconds that a run on the loop may be expected to take with long requests in it; they are handed on beyond.
    package var inlineBudget = 250_000.0
    /// Nanoseconds of prediction beyond which a request is long: about what it takes to read and to answer it.
    package var longRequest = 25_000.0
    /// Nanoseconds for which a loop that was asked for two models counts as shared.
    package var sharedSpan: UInt64 = 100_000_000

    /// Nanoseconds up to which a request is short: a budget below `longRequest` is meant.
    var shortMax: Double { min(longRequest, inlineBudget) }

    /// Nanoseconds beyond which a run tells whether requests are long.
    var observedMin: Double { shortMax / 2 }

    package init() {}
}
