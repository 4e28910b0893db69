/// Looks through the numbers that a tree ensemble reads.
enum ForestScan {
    /// Whether some of the numbers are NaN, or become infinite as float32.
    static func unusual(_ numbers: [Double], _ range: Range<Int>) -> (hasNaN: Bool, exceedsFloat32: Bool) {
        precondition(range.lowerBound >= 0 && range.upperBound <= numbers.count, "the row's numbers")
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
