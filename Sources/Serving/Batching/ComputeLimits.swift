/// What the compute pool goes by. Times in nanoseconds.
package struct ComputeLimits: Sendable, Hashable {
    /// A request waits for at most one batch that runs and for its own: each aims at half of this.
    package var latencyObjective: UInt64 = 50_000_000
    /// How long a batch that could grow waits for more, though a worker is free; 0: never.
    package var batchWait: UInt64 = 0
    /// Whether requests of a model are joined into batches at all.
    package var joinsRequests = true
    /// How long the rows of one task may be expected to run: requests that come at once travel together up to this, so
    /// that models still take turns and what is cancelled is left out.
    package var taskTarget: Double = 1_000_000
    /// Rows of one batch, however cheap a row is.
    package var batchRowsMax = 4096
    /// What waits for one model: beyond, requests are refused.
    package var requestsMax = 4096
    package var rowsMax = 1 << 20
    package var bytesMax = 256 << 20
    /// What waits for all models together.
    package var totalBytesMax = 512 << 20
    /// How much earlier a request of high priority counts as come than it has, and one of low priority later.
    package var priorityStep: UInt64 = 500_000_000

    package init() {}

    /// The time that a batch may run.
    var batchTarget: Double { Double(latencyObjective) / 2 }
}
