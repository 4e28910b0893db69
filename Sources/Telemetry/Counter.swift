internal import Synchronization

/// A number that only grows, such as requests answered.
///
/// It may be split into cells, one a loop, so that loops do not write the same cache line; a scrape adds them up. Every
/// method may be called from any thread: a cell is an atomic, the split is for speed only.
package final class Counter: Sendable {
    private let cells: [CounterCell]

    /// - Parameter cells: how many cells; one for what a single thread counts.
    package init(cells: Int = 1) {
        precondition(cells > 0, "a counter has at least one cell")
        self.cells = (0..<cells).map { _ in CounterCell() }
    }

    /// Adds to one cell.
    /// - Complexity: one relaxed atomic addition; no lock, no allocation.
    package func add(_ amount: Int = 1, cell: Int = 0) {
        cells[cell].value.wrappingAdd(UInt64(truncatingIfNeeded: amount), ordering: .relaxed)
    }

    /// The sum of all cells.
    package var total: UInt64 {
        var sum: UInt64 = 0
        for cell in cells { sum &+= cell.value.load(ordering: .relaxed) }
        return sum
    }
}

/// One atomic on cache lines of its own: 128 bytes, as processors fetch lines in pairs.
private final class CounterCell: Sendable {
    let value = Atomic<UInt64>(0)
    private let padding = InlineArray<14, UInt64>(repeating: 0)
}
