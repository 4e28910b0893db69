/// A configured value and where it came from. A flag beats the environment, which beats the file, which beats the default.
public struct Setting<Value: Sendable>: Sendable {
    public enum Source: Sendable, Hashable, CustomStringConvertible {
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

    public let value: Value
    public let source: Source

    public init(_ value: Value, from source: Source) {
        self.value = value
        self.source = source
    }
}
