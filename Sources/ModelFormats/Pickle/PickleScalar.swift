/// One value that an estimator's attribute holds: what is left of a `PickleValue` when its bytes have been read.
enum PickleScalar: Hashable, Sendable {
    case none
    case boolean(Bool)
    case integer(Int64)
    case float(Double)
    case text(String)
    /// Anything else: a container, bytes, a huge integer.
    case other(PickleValue)

    /// The value as a number: booleans count as 0 and 1, as in Python. Nil for text and None.
    var number: Double? {
        switch self {
        case .boolean(let value): value ? 1 : 0
        case .integer(let value): Double(value)
        case .float(let value): value
        case .none, .text, .other: nil
        }
    }

    /// None or NaN.
    var isMissing: Bool {
        switch self {
        case .none: true
        case .float(let value): value.isNaN
        default: false
        }
    }

    /// For messages.
    var description: String {
        switch self {
        case .none: "None"
        case .boolean(let value): value ? "True" : "False"
        case .integer(let value): String(value)
        case .float(let value): value.description
        case .text(let value): value.utf8.count <= 80 ? "\"\(value)\"" : "text of \(value.utf8.count) bytes"
        case .other: "another object"
        }
    }
}
