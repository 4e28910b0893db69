internal import Glibc
internal import ModelIR
internal import TensorCore

extension ElementwiseFunction: ReferenceEvaluation {
    func evaluate(
        _ operands: ReferenceOperands, row: Int, of rows: borrowing RowBatch, in workspace: Workspace
    ) throws(RowFault) {
        for index in 0..<operands.input.width {
            workspace.doubles[operands.output.offset + index] = self(workspace.doubles[operands.input.offset + index])
        }
    }

    /// The function of one number, as NumPy computes it.
    func callAsFunction(_ value: Double) -> Double {
        switch self {
        case .absolute: Swift.abs(value)
        case .negative: -value
        case .reciprocal: 1 / value
        // NumPy gives 0 for both zeros, and NaN for NaN.
        case .sign: value > 0 ? 1 : value < 0 ? -1 : value == 0 ? 0 : value
        case .square: value * value
        case .sqrt: value.squareRoot()
        case .cbrt: Glibc.cbrt(value)
        case .exp: Glibc.exp(value)
        case .exp2: Glibc.exp2(value)
        case .expm1: Glibc.expm1(value)
        case .log: Glibc.log(value)
        case .log2: Glibc.log2(value)
        case .log10: Glibc.log10(value)
        case .log1p: Glibc.log1p(value)
        case .sin: Glibc.sin(value)
        case .cos: Glibc.cos(value)
        case .tan: Glibc.tan(value)
        case .sinh: Glibc.sinh(value)
        case .cosh: Glibc.cosh(value)
        case .tanh: Glibc.tanh(value)
        case .arcsin: Glibc.asin(value)
        case .arccos: Glibc.acos(value)
        case .arctan: Glibc.atan(value)
        case .arcsinh: Glibc.asinh(value)
        case .arccosh: Glibc.acosh(value)
        case .arctanh: Glibc.atanh(value)
        case .floor: value.rounded(.down)
        case .ceil: value.rounded(.up)
        case .rint: value.rounded(.toNearestOrEven)
        case .trunc: value.rounded(.towardZero)
        case .degreesToRadians: value * (Double.pi / 180)
        case .radiansToDegrees: value * (180 / Double.pi)
        case .powerOfTwo: Glibc.pow(2, value)
        case .logit: Glibc.log(value / (1 - value))
        case .squashed: value / (3 * (value.magnitude + 1))
        case .float32: Double(Float(value))
        case .clip(let lower, let upper): value < lower ? lower : (value > upper ? upper : value)
        case .nanToNumber:
            value.isNaN ? 0 : max(-.greatestFiniteMagnitude, min(.greatestFiniteMagnitude, value))
        case .isGreater(let threshold): value > threshold ? 1 : 0
        case .sublinearCount: value == 0 ? 0 : Glibc.log(value) + 1
        }
    }
}
