/// One value of a record.
public enum Value: Sendable, Hashable {
    case missing
    case number(Double)
    /// Kept exact where the model's column holds 64-bit integers.
    case integer(Int64)
    case text(String)
}

extension Value: ExpressibleByFloatLiteral, ExpressibleByIntegerLiteral, ExpressibleByStringLiteral,
    ExpressibleByNilLiteral
{
    public init(floatLiteral value: Double) { self = .number(value) }
    public init(integerLiteral value: Int64) { self = .integer(value) }
    public init(stringLiteral value: String) { self = .text(value) }
    public init(nilLiteral: ()) { self = .missing }
}
