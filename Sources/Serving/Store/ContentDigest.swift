internal import Crypto

/// The identity of an artifact: the SHA-256 of its bytes. A value of this type always holds 64 lower-case hexadecimal
/// digits, so it may name a file.
package struct ContentDigest: Sendable, Hashable, CustomStringConvertible {
    /// 64 hexadecimal digits.
    package let hex: String

    package static let prefix = "sha256:"

    /// - Parameter text: `sha256:` and 64 lower-case hexadecimal digits; nil for anything else.
    package init?(_ text: String) {
        guard text.hasPrefix(Self.prefix) else { return nil }
        self.init(hex: String(text.dropFirst(Self.prefix.count)))
    }

    /// - Parameter hex: 64 lower-case hexadecimal digits; nil for anything else.
    package init?(hex: String) {
        guard hex.utf8.count == 64 else { return nil }
        for byte in hex.utf8 {
            switch byte {
            case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "f"): continue
            default: return nil
            }
        }
        self.hex = hex
    }

    package init(of bytes: [UInt8]) {
        var hasher = ContentHasher()
        hasher.update(bytes)
        self = hasher.finish()
    }

    fileprivate init(digest: SHA256.Digest) {
        let digits = Array("0123456789abcdef".utf8)
        var text: [UInt8] = []
        text.reserveCapacity(64)
        for byte in digest {
            text.append(digits[Int(byte >> 4)])
            text.append(digits[Int(byte & 15)])
        }
        hex = String(decoding: text, as: UTF8.self)
    }

    /// `sha256:` and the digits.
    package var description: String { Self.prefix + hex }
}

/// Works out a `ContentDigest` piece by piece.
package struct ContentHasher: Sendable {
    private var state = SHA256()

    package init() {}

    package mutating func update(_ bytes: [UInt8]) {
        state.update(data: bytes)
    }

    package func finish() -> ContentDigest { ContentDigest(digest: state.finalize()) }
}
