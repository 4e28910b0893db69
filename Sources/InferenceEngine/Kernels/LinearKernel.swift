internal import TensorCore

/// Weighted sums of centred numbers.
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

    /// Writes the centred numbers of one row to `target[offset...]`.
    static func center(
        _ terms: Terms, row: Int, of rows: borrowing RowBatch, target: inout [Double], offset: Int
    ) {
        let width = rows.layout.width
        let count = terms.count
        precondition(offset >= 0 && offset + count <= target.count, "room for the centred numbers")
        precondition(!terms.areInOrder || count <= width, "the row's first columns")
        let record = rows.slotSpan.extracting(row * width..<(row + 1) * width)
        let centers = terms.centers.span
        let missing = terms.missing.span
        precondition(centers.count == count && missing.count == count)
        var centred = target.mutableSpan
        if terms.areInOrder {
            for term in 0..<count {
                let value = unsafe Double(bitPattern: record[unchecked: term])
                let difference = unsafe value - centers[unchecked: term]
                unsafe centred[unchecked: offset &+ term] = value != value ? missing[unchecked: term] : difference
            }
        } else {
            let columns = terms.columns.span
            for term in 0..<count {
                let value = unsafe Double(bitPattern: record[Int(columns[unchecked: term])])
                let difference = unsafe value - centers[unchecked: term]
                unsafe centred[unchecked: offset &+ term] = value != value ? missing[unchecked: term] : difference
            }
        }
        for term in terms.integerTerms {
            let column = Int(terms.columns[term])
            centred[offset + term] =
                rows.isMissing(row: row, column: column)
                ? terms.missing[term] : Double(rows.int64(row: row, column: column)) - terms.centers[term]
        }
        guard !terms.lowerBounds.isEmpty else { return }
        for term in 0..<count {
            // NaN passes both.
            if centred[offset + term] < terms.lowerBounds[term] { centred[offset + term] = terms.lowerBounds[term] }
            if centred[offset + term] > terms.upperBounds[term] { centred[offset + term] = terms.upperBounds[term] }
        }
    }

    /// The sum of `values[offset ..< offset + count]` times `weights[start ..< start + count]`, in eight partial sums.
    static func dot(_ values: [Double], offset: Int, _ weights: [Double], start: Int, count: Int) -> Double {
        precondition(offset >= 0 && start >= 0 && count >= 0, "ranges within the arrays")
        precondition(count <= values.count - offset && count <= weights.count - start, "ranges within the arrays")
        let values = values.span
        let weights = weights.span
        var low = SIMD4<Double>()
        var high = SIMD4<Double>()
        var index = 0
        while index &+ 8 <= count {
            unsafe low += four(values, offset &+ index) * four(weights, start &+ index)
            unsafe high += four(values, offset &+ index &+ 4) * four(weights, start &+ index &+ 4)
            index &+= 8
        }
        var sum = (low + high).sum()
        while index < count {
            unsafe sum += values[unchecked: offset &+ index] * weights[unchecked: start &+ index]
            index &+= 1
        }
        return sum
    }

    @inline(always)
    @unsafe
    private static func four(_ span: Span<Double>, _ index: Int) -> SIMD4<Double> {
        unsafe SIMD4(
            span[unchecked: index], span[unchecked: index &+ 1], span[unchecked: index &+ 2],
            span[unchecked: index &+ 3])
    }
}
