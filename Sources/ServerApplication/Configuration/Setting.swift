/// A configured value and where it came from. A flag beats the environment, which beats the file, which beats the
/// default.
public struct Setting<Value: Sendable>: Sendable {
    public let value: Value
    public let source: SettingSource

    public init(_ value: Value, from source: SettingSource) {
        self.value = value
        self.source = source
    }
}

/// Where a configured value came from.
public enum SettingSource: Sendable, Hashable, CustomStringConvertible {
    case flag(String)
    case environment(String)
    case file(key: String)
    case standard

    public var description: String {
        switch self {
        case .flag(let name): name
        case .environment(let name): "environment \(name)"
        case .file(let key): "file, \(key)"
        case .standard: "default"
        }
    }
}
