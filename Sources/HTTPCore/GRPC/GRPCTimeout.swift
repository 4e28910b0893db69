/// Reads `grpc-timeout`: one to eight digits and a unit.
///
///     H hours   M minutes   S seconds   m milliseconds   u microseconds   n nanoseconds
package enum GRPCTimeout {
    /// The time that a call may take; nil where the field is malformed. Zero is none left.
    package static func parse(_ value: Span<UInt8>) -> Duration? {
        guard (2...9).contains(value.count) else { return nil }
        var number: Int64 = 0
        for index in 0..<value.count - 1 {
            guard value[index] &- 0x30 < 10 else { return nil }
            number = number * 10 + Int64(value[index] - 0x30)
        }
        // Eight digits of hours are 3.6e11 seconds.
        switch value[value.count - 1] {
        case UInt8(ascii: "H"): return .seconds(number * 3600)
        case UInt8(ascii: "M"): return .seconds(number * 60)
        case UInt8(ascii: "S"): return .seconds(number)
        case UInt8(ascii: "m"): return .milliseconds(number)
        case UInt8(ascii: "u"): return .microseconds(number)
        case UInt8(ascii: "n"): return .nanoseconds(number)
        default: return nil
        }
    }
}
