/// The kernel e^(-gamma |x - y|^2) as a power of one product, of which it is computed twice as fast:
///
///     -gamma |x - y|^2 = [x, 1, -gamma |x|^2] . [2 gamma y, -gamma |y|^2, 1]
///
/// What cancels is lost, so that rows are taken only up to a length where the errors of all kernel values, each times
/// its coefficient, cannot sum up to more than 2^-33: a tenth of what our answers may differ from the library's.
struct GaussianProducts: Sendable {
    /// Of the references with both numbers behind each.
    let panels: PackedPanels
    let gamma: Double
    /// The greatest squared length of a row that may be computed so.
    let squareMax: Double

    static let extraColumns = 2

    private static let errorMax = 0x1p-33
    private static let roundingUnit = 0x1p-53
    /// The error of a kernel value beside that of its power.
    private static let powerError = 0x1p-48

    /// - Parameters:
    ///   - references: row-major, of which `picks` are packed in their order.
    ///   - weight: the sum of the coefficients' magnitudes.
    /// - Returns: nil if the references are too far from zero, or the coefficients too large.
    init?(_ references: [Double], picks: [Int], width: Int, gamma: Double, weight: Double) {
        let count = width == 0 ? 0 : references.count / width
        let newWidth = width + Self.extraColumns
        var extended = [Double](repeating: 0, count: count * newWidth)
        var largest = 0.0
        for row in 0..<count {
            var square = 0.0
            for column in 0..<width {
                let number = references[row * width + column]
                square += number * number
                extended[row * newWidth + column] = 2 * gamma * number
            }
            extended[row * newWidth + width] = -gamma * square
            extended[row * newWidth + width + 1] = 1
            // False for NaN, too.
            guard square < .infinity else { return nil }
            largest = max(largest, square)
        }
        // Each of the sum's terms is rounded once, and is at most gamma (|x|^2 + |y|^2).
        let errorOfOne = Self.errorMax / weight - Self.powerError
        let squareMax = errorOfOne / (Self.roundingUnit * Double(newWidth + 4) * gamma) - largest
        guard count > 0, squareMax > 0, squareMax < .infinity else { return nil }
        panels = PackedPanels(extended, picks: picks, width: newWidth)
        self.gamma = gamma
        self.squareMax = squareMax
    }

    /// Writes the rows with their two numbers to `target`, one after the other.
    /// - Returns: a bit for each row that is too long, or has a number that is not finite.
    func extend(
        _ numbers: inout [Double], rows source: Int, rowCount: Int, width: Int, to target: Int
    ) -> UInt64 {
        let newWidth = width + Self.extraColumns
        precondition(newWidth == panels.width && rowCount >= 0 && rowCount <= Tile.rowsMax, "rows of this width")
        precondition(source >= 0 && source + rowCount * width <= numbers.count, "rows within the array")
        precondition(target >= 0 && target + rowCount * newWidth <= numbers.count, "room for the longer rows")
        var numbers = numbers.mutableSpan
        var tooLong: UInt64 = 0
        for row in 0..<rowCount {
            var square = 0.0
            for column in 0..<width {
                let number = unsafe numbers[unchecked: source &+ row &* width &+ column]
                square += number * number
                unsafe numbers[unchecked: target &+ row &* newWidth &+ column] = number
            }
            unsafe numbers[unchecked: target &+ row &* newWidth &+ width] = 1
            unsafe numbers[unchecked: target &+ row &* newWidth &+ width &+ 1] = -gamma * square
            if !(square <= squareMax) { tooLong |= 1 << UInt64(row) }
        }
        return tooLong
    }
}
