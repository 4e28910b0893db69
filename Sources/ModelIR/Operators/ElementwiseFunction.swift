/// A function of each element for itself: NumPy's universal functions, in float64. Whole numbers are taken for
/// float64 too: a model whose training column was of whole numbers has them in `reciprocal` alone as another result.
package enum ElementwiseFunction: Sendable, Hashable {
    case absolute, negative, reciprocal, sign, square
    case sqrt, cbrt
    case exp, exp2, expm1
    case log, log2, log10, log1p
    case sin, cos, tan, sinh, cosh, tanh, arcsin, arccos, arctan, arcsinh, arccosh, arctanh
    case floor, ceil, rint, trunc
    case degreesToRadians, radiansToDegrees
    /// 2 to the power of x, as the power function gives it.
    case powerOfTwo
    /// log(x / (1 - x))
    case logit
    /// x / (3 (|x| + 1)): scikit-learn's sums of confidences beside whole votes.
    case squashed
    /// The nearest number of float32.
    case float32
    /// Between two bounds; NaN stays NaN.
    case clip(lower: Double, upper: Double)
    /// NaN as 0, infinities as the largest finite numbers: `numpy.nan_to_num`.
    case nanToNumber
    /// 1 where the element is greater, else 0: scikit-learn's `Binarizer`.
    case isGreater(threshold: Double)
    /// 1 + ln x of a count that is not 0: scikit-learn's `sublinear_tf`.
    case sublinearCount

    /// NumPy's universal function of this name.
    package init?(numPyName name: String) {
        switch name {
        case "absolute", "abs", "fabs": self = .absolute
        case "negative": self = .negative
        case "reciprocal": self = .reciprocal
        case "sign": self = .sign
        case "square": self = .square
        case "sqrt": self = .sqrt
        case "cbrt": self = .cbrt
        case "exp": self = .exp
        case "exp2": self = .exp2
        case "expm1": self = .expm1
        case "log": self = .log
        case "log2": self = .log2
        case "log10": self = .log10
        case "log1p": self = .log1p
        case "sin": self = .sin
        case "cos": self = .cos
        case "tan": self = .tan
        case "sinh": self = .sinh
        case "cosh": self = .cosh
        case "tanh": self = .tanh
        case "arcsin", "asin": self = .arcsin
        case "arccos", "acos": self = .arccos
        case "arctan", "atan": self = .arctan
        case "arcsinh", "asinh": self = .arcsinh
        case "arccosh", "acosh": self = .arccosh
        case "arctanh", "atanh": self = .arctanh
        case "floor": self = .floor
        case "ceil": self = .ceil
        case "rint": self = .rint
        case "trunc": self = .trunc
        case "deg2rad", "radians": self = .degreesToRadians
        case "rad2deg", "degrees": self = .radiansToDegrees
        case "nan_to_num": self = .nanToNumber
        default: return nil
        }
    }
}
