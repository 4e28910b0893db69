/// Rows of a matrix in panels of eight, column by column within a panel, for the kernels of `dense.h`. The last panel
/// is filled up with its last row.
///
/// Unchecked access: the initialiser checks that the rows and their weights are as many as said, and all that is
/// written lies in the array that it made for them.
struct PackedPanels: Sendable {
    static let rowsOfPanel = 8

    /// Rows, without those that fill up.
    let count: Int
    let width: Int
    /// Numbers of a panel.
    let panelStride: Int
    /// The panels begin at `start`, where a cache line does.
    let numbers: [Double]
    let start: Int

    var panelCount: Int { (count + Self.rowsOfPanel - 1) / Self.rowsOfPanel }
    var byteCount: Int { numbers.count * 8 }

    /// - Parameters:
    ///   - rows: row-major.
    ///   - picks: the rows to take, in their order.
    ///   - weights: a weight for each element, packed behind each panel; empty for none.
    init(_ rows: [Double], picks: [Int], width: Int, weights: [Double] = []) {
        precondition(width >= 0 && picks.allSatisfy { $0 >= 0 && ($0 + 1) * width <= rows.count }, "rows of the matrix")
        precondition(weights.isEmpty || weights.count == rows.count, "a weight for each element")
        let panelCount = (picks.count + Self.rowsOfPanel - 1) / Self.rowsOfPanel
        let ownStride = width * Self.rowsOfPanel
        let panelStride = weights.isEmpty ? ownStride : 2 * ownStride
        var numbers = [Double](repeating: 0, count: panelCount * panelStride + 8)
        let start = CacheLine.firstElement(of: &numbers)
        for place in 0..<panelCount * Self.rowsOfPanel {
            let row = picks[min(place, picks.count - 1)]
            let panel = start + place / Self.rowsOfPanel * panelStride + place % Self.rowsOfPanel
            for column in 0..<width {
                let target = panel + column * Self.rowsOfPanel
                numbers[target] = rows[row * width + column]
                if !weights.isEmpty { numbers[target + ownStride] = weights[row * width + column] }
            }
        }
        count = picks.count
        self.width = width
        self.panelStride = panelStride
        self.numbers = numbers
        self.start = start
    }

    /// All rows of a matrix.
    init(_ rows: [Double], count: Int, width: Int, weights: [Double] = []) {
        self.init(rows, picks: Array(0..<count), width: width, weights: weights)
    }
}

/// Vectors that straddle two cache lines cost two loads.
enum CacheLine {
    /// The first element of an array that lies at the beginning of a cache line; the array is some elements longer than
    /// it need be. It only makes loads faster: nothing else depends on where the array lies.
    static func firstElement<Element>(of numbers: inout [Element]) -> Int {
        let size = MemoryLayout<Element>.stride
        return unsafe numbers.withUnsafeMutableBufferPointer { buffer in
            let address = Int(bitPattern: buffer.baseAddress)
            return (64 - address % 64) % 64 / size
        }
    }
}
