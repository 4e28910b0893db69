/// A function of each number on its own, in float64. NaN stays NaN; outside of its domain a function gives what C's
/// does, such as -inf for the logarithm of 0.
package enum ElementwiseFunction: Sendable, Hashable {
    case absolute, cbrt, ceil, exp, exp2, expm1, floor, log, log10, log1p, log2, negative, reciprocal, rint, sign
    case sqrt, square
    /// log(x / (1 - x))
    case logit
    /// x / (3 (|x| + 1)): scikit-learn's sums of confidences beside whole votes.
    case squashed
    /// The nearest number of float32.
    case float32
    /// Between two bounds; NaN stays NaN.
    case clip(lower: Double, upper: Double)

    /// NumPy's function of this name, such as `log1p`; nil if there is none here.
    package init?(numPyName name: String) {
        switch name {
        case "absolute", "abs", "fabs": self = .absolute
        case "cbrt": self = .cbrt
        case "ceil": self = .ceil
        case "exp": self = .exp
        case "exp2": self = .exp2
        case "expm1": self = .expm1
        case "floor": self = .floor
        case "log": self = .log
        case "log10": self = .log10
        case "log1p": self = .log1p
        case "log2": self = .log2
        case "negative": self = .negative
        case "reciprocal": self = .reciprocal
        case "rint": self = .rint
        case "sign": self = .sign
        case "sqrt": self = .sqrt
        case "square": self = .square
        default: return nil
        }
    }
}
