internal import TensorCore

/// Moves numbers between records, tiles and outputs. Each function checks its ranges once, and no access after that.
enum TileCopy {
    /// `count` numbers from `offset` on to `target[start...]`. The source is only read: `inout` spares the count of its
    /// readers.
    static func copy<Element>(
        _ source: inout [Element], from offset: Int, count: Int, to target: inout [Element], at start: Int
    ) {
        precondition(offset >= 0 && start >= 0 && count >= 0, "places within the arrays")
        precondition(offset <= source.count &- count && start <= target.count &- count, "room in both")
        let source = source.span
        var target = target.mutableSpan
        for index in 0..<count {
            unsafe target[unchecked: start &+ index] = source[unchecked: offset &+ index]
        }
    }

    /// The bits of doubles to `target[offset...]`.
    static func copyNumbers(_ slots: Span<UInt64>, to target: inout [Double], at offset: Int) {
        precondition(offset >= 0 && offset + slots.count <= target.count)
        var target = target.mutableSpan
        for index in 0..<slots.count {
            unsafe target[unchecked: offset &+ index] = Double(bitPattern: slots[unchecked: index])
        }
    }

    /// Some columns of each record to `target[offset...]`, row after row.
    static func gatherNumbers(
        _ slots: Span<UInt64>, rowCount: Int, rowWidth: Int, columns: [Int32], to target: inout [Double],
        at offset: Int
    ) {
        let count = columns.count
        precondition(rowCount * rowWidth <= slots.count && offset >= 0 && offset + rowCount * count <= target.count)
        let columns = columns.span
        var target = target.mutableSpan
        for row in 0..<rowCount {
            for position in 0..<count {
                // The columns are the model's, not the caller's: one look each costs nothing that can be measured.
                let bits = slots[row &* rowWidth &+ Int(columns[position])]
                unsafe target[unchecked: offset &+ row &* count &+ position] = Double(bitPattern: bits)
            }
        }
    }

    /// A block of columns within one array, from rows `sourceStride` wide to rows `targetStride` wide.
    static func move(
        _ numbers: inout [Double], rowCount: Int, columnCount: Int, from source: Int, stride sourceStride: Int,
        to target: Int, stride targetStride: Int
    ) {
        guard rowCount > 0, columnCount > 0 else { return }
        precondition(source >= 0 && source + (rowCount - 1) * sourceStride + columnCount <= numbers.count)
        precondition(target >= 0 && target + (rowCount - 1) * targetStride + columnCount <= numbers.count)
        var numbers = numbers.mutableSpan
        for row in 0..<rowCount {
            let from = source &+ row &* sourceStride
            let to = target &+ row &* targetStride
            for column in 0..<columnCount {
                unsafe numbers[unchecked: to &+ column] = numbers[unchecked: from &+ column]
            }
        }
    }
}
