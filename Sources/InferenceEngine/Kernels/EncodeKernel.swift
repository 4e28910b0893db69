/// Writes what encoders make of the categories that were found for a tile's rows. Each function checks its ranges once,
/// and no access after that.
enum EncodeKernel {
    /// What an unknown category is marked by among those found.
    static let unknown: Int32 = -1

    /// Sets the indicator of each row's category, if it has one: `indicators` holds a column within the row for each
    /// category, or -1, and `unknownIndicator` one for the unknown, -2 where these are refused.
    /// - Returns: a bit for each row that is refused.
    static func setIndicators(
        _ found: [Int32], at first: Int, rowCount: Int, indicators: [Int32], unknownIndicator: Int32,
        in numbers: inout [Double], at offset: Int, stride: Int
    ) -> UInt64 {
        check(found, first, rowCount, numbers, offset, stride)
        let found = found.span
        let indicators = indicators.span
        var numbers = numbers.mutableSpan
        var refused: UInt64 = 0
        for row in 0..<rowCount {
            let category = unsafe Int(found[unchecked: first &+ row])
            let indicator =
                category >= 0 && category < indicators.count
                ? unsafe indicators[unchecked: category] : unknownIndicator
            if indicator >= 0 {
                numbers[offset &+ row &* stride &+ Int(indicator)] = 1
            } else if indicator == -2 {
                refused |= 1 << UInt64(row)
            }
        }
        return refused
    }

    /// Writes the code of each row's category, or of unknown ones; nil where these are refused.
    /// - Returns: a bit for each row that is refused.
    static func setCodes(
        _ found: [Int32], at first: Int, rowCount: Int, codes: [Double], unknownCode: Double?,
        in numbers: inout [Double], at offset: Int, stride: Int
    ) -> UInt64 {
        check(found, first, rowCount, numbers, offset, stride)
        let found = found.span
        let codes = codes.span
        var numbers = numbers.mutableSpan
        var refused: UInt64 = 0
        for row in 0..<rowCount {
            let category = unsafe Int(found[unchecked: first &+ row])
            if category >= 0, category < codes.count {
                unsafe numbers[unchecked: offset &+ row &* stride] = codes[unchecked: category]
            } else if let unknownCode {
                unsafe numbers[unchecked: offset &+ row &* stride] = unknownCode
            } else {
                refused |= 1 << UInt64(row)
            }
        }
        return refused
    }

    /// Sets `count` numbers to zero.
    static func clear(_ numbers: inout [Double], at offset: Int, count: Int) {
        precondition(offset >= 0 && count >= 0 && offset + count <= numbers.count)
        var numbers = numbers.mutableSpan
        for index in offset..<offset &+ count { unsafe numbers[unchecked: index] = 0 }
    }

    private static func check(
        _ found: [Int32], _ first: Int, _ rowCount: Int, _ numbers: [Double], _ offset: Int, _ stride: Int
    ) {
        precondition(rowCount >= 0 && rowCount <= Tile.rowsMax && first >= 0 && first + rowCount <= found.count)
        precondition(offset >= 0 && stride >= 0)
        precondition(rowCount == 0 || offset + (rowCount - 1) * stride < numbers.count)
    }
}
