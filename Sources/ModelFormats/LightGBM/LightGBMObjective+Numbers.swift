internal import ByteCoding

extension LightGBMObjective {
    /// The whole of `digits` as a number.
    static func number(_ digits: [UInt8]) -> Double? {
        guard let (value, consumed) = FloatParsing.double(digits.span), consumed == digits.count else { return nil }
        return value
    }
}
