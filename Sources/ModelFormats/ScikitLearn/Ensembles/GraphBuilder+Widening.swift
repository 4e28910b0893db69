internal import ModelIR

/// Members that answer in float32 (XGBoost's): NumPy widens them where they meet float64, and keeps float32 among
/// themselves.
extension GraphBuilder {
    /// A member's methods in float64.
    mutating func widened(_ methods: EstimatorMethods, path: String) -> EstimatorMethods {
        var result = methods
        if case .numbers(let value, let width, let isVector) = methods.prediction {
            result.prediction = .numbers(widened(value, width: width, path: path), width: width, isVector: isVector)
        }
        if let value = methods.probabilities {
            result.probabilities = widened(value, width: width(of: value), path: path)
        }
        if let numbers = methods.labelProbabilities {
            let value = widened(numbers.value, width: numbers.width, path: path)
            result.labelProbabilities = EstimatorMethods.Numbers(value: value, width: numbers.width)
        }
        if let decision = methods.decision {
            let value = widened(decision.value, width: decision.width, path: path)
            result.decision = EstimatorMethods.Numbers(value: value, width: decision.width)
        }
        return result
    }

    /// A value in float64.
    mutating func widened(_ value: ValueID, width: Int, path: String) -> ValueID {
        isNarrow(value) ? add(.widen, [value], width: width, path: path) : value
    }

    /// The mean of the members, as NumPy's `mean` gives it: in float32 where all of them do, each sum rounded.
    mutating func memberMean(_ terms: [ValueID], width: Int, path: String) -> ValueID {
        guard terms.allSatisfy({ isWidened($0) }) else {
            let mean = Combination(count: terms.count, divisor: Double(terms.count))
            return add(.combination(mean), terms, width: width, path: path)
        }
        // Rounding what float64 gives of two float32 numbers is float32's own arithmetic.
        var sum = terms[0]
        for term in terms.dropFirst() {
            sum = add(.combination(Combination(count: 2)), [sum, term], width: width, path: path)
            sum = add(.elementwise(.float32), [sum], width: width, path: path)
        }
        let mean = divide(sum, by: Double(terms.count), width: width, path: path)
        return add(.elementwise(.float32), [mean], width: width, path: path)
    }
}
