internal import CKernels
internal import ModelIR

/// An activation that the packed kernels compute, in float64, within 3 ulp of the C library's.
enum PackedActivation: Sendable, Equatable {
    case each(vencejo_function)
    case softmax, logSumExp, logSoftmax

    /// nil where the kernels have no form for it.
    init?(_ activation: Activation) {
        switch activation {
        case .logistic: self = .each(VENCEJO_LOGISTIC)
        case .logisticInOneForm: self = .each(VENCEJO_LOGISTIC_ONE_FORM)
        case .exp: self = .each(VENCEJO_EXP)
        case .tanh: self = .each(VENCEJO_TANH)
        case .relu: self = .each(VENCEJO_RELU)
        case .softmax: self = .softmax
        case .logSumExp: self = .logSumExp
        case .logSoftmax: self = .logSoftmax
        case .normalizeSum, .normalizePositiveSum, .normalizeSumOrUniform, .subtractMean, .step, .argMaxValue,
            .softplus, .signedSquare, .cosine:
            return nil
        }
    }

    /// About what a row of so many numbers costs, alone and among many.
    func nanosecondsPerRow(width: Int) -> (one: Double, many: Double) {
        let numbers = Double(width)
        switch self {
        case .each(VENCEJO_RELU): return (20 + 0.2 * numbers, 0.5 + 0.2 * numbers)
        case .each: return (25 + 1.2 * numbers, 1 + 1.2 * numbers)
        case .softmax: return (40 + 4 * numbers, 8 + 4 * numbers)
        case .logSumExp, .logSoftmax: return (60 + 3 * numbers, 40 + 3 * numbers)
        }
    }
}
