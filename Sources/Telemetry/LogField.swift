/// A value of a log line's field.
package enum LogValue: Sendable, Hashable, ExpressibleByStringLiteral, ExpressibleByIntegerLiteral,
    ExpressibleByStringInterpolation
{
    case text(String)
    case integer(Int)
    case number(Double)
    case flag(Bool)

    package init(stringLiteral value: String) { self = .text(value) }
    package init(integerLiteral value: Int) { self = .integer(value) }

    /// A duration in seconds.
    package static func seconds(_ duration: Duration) -> LogValue {
        let parts = duration.components
        return .number(Double(parts.seconds) + Double(parts.attoseconds) / 1e18)
    }
}

/// A named value of a log line.
package struct LogField: Sendable, Hashable {
    package let name: String
    package let value: LogValue

    package init(_ name: String, _ value: LogValue) {
        self.name = name
        self.value = Self.secretNames.contains(name.lowercased()) ? .text("[not shown]") : value
    }

    /// What is never written, whatever somebody passes.
    static let secretNames: Set<String> = [
        "authorization", "token", "cookie", "password", "secret", "admin-token", "admin_token", "api-key", "api_key",
        "x-api-key",
    ]
}
