internal import Glibc
internal import TensorCore

/// The two number types of the libraries, with the functions whose order of operations differs between them.
protocol ActivationScalar: BinaryFloatingPoint, WorkspaceElement {
    static func logistic(_ value: Self) -> Self
    static func exponential(_ value: Self) -> Self
    /// ln(1 + x).
    static func logarithmOfOnePlus(_ value: Self) -> Self
    static func logarithm(_ value: Self) -> Self
    static func hyperbolicTangent(_ value: Self) -> Self
    static func cosine(_ value: Self) -> Self
    /// The sum of a softmax's terms, as the library accumulates it.
    associatedtype SoftmaxSum: BinaryFloatingPoint
    /// Copies numbers to the array of this type of an output.
    static func copy(_ source: [Self], _ range: Range<Int>, to target: inout OutputValues, at start: Int)
}

extension Double: ActivationScalar {
    typealias SoftmaxSum = Double

    /// SciPy's `expit`: never raises e to a positive power, so that it cannot overflow.
    static func logistic(_ value: Double) -> Double {
        if value >= 0 { return 1 / (1 + exponential(-value)) }
        let power = exponential(value)
        return power / (1 + power)
    }

    static func exponential(_ value: Double) -> Double { exp(value) }
    static func logarithm(_ value: Double) -> Double { log(value) }
    static func hyperbolicTangent(_ value: Double) -> Double { tanh(value) }
    static func cosine(_ value: Double) -> Double { cos(value) }

    static func logarithmOfOnePlus(_ value: Double) -> Double { log1p(value) }

    static func copy(_ source: [Double], _ range: Range<Int>, to target: inout OutputValues, at start: Int) {
        for index in range { target.float64[start + index - range.lowerBound] = source[index] }
    }
}

extension Float: ActivationScalar {
    /// XGBoost sums in double and divides by the sum narrowed to float.
    typealias SoftmaxSum = Double

    /// XGBoost's `Sigmoid`: the exponent's argument is capped so that it stays finite.
    static func logistic(_ value: Float) -> Float {
        let argument = -value > 88.7 ? 88.7 : -value
        return 1 / (exponential(argument) + 1)
    }

    static func exponential(_ value: Float) -> Float { expf(value) }
    static func logarithm(_ value: Float) -> Float { logf(value) }
    static func hyperbolicTangent(_ value: Float) -> Float { tanhf(value) }
    static func cosine(_ value: Float) -> Float { cosf(value) }

    static func logarithmOfOnePlus(_ value: Float) -> Float { log1pf(value) }

    static func copy(_ source: [Float], _ range: Range<Int>, to target: inout OutputValues, at start: Int) {
        for index in range { target.float32[start + index - range.lowerBound] = source[index] }
    }
}
