internal import Crypto
internal import HTTPCore

/// The bearer token that admin verbs need. Kept as a digest only, and compared in constant time; it has no
/// description, so that it cannot end up in a log.
struct AdminToken: Sendable {
    private let digest: SHA256.Digest

    init(_ token: String) {
        digest = SHA256.hash(data: Array(token.utf8))
    }

    /// Whether an `Authorization` field's value is `Bearer` and this token. Digests are compared, all 32 bytes of
    /// them whatever they hold, so that neither the token's length nor a common beginning shows in the time it takes.
    func isGranted(by authorization: [UInt8]?) -> Bool {
        guard let authorization else { return false }
        let scheme = Array("bearer ".utf8)
        guard authorization.count > scheme.count else { return false }
        for (index, letter) in scheme.enumerated() where authorization[index] | 0x20 != letter | 0x20 { return false }
        let presented = SHA256.hash(data: authorization[scheme.count...].drop { $0 == 0x20 })
        var difference: UInt8 = 0
        for (ours, theirs) in zip(digest, presented) { difference |= ours ^ theirs }
        return difference == 0
    }

    /// A fresh token of 128 random bits, in hexadecimal.
    static func random() -> String {
        var generator = SystemRandomNumberGenerator()
        let words: [UInt64] = [generator.next(), generator.next()]
        return words.map { word in
            let digits = String(word, radix: 16)
            return String(repeating: "0", count: 16 - digits.count) + digits
        }.joined()
    }
}
