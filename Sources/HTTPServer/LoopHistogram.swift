internal import Synchronization

/// How values are distributed over fixed buckets, recorded by one thread and read by any: plain loads and stores, no
/// read-modify-write. Unused words on both sides keep other loops off its cache lines.
package final class LoopHistogram: Sendable {
    /// The buckets' upper bounds in nanoseconds; one more bucket holds what is above.
    package static let bounds: [UInt64] = [
        10_000, 25_000, 50_000, 100_000, 250_000, 500_000, 1_000_000, 2_500_000, 5_000_000, 10_000_000, 25_000_000,
        50_000_000, 100_000_000, 250_000_000, 1_000_000_000,
    ]

    private let before = InlineArray<16, UInt64>(repeating: 0)
    private let bounds: InlineArray<15, UInt64>
    private let counts: InlineArray<16, Atomic<UInt64>>
    private let sumCell = Atomic<UInt64>(0)
    private let after = InlineArray<16, UInt64>(repeating: 0)

    /// Makes an empty one.
    package init() {
        precondition(LoopHistogram.bounds.count == 15)
        bounds = InlineArray { LoopHistogram.bounds[$0] }
        counts = InlineArray { _ in Atomic(0) }
    }

    /// Records a value; the owning thread only. Most ticks are short, so that the search from below ends soon.
    package func record(_ nanoseconds: UInt64) {
        var bucket = 0
        while bucket < 15, bounds[bucket] < nanoseconds { bucket += 1 }
        counts[bucket].store(counts[bucket].load(ordering: .relaxed) &+ 1, ordering: .relaxed)
        sumCell.store(sumCell.load(ordering: .relaxed) &+ nanoseconds, ordering: .relaxed)
    }

    /// The count of each bucket, not cumulative.
    package var bucketCounts: [UInt64] { (0..<16).map { counts[$0].load(ordering: .relaxed) } }

    /// The sum of all values, in nanoseconds.
    package var sum: UInt64 { sumCell.load(ordering: .relaxed) }
}
