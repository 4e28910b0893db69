/// A setting that cannot be used: which, where it came from, and what it should be.
public struct ConfigurationError: Error, Sendable, CustomStringConvertible {
    public let setting: String
    public let source: String
    public let found: String
    public let expected: String

    init(_ setting: String, from source: String, found: String, expected: String) {
        self.setting = setting
        self.source = source
        self.found = found
        self.expected = expected
    }

    public var description: String { "\(setting) (\(source)): found \(found), expected \(expected)" }
}
