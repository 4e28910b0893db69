internal import ModelIR
internal import TensorCore

/// Functions of each number of a row for itself, bit-equal to the operators' references. Each checks its ranges once,
/// and no access after that.
enum ElementKernel {
    /// `scaler.scale.count` numbers from `source` on, to `target` on.
    static func scale(_ numbers: inout [Double], from source: Int, to target: Int, _ scaler: Scaler) {
        let count = scaler.scale.count
        precondition(source >= 0 && target >= 0 && max(source, target) + count <= numbers.count)
        precondition(scaler.offset.count == count)
        var numbers = numbers.mutableSpan
        let offsets = scaler.offset.span
        let scales = scaler.scale.span
        switch scaler.form {
        case .subtractDivide:
            for column in 0..<count {
                unsafe numbers[unchecked: target &+ column] =
                    (numbers[unchecked: source &+ column] - offsets[unchecked: column]) / scales[unchecked: column]
            }
        case .multiplyAdd:
            for column in 0..<count {
                unsafe numbers[unchecked: target &+ column] =
                    numbers[unchecked: source &+ column] * scales[unchecked: column] + offsets[unchecked: column]
            }
        }
        guard let clip = scaler.clip else { return }
        for column in 0..<count {
            // NaN passes both.
            if numbers[target + column] < clip.lowerBound { numbers[target + column] = clip.lowerBound }
            if numbers[target + column] > clip.upperBound { numbers[target + column] = clip.upperBound }
        }
    }

    /// `imputer.replacements.count` numbers from `source` on, to `target` on.
    static func impute(_ numbers: inout [Double], from source: Int, to target: Int, _ imputer: Imputer) {
        let count = imputer.replacements.count
        precondition(source >= 0 && target >= 0 && max(source, target) + count <= numbers.count)
        var numbers = numbers.mutableSpan
        let replacements = imputer.replacements.span
        let missing = imputer.missingValue
        let isNaN = missing.isNaN
        for column in 0..<count {
            let value = unsafe numbers[unchecked: source &+ column]
            let isMissing = isNaN ? value != value : value == missing
            unsafe numbers[unchecked: target &+ column] = isMissing ? replacements[unchecked: column] : value
        }
    }
}
