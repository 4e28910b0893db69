/// Why a row has no prediction, though its request could be decoded.
package struct RowFault: Error, Sendable, Hashable {
    package enum Reason: Sendable, Hashable {
        /// The model's encoder was fitted with `handle_unknown="error"` and has not seen this category.
        case unknownCategory
        /// The library narrows this column to float32 and refuses what does not fit.
        case exceedsFloat32
        /// This column holds an infinite number, or a step before the model makes one of it, which the library refuses.
        case infinite
        /// The model has no rule for a missing value in this column.
        case missingValue
        /// Points of the training data are equally far from the row, and which of them the library takes cannot be
        /// told.
        case tie
    }

    package let row: Int
    /// The input column.
    package let column: Int
    package let reason: Reason

    package init(row: Int, column: Int, reason: Reason) {
        self.row = row
        self.column = column
        self.reason = reason
    }
}

/// The numbers of one output for all rows of a batch, row-major. Only the array of the output's element type is used.
package struct OutputValues: Sendable {
    package var float64: [Double] = []
    package var float32: [Float] = []
    /// Indices into the output's `ClassLabels`; of several targets, each into those of its own.
    package var labels: [Int32] = []

    package init() {}

    fileprivate mutating func resize(to count: Int, of element: ElementType?) {
        switch element {
        case .float32: Self.resize(&float32, to: count, filler: 0)
        case .some: Self.resize(&float64, to: count, filler: 0)
        case nil: Self.resize(&labels, to: count, filler: 0)
        }
    }

    private static func resize<Element>(_ array: inout [Element], to count: Int, filler: Element) {
        if array.count > count {
            array.removeLast(array.count - count)
        } else {
            array.reserveCapacity(count)
            while array.count < count { array.append(filler) }
        }
    }
}

/// The outputs of a predictor for a batch: one `OutputValues` a field of the signature, in its order.
/// Made once and used again; growing keeps its storage.
package struct OutputBatch: ~Copyable, Sendable {
    package let fields: [OutputField]
    package private(set) var rowCount = 0
    package var values: [OutputValues]
    /// Rows without a valid prediction, in ascending order of row; mostly empty.
    package var faults: [RowFault] = []
    /// What the fields say of their numbers: copying a field counts its labels up and down.
    private let shapes: [(element: ElementType?, width: Int)]

    package init(fields: [OutputField]) {
        self.fields = fields
        shapes = fields.map { ($0.kind.element, $0.width) }
        values = fields.map { _ in OutputValues() }
    }

    /// Makes room for `rowCount` rows and forgets the faults. A predictor calls it first.
    package mutating func reset(rowCount: Int) {
        if !faults.isEmpty { faults.removeAll(keepingCapacity: true) }
        // Single rows come one after the other: there is nothing to do for the next one.
        guard rowCount != self.rowCount else { return }
        self.rowCount = rowCount
        for index in shapes.indices {
            values[index].resize(to: rowCount * shapes[index].width, of: shapes[index].element)
        }
    }

    /// The first fault of a request's rows, if there is one.
    /// - Complexity: O(log faults).
    package func firstFault(in rows: Range<Int>) -> RowFault? {
        var low = 0
        var high = faults.count
        while low < high {
            let middle = (low + high) / 2
            if faults[middle].row < rows.lowerBound { low = middle + 1 } else { high = middle }
        }
        guard low < faults.count, faults[low].row < rows.upperBound else { return nil }
        return faults[low]
    }
}
