internal import Glibc

/// The two number types of the libraries, with the functions whose order of operations differs between them.
protocol ActivationScalar: BinaryFloatingPoint, Sendable {
    static func logistic(_ value: Self) -> Self
    static func exponential(_ value: Self) -> Self
    /// The sum of a softmax's terms, as the library accumulates it.
    associatedtype SoftmaxSum: BinaryFloatingPoint
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
}
