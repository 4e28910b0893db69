internal import Synchronization

/// The upper bounds of a histogram's buckets, in whole units that are cheap to compare, and how they are shown.
package struct HistogramBuckets: Sendable, Hashable {
    /// Ascending; the bucket beyond the last is +Inf.
    package let bounds: [UInt64]
    /// What one unit is in the exposition: 1e-9 shows nanoseconds as seconds.
    package let scale: Double

    /// A histogram has at most so many bounds; its cells are of a fixed size.
    package static let boundsMax = 31

    package init(bounds: [UInt64], scale: Double) {
        precondition(bounds.count <= Self.boundsMax, "a histogram has at most \(Self.boundsMax) bounds")
        precondition(zip(bounds, bounds.dropFirst()).allSatisfy { $0 < $1 }, "bounds ascend")
        self.bounds = bounds
        self.scale = scale
    }

    /// Durations from 10 microseconds to 10 seconds, recorded in nanoseconds, shown in seconds: predictions and
    /// requests.
    package static let latency = HistogramBuckets(
        bounds: [
            10_000, 25_000, 50_000, 100_000, 250_000, 500_000, 1_000_000, 2_500_000, 5_000_000, 10_000_000, 25_000_000,
            50_000_000, 100_000_000, 250_000_000, 500_000_000, 1_000_000_000, 2_500_000_000, 5_000_000_000,
            10_000_000_000,
        ], scale: 1e-9)

    /// Durations from a millisecond to five minutes, recorded in nanoseconds, shown in seconds: imports and publishes.
    package static let slow = HistogramBuckets(
        bounds: [
            1_000_000, 5_000_000, 10_000_000, 50_000_000, 100_000_000, 500_000_000, 1_000_000_000, 5_000_000_000,
            10_000_000_000, 60_000_000_000, 300_000_000_000,
        ], scale: 1e-9)

    /// Counts in powers of two up to 65,536: rows of a batch.
    package static let powersOfTwo = HistogramBuckets(bounds: (0...16).map { 1 << UInt64($0) }, scale: 1)

    /// The bucket of a value: the first whose bound is not below it.
    /// - Complexity: O(log bounds).
    func index(of value: UInt64) -> Int {
        var low = 0
        var high = bounds.count
        while low < high {
            let middle = (low + high) / 2
            if bounds[middle] < value { low = middle + 1 } else { high = middle }
        }
        return low
    }
}

/// How values are distributed over fixed buckets. Split into cells like `Counter`; may be used from any thread.
package final class Histogram: Sendable {
    package let buckets: HistogramBuckets
    private let cells: [HistogramCell]

    package init(_ buckets: HistogramBuckets, cells: Int = 1) {
        precondition(cells > 0, "a histogram has at least one cell")
        self.buckets = buckets
        self.cells = (0..<cells).map { _ in HistogramCell() }
    }

    /// Records a value in the buckets' unit: nanoseconds for durations.
    /// - Complexity: a search over at most 31 bounds and two relaxed atomic additions.
    package func record(_ value: UInt64, cell: Int = 0) {
        let cell = cells[cell]
        cell.counts[buckets.index(of: value)].wrappingAdd(1, ordering: .relaxed)
        cell.sum.wrappingAdd(value, ordering: .relaxed)
    }

    /// What a scrape sees. Counts are not cumulative; `count` is their sum, so that the exposition is consistent in
    /// itself even while others record.
    package struct Snapshot: Sendable, Hashable {
        /// One a bound and one for +Inf.
        package let counts: [UInt64]
        package let count: UInt64
        /// In the buckets' unit.
        package let sum: UInt64

        /// Makes one of counts that were taken elsewhere.
        package init(counts: [UInt64], sum: UInt64) {
            self.counts = counts
            self.sum = sum
            count = counts.reduce(0, &+)
        }
    }

    package func snapshot() -> Snapshot {
        var counts = [UInt64](repeating: 0, count: buckets.bounds.count + 1)
        var sum: UInt64 = 0
        for cell in cells {
            for index in counts.indices { counts[index] &+= cell.counts[index].load(ordering: .relaxed) }
            sum &+= cell.sum.load(ordering: .relaxed)
        }
        return Snapshot(counts: counts, sum: sum)
    }
}

/// One loop's part. What follows it in memory may be the next loop's, which records all the time: unused words keep the
/// two off each other's cache lines.
private final class HistogramCell: Sendable {
    let counts: InlineArray<32, Atomic<UInt64>>
    let sum = Atomic<UInt64>(0)
    private let padding = InlineArray<16, UInt64>(repeating: 0)

    init() {
        counts = InlineArray { _ in Atomic<UInt64>(0) }
    }
}
