internal import ModelIR

/// What one column of a value is, in terms of the record: the folder follows each column through a preprocessing graph.
enum LinearColumn {
    case number(FoldedNumber)
    /// Text of an input column, and what takes its place where it is missing.
    case text(inputColumn: Int, replacement: String?)
    /// `on` where the encoder's table `table` sets this indicator, else `off`.
    case indicator(table: Int, index: Int, off: Double, on: Double)
}

/// `clamp((x - center) * factor + constant, lower, upper)` of an input column x, or `missing` where it is missing.
///
/// The centre is kept apart, since x * factor - center * factor would cancel where the mean is large beside the spread.
struct FoldedNumber {
    let inputColumn: Int
    private(set) var center = 0.0
    private(set) var factor = 1.0
    private(set) var constant = 0.0
    private(set) var lower = -Double.infinity
    private(set) var upper = Double.infinity
    /// The value for a missing input; nil while nothing has imputed it.
    private(set) var missing: Double?

    init(inputColumn: Int) {
        self.inputColumn = inputColumn
    }

    var isClamped: Bool { lower > -.infinity || upper < .infinity }
    /// Whether it still is the input itself, where not missing.
    var isIdentity: Bool { center == 0 && factor == 1 && constant == 0 && !isClamped }
    /// Whether the form is sound: with a factor of zero or infinity nothing can be told back from the value.
    var isFoldable: Bool { factor.isNormal && center.isFinite && constant.isFinite }

    mutating func impute(_ replacement: Double) {
        if missing == nil { missing = replacement }
    }

    mutating func scale(_ scaler: Scaler, column: Int) {
        let offset = scaler.offset[column]
        let scale = scaler.scale[column]
        missing = missing.map { scaler.scaled($0, column: column) }
        switch scaler.form {
        case .subtractDivide:
            if isIdentity { center = offset } else { constant = (constant - offset) / scale }
            factor /= scale
            (lower, upper) = ((lower - offset) / scale, (upper - offset) / scale)
        case .multiplyAdd:
            constant = constant * scale + offset
            factor *= scale
            (lower, upper) = (lower * scale + offset, upper * scale + offset)
        }
        if scale < 0 { swap(&lower, &upper) }
        if let clip = scaler.clip {
            lower = min(max(lower, clip.lowerBound), clip.upperBound)
            upper = min(max(upper, clip.lowerBound), clip.upperBound)
        }
    }
}
