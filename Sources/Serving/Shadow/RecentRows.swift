internal import Synchronization
package import TensorCore

/// Some of the rows that a version was asked about last: what its successor is compared on.
///
/// Loops offer what they have run; at most one row a millisecond is copied, and a loop that finds another one at it
/// goes on without. Two halves: the younger is filled, and when it is full it takes the place of the older.
package final class RecentRows: Sendable {
    /// Rows that are kept, between half of it and all.
    package static let rowsMax = 256
    /// Bytes of strings of one half, beyond which it counts as full.
    static let stringBytesMax = 64 << 10
    private static let nanosecondsApart: UInt64 = 1_000_000

    private struct Halves: ~Copyable {
        var younger: RowBatch
        var older: RowBatch
    }

    package let layout: RowLayout
    private let halves: Mutex<Halves>
    /// The time before which no row is taken.
    private let due = Atomic<UInt64>(0)

    package init(layout: RowLayout) {
        self.layout = layout
        halves = Mutex(Halves(younger: RowBatch(layout: layout), older: RowBatch(layout: layout)))
    }

    /// Whether rows of that layout are like these: the same columns, in the same order, of the same kinds, and as many
    /// of them looked at.
    func fits(_ layout: RowLayout) -> Bool {
        layout.columns.elementsEqual(self.layout.columns) {
            $0.name == $1.name && $0.kind == $1.kind && $0.isUsed == $1.isUsed
        }
    }

    /// Keeps a copy of one of the rows if it is time for one.
    /// - Parameters:
    ///   - rows: of this layout.
    ///   - now: nanoseconds of a clock that only goes forward.
    /// - Complexity: one relaxed load, mostly.
    @inline(__always)
    package func offer(_ rows: borrowing RowBatch, at now: UInt64) {
        if now < due.load(ordering: .relaxed) { return }
        take(rows, now)
    }

    @inline(never)
    private func take(_ rows: borrowing RowBatch, _ now: UInt64) {
        guard rows.rowCount > 0 else { return }
        due.store(now &+ Self.nanosecondsApart, ordering: .relaxed)
        // Any row would do; by the time it is not always the first of a batch.
        let row = Int(now >> 10 & 0xffff) % rows.rowCount
        _ = halves.withLockIfAvailable { halves in
            if halves.younger.rowCount >= Self.rowsMax / 2 || halves.younger.stringByteCount >= Self.stringBytesMax {
                swap(&halves.younger, &halves.older)
                halves.younger.removeAll()
            }
            let mark = halves.younger.mark()
            halves.younger.appendRow(row, of: rows)
            // One row of a megabyte would be all that is remembered.
            if halves.younger.stringByteCount > 2 * Self.stringBytesMax { halves.younger.rollback(to: mark) }
        }
    }

    /// A copy of what is kept, the older rows first.
    package func copy() -> RowBatch {
        halves.withLock { halves in
            var rows = RowBatch(
                layout: layout, rowCapacity: halves.older.rowCount + halves.younger.rowCount)
            for row in 0..<halves.older.rowCount { rows.appendRow(row, of: halves.older) }
            for row in 0..<halves.younger.rowCount { rows.appendRow(row, of: halves.younger) }
            return rows
        }
    }
}
