internal import ModelIR
internal import TensorCore

extension Activation: ReferenceEvaluation {
    func evaluate(
        _ operands: ReferenceOperands, row: Int, of rows: borrowing RowBatch, in workspace: Workspace
    ) throws(RowFault) {
        let input = operands.input
        let output = operands.output.offset
        if input.kind == .float32 {
            apply(to: &workspace.floats, at: input.range, output: output)
        } else {
            apply(to: &workspace.doubles, at: input.range, output: output)
        }
    }

    /// Applies the function to one row that lies in `values` at `range`, and writes to `output` and on.
    func apply<Scalar: ActivationScalar>(to values: inout [Scalar], at range: Range<Int>, output: Int) {
        switch self {
        case .logistic:
            for index in range { values[output + index - range.lowerBound] = Scalar.logistic(values[index]) }
        case .exp:
            for index in range { values[output + index - range.lowerBound] = Scalar.exponential(values[index]) }
        case .step:
            for index in range { values[output + index - range.lowerBound] = values[index] > 0 ? 1 : 0 }
        case .softmax:
            let maximum = values[Self.firstMaximum(of: values, at: range)]
            var sum: Scalar.SoftmaxSum = 0
            for index in range {
                let power = Scalar.exponential(values[index] - maximum)
                values[output + index - range.lowerBound] = power
                sum += Scalar.SoftmaxSum(power)
            }
            let divisor = Scalar(sum)
            for index in output..<output + range.count { values[index] /= divisor }
        case .normalizeSum:
            var sum: Scalar = 0
            for index in range { sum += values[index] }
            for index in range { values[output + index - range.lowerBound] = values[index] / sum }
        case .normalizePositiveSum, .normalizeSumOrUniform:
            var sum: Scalar = 0
            for index in range { sum += values[index] }
            let uniform: Scalar = self == .normalizeSumOrUniform ? 1 / Scalar(range.count) : 0
            for index in range {
                values[output + index - range.lowerBound] = sum == 0 ? uniform : values[index] / sum
            }
        case .subtractMean:
            var sum: Scalar = 0
            for index in range { sum += values[index] }
            let mean = sum / Scalar(range.count)
            for index in range { values[output + index - range.lowerBound] = values[index] - mean }
        case .logisticInOneForm:
            for index in range {
                values[output + index - range.lowerBound] = 1 / (1 + Scalar.exponential(-values[index]))
            }
        case .softplus:
            for index in range {
                values[output + index - range.lowerBound] = Scalar.logarithmOfOnePlus(Scalar.exponential(values[index]))
            }
        case .signedSquare:
            for index in range {
                let value = values[index]
                let sign: Scalar = value > 0 ? 1 : value < 0 ? -1 : 0
                values[output + index - range.lowerBound] = sign * value * value
            }
        case .argMaxValue:
            values[output] = Scalar(Self.firstMaximum(of: values, at: range) - range.lowerBound)
        case .relu, .tanh, .cosine, .logSumExp, .logSoftmax:
            applyDense(to: &values, at: range, output: output)
        }
    }

    /// The place of the first maximum; a NaN is passed over unless it comes first, as in a plain loop with `>`.
    static func firstMaximum<Scalar: ActivationScalar>(of values: [Scalar], at range: Range<Int>) -> Int {
        var best = range.lowerBound
        for index in range where values[index] > values[best] { best = index }
        return best
    }
}
