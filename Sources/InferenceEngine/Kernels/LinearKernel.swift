internal import CKernels
internal import TensorCore

/// Centred numbers of a tile's records, and the weights of their categories.
///
/// Unchecked access: the tables of `Terms` are checked against each other and the record in `center`, the ranges of the
/// arrays in each function.
enum LinearKernel {
    /// The numeric part of a folded linear model, one entry a term.
    struct Terms: Sendable {
        /// The row's column of each term, and whether they are the row's first columns in order.
        var columns: [Int32] = []
        var areInOrder = false
        /// What is taken from a number before it is weighed.
        var centers: [Double] = []
        /// What takes the place of the centred number where it is missing; NaN where it must not be.
        var missing: [Double] = []
        /// Bounds of the centred number; both empty if no term has any.
        var lowerBounds: [Double] = []
        var upperBounds: [Double] = []
        /// Terms whose column holds 64-bit integers.
        var integerTerms: [Int] = []
        /// Row-major [outputs, terms].
        var weights: [Double] = []

        var count: Int { columns.count }
    }

    /// Writes the centred numbers of some rows, one row after the other, to `target[offset...]`.
    static func center(
        _ terms: Terms, firstRow: Int, rowCount: Int, of rows: borrowing RowBatch, target: inout [Double], offset: Int
    ) {
        let width = rows.layout.width
        let words = rows.layout.missingWordsPerRow
        let count = terms.count
        let boundCount = terms.lowerBounds.count
        precondition(firstRow >= 0 && rowCount >= 0 && firstRow + rowCount <= rows.rowCount, "rows of the batch")
        precondition(offset >= 0 && offset + rowCount * count <= target.count, "room for the centred numbers")
        precondition(terms.centers.count == count && terms.missing.count == count, "a centre for each term")
        precondition(boundCount == terms.upperBounds.count && (boundCount == 0 || boundCount == count), "bounds")
        precondition(terms.areInOrder ? count <= width : terms.hasColumns(below: width), "columns of the record")
        guard rowCount > 0, count > 0 else { return }
        unsafe rows.slotSpan.withUnsafeBufferPointer { slots in
            unsafe rows.missingSpan.withUnsafeBufferPointer { bitmap in
                unsafe target.withUnsafeMutableBufferPointer { target in
                    unsafe withNative(terms) { native in
                        guard let slots = slots.baseAddress, let target = target.baseAddress else { return }
                        let first = unsafe slots + firstRow * width
                        unsafe vencejo_center(
                            CPULevel.current.native, &native, first, width, rowCount, target + offset)
                        for term in terms.integerTerms {
                            let column = Int(terms.columns[term])
                            guard let bitmap = bitmap.baseAddress, words > column >> 6 else { continue }
                            var source = unsafe vencejo_column(
                                slots: first + column, stride: width,
                                missing: bitmap + firstRow * words + (column >> 6), missing_stride: words,
                                missing_bit: UInt32(column & 63), is_integer: 1)
                            unsafe vencejo_center_integers(
                                &native, term, &source, rowCount, target + offset + term, count)
                        }
                    }
                }
            }
        }
    }

    private static func withNative(_ terms: Terms, _ body: (inout vencejo_terms) -> Void) {
        unsafe terms.columns.withUnsafeBufferPointer { columns in
            unsafe terms.centers.withUnsafeBufferPointer { centers in
                unsafe terms.missing.withUnsafeBufferPointer { missing in
                    unsafe terms.lowerBounds.withUnsafeBufferPointer { lower in
                        unsafe terms.upperBounds.withUnsafeBufferPointer { upper in
                            let isBounded = !terms.lowerBounds.isEmpty
                            var native = unsafe vencejo_terms(
                                columns: terms.areInOrder ? nil : columns.baseAddress, centers: centers.baseAddress,
                                missing: missing.baseAddress, lower: isBounded ? lower.baseAddress : nil,
                                upper: isBounded ? upper.baseAddress : nil, count: terms.count)
                            unsafe body(&native)
                        }
                    }
                }
            }
        }
    }

    /// Adds to each row of scores the row of weights that was found for it; a negative one marks a row to pass over.
    /// - Returns: a bit for each row passed over.
    static func addRows(
        _ found: [Int32], at first: Int, rowCount: Int, weights: [Double], width: Int, to scores: inout [Double],
        at offset: Int
    ) -> UInt64 {
        precondition(rowCount <= Tile.rowsMax && first >= 0 && first + rowCount <= found.count, "what was found")
        precondition(offset >= 0 && offset + rowCount * width <= scores.count, "rows of scores")
        var passedOver: UInt64 = 0
        let weightRows = width == 0 ? 0 : weights.count / width
        let found = found.span
        let weights = weights.span
        var scores = scores.mutableSpan
        for row in 0..<rowCount {
            let index = unsafe Int(found[unchecked: first &+ row])
            guard index >= 0, index < weightRows else {
                passedOver |= 1 << UInt64(row)
                continue
            }
            for column in 0..<width {
                unsafe scores[unchecked: offset &+ row &* width &+ column] +=
                    weights[unchecked: index &* width &+ column]
            }
        }
        return passedOver
    }
}

extension LinearKernel.Terms {
    fileprivate func hasColumns(below width: Int) -> Bool {
        var isBelow = true
        for column in columns where column < 0 || Int(column) >= width { isBelow = false }
        return isBelow
    }
}
