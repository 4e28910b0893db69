/// A file that is no model, and that comes again and again where one is expected: known by its first bytes, so that the
/// refusal says what it is and what to do.
package struct StrangeFile: Sendable {
    /// Such as `an HTML page`.
    package let title: String
    package let remedy: String
    private let prefix: [UInt8]

    /// - Parameter prefix: what it begins with, ASCII letters in either case.
    package init(_ title: String, prefix: [UInt8], remedy: String) {
        self.title = title
        self.prefix = prefix.map { Self.lowercased($0) }
        self.remedy = remedy
    }

    func recognizes(_ bytes: Span<UInt8>) -> Bool {
        guard bytes.count >= prefix.count else { return false }
        return prefix.indices.allSatisfy { Self.lowercased(bytes[$0]) == prefix[$0] }
    }

    private static func lowercased(_ byte: UInt8) -> UInt8 { (0x41...0x5a).contains(byte) ? byte | 0x20 : byte }
}
