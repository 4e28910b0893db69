/// Turns rows into the keys that the forest's nodes compare: slot 0 is the smallest key, then come the columns with
/// missing values that go left, then the same columns with missing values that go right.
enum ForestKeys {
    /// Keys of a row.
    static func slotCount(columnCount: Int) -> Int { 1 + 2 * columnCount }

    /// Expands `rowCount` rows of `columnCount` numbers each, from `numbers[offset...]` to `keys[keysAt...]`.
    static func expand<Key: ForestKey>(
        _ numbers: [Double], at offset: Int, rowCount: Int, columnCount: Int, narrowsToFloat32: Bool,
        keys: inout [Key], keysAt: Int
    ) {
        let stride = slotCount(columnCount: columnCount)
        precondition(rowCount >= 0 && offset >= 0 && offset + rowCount * columnCount <= numbers.count, "the rows")
        precondition(keysAt >= 0 && keysAt + rowCount * stride <= keys.count, "the rows' keys")
        let numbers = numbers.span
        var expanded = keys.mutableSpan
        for row in 0..<rowCount {
            let source = offset &+ row &* columnCount
            let first = keysAt &+ row &* stride
            unsafe expanded[unchecked: first] = .min
            let goingLeft = first &+ 1
            let goingRight = goingLeft &+ columnCount
            for column in 0..<columnCount {
                let value = unsafe numbers[unchecked: source &+ column]
                let isMissing = value != value
                let key = narrowsToFloat32 ? Key.key(Double(Float(value))) : Key.key(value)
                unsafe expanded[unchecked: goingLeft &+ column] = isMissing ? .min : key
                unsafe expanded[unchecked: goingRight &+ column] = isMissing ? .max : key
            }
        }
    }

    /// Whether some of the numbers are NaN, or become infinite as float32.
    static func unusual(_ numbers: [Double], _ range: Range<Int>) -> (hasNaN: Bool, exceedsFloat32: Bool) {
        precondition(range.upperBound <= numbers.count)
        let numbers = numbers.span
        var hasNaN = false
        var exceedsFloat32 = false
        for index in range {
            let narrow = unsafe Float(numbers[unchecked: index])
            hasNaN = hasNaN || narrow != narrow
            exceedsFloat32 = exceedsFloat32 || narrow.magnitude == .infinity
        }
        return (hasNaN, exceedsFloat32)
    }
}
