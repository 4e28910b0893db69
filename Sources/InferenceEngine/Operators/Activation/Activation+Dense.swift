internal import ModelIR

/// The functions of dense models.
extension Activation {
    /// As `apply`, for the cases of that block.
    func applyDense<Scalar: ActivationScalar>(to values: inout [Scalar], at range: Range<Int>, output: Int) {
        let shift = output - range.lowerBound
        switch self {
        case .relu:
            // NaN passes, as in NumPy's maximum.
            for index in range { values[index + shift] = values[index] < 0 ? 0 : values[index] }
        case .tanh:
            for index in range { values[index + shift] = Scalar.hyperbolicTangent(values[index]) }
        case .cosine:
            for index in range { values[index + shift] = Scalar.cosine(values[index]) }
        case .logSumExp:
            values[output] = Self.logSumExp(of: values, at: range)
        case .logSoftmax:
            let total = Self.logSumExp(of: values, at: range)
            for index in range { values[index + shift] = values[index] - total }
        default: preconditionFailure("apply() hands on the cases of dense models only")
        }
    }

    /// SciPy's `logsumexp`: the maximum comes out of the sum, unless it is infinite.
    private static func logSumExp<Scalar: ActivationScalar>(of values: [Scalar], at range: Range<Int>) -> Scalar {
        let maximum = values[firstMaximum(of: values, at: range)]
        guard maximum.isFinite else { return maximum }
        var sum: Scalar = 0
        for index in range { sum += Scalar.exponential(values[index] - maximum) }
        return maximum + Scalar.logarithm(sum)
    }
}
