internal import Glibc
internal import ModelIR
internal import TensorCore

extension ElementwiseFunction: ReferenceEvaluation {
    func evaluate(
        _ operands: ReferenceOperands, row: Int, of rows: borrowing RowBatch, in workspace: Workspace
    ) throws(RowFault) {
        for column in 0..<operands.output.width {
            let value = workspace.doubles[operands.input.offset + column]
            workspace.doubles[operands.output.offset + column] = self(value)
        }
    }

    /// The function of one number.
    func callAsFunction(_ value: Double) -> Double {
        switch self {
        case .absolute: value.magnitude
        case .cbrt: Glibc.cbrt(value)
        case .ceil: value.rounded(.up)
        case .exp: Glibc.exp(value)
        // As NumPy computes 2 ** x.
        case .exp2: pow(2, value)
        case .expm1: Glibc.expm1(value)
        case .floor: value.rounded(.down)
        case .log: Glibc.log(value)
        case .log10: Glibc.log10(value)
        case .log1p: Glibc.log1p(value)
        case .log2: Glibc.log2(value)
        case .negative: -value
        case .reciprocal: 1 / value
        case .rint: value.rounded(.toNearestOrEven)
        case .sign: value.isNaN ? value : (value > 0 ? 1 : (value < 0 ? -1 : 0))
        case .sqrt: value.squareRoot()
        case .square: value * value
        case .logit: Glibc.log(value / (1 - value))
        case .squashed: value / (3 * (value.magnitude + 1))
        case .float32: Double(Float(value))
        case .clip(let lower, let upper): value < lower ? lower : (value > upper ? upper : value)
        }
    }
}
