internal import Serving

/// How predictions are batched, as configured; the same for all loops.
struct BatchSettings: Sendable, Hashable {
    var loop = BatchLimits()
    var compute = ComputeLimits()
    /// Bytes of the response cache, all loops together; 0: there is none.
    var cacheBytes = 0

    /// Each request by itself: for comparison, or where rows may never share a run.
    mutating func disableBatching() {
        loop.flushRows = 1
        compute.joinsRequests = false
    }
}
