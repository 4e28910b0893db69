/// Where each column of a model lies in a row, and how to find it by name. Made once for a model and shared.
package final class RowLayout: Sendable {
    package let columns: [Column]
    /// How records by name are matched with the columns.
    package let recordPolicy: RecordPolicy
    package var width: Int { columns.count }
    /// 64-bit words of the missing bitmap a row; 0 when every column is `float64`, whose missing value is NaN.
    package let missingWordsPerRow: Int
    /// Every column is `float64` and used: a row of plain numbers needs no look at its columns.
    package let isAllDoubles: Bool
    /// Some column holds text, whose bytes lie in a batch's arena.
    package let hasStrings: Bool

    /// The names' bytes, one after the other, and where each begins (one more entry than columns).
    private let nameBytes: [UInt8]
    private let nameStarts: [Int]
    /// Open addressing with linear probing; -1 is an empty place. The size is a power of two, at least twice the names.
    private let table: [Int32]
    private let takesBlanks: Bool
    /// Rows of a fresh batch start as this: NaN in every slot.
    let emptySlot = Double.nan.bitPattern

    package init(columns: [Column], recordPolicy: RecordPolicy = RecordPolicy()) {
        self.columns = columns
        self.recordPolicy = recordPolicy
        takesBlanks = columns.contains(where: \.takesBlanksForUnderscores)
        isAllDoubles = columns.allSatisfy { $0.kind == .float64 && $0.isUsed }
        hasStrings = columns.contains { $0.kind == .string }
        let hasBitmap = columns.contains { $0.kind != .float64 }
        missingWordsPerRow = hasBitmap ? (columns.count + 63) / 64 : 0

        var bytes: [UInt8] = []
        var starts = [0]
        for column in columns {
            bytes.append(contentsOf: (column.name ?? "").utf8)
            starts.append(bytes.count)
        }
        var size = 4
        while size < columns.count * 2 { size *= 2 }
        var table = [Int32](repeating: -1, count: size)
        for (index, column) in columns.enumerated() {
            guard column.name != nil else { continue }
            let range = starts[index]..<starts[index + 1]
            var place = Self.hash(bytes.span.extracting(range)) & (size - 1)
            while table[place] >= 0 { place = (place + 1) & (size - 1) }
            table[place] = Int32(index)
        }
        nameBytes = bytes
        nameStarts = starts
        self.table = table
    }

    /// The column of that name. `hint` is the column to try first: records mostly come in the training frame's order.
    ///
    /// - Complexity: O(name) expected.
    package func index(ofName name: Span<UInt8>, hint: Int) -> Int? {
        if hint >= 0, hint < columns.count, matches(name, column: hint) { return hint }
        if let index = find(name, blank: UInt8(ascii: " ")) { return index }
        // A name that is there as it stands is that one; then its blanks may be underscores.
        guard takesBlanks, let index = find(name, blank: UInt8(ascii: "_")) else { return nil }
        return columns[index].takesBlanksForUnderscores ? index : nil
    }

    /// The column of that name with `blank` for each blank.
    private func find(_ name: Span<UInt8>, blank: UInt8) -> Int? {
        let mask = table.count - 1
        var place = Self.hash(name, blank: blank) & mask
        while true {
            let candidate = Int(table[place])
            if candidate < 0 { return nil }
            if matches(name, column: candidate, blank: blank) { return candidate }
            place = (place + 1) & mask
        }
    }

    /// The column of that name, by a `String`; for tests and cold paths.
    package func index(ofName name: String) -> Int? {
        let bytes = Array(name.utf8)
        return index(ofName: bytes.span, hint: -1)
    }

    private func matches(_ name: Span<UInt8>, column: Int, blank: UInt8 = UInt8(ascii: " ")) -> Bool {
        let start = nameStarts[column]
        guard columns[column].name != nil, nameStarts[column + 1] - start == name.count else { return false }
        for offset in 0..<name.count {
            let byte = name[offset] == UInt8(ascii: " ") ? blank : name[offset]
            if nameBytes[start + offset] != byte { return false }
        }
        return true
    }

    /// FNV-1a, 64 bits. The names are the model's, so nobody outside chooses what collides in the table.
    private static func hash(_ bytes: Span<UInt8>, blank: UInt8 = UInt8(ascii: " ")) -> Int {
        var state: UInt64 = 0xcbf2_9ce4_8422_2325
        for index in bytes.indices {
            let byte = bytes[index] == UInt8(ascii: " ") ? blank : bytes[index]
            state = (state ^ UInt64(byte)) &* 0x0000_0100_0000_01b3
        }
        return Int(truncatingIfNeeded: state ^ (state >> 32))
    }
}
