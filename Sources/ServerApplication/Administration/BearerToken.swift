internal import Crypto
internal import HTTPCore

/// A token that a request carries as `Authorization: Bearer`. Kept as a digest only, and compared in constant time; it
/// has no description, so that it cannot end up in a log.
struct BearerToken: Sendable {
    private let digest: SHA256.Digest

    init(_ token: String) {
        digest = SHA256.hash(data: Array(token.utf8))
    }

    /// The token that a request carries, as a digest: 32 bytes whatever it was, so that neither its length nor a common
    /// beginning shows in the time that a comparison takes.
    struct Presented {
        fileprivate let digest: SHA256.Digest

        /// nil where there is no `Authorization`, or one of another scheme.
        init?(_ head: borrowing RequestHead) {
            guard let authorization = head.value(of: .authorization), authorization.count > 7,
                authorization.extracting(0..<7).equalsIgnoringCase("bearer ")
            else { return nil }
            var start = 7
            while start < authorization.count, authorization[start] == 0x20 { start += 1 }
            var token: [UInt8] = []
            token.reserveCapacity(authorization.count - start)
            for index in start..<authorization.count { token.append(authorization[index]) }
            digest = SHA256.hash(data: token)
        }
    }

    /// Whether it is this token. Looks at all bytes, wherever the first difference is.
    func equals(_ presented: Presented) -> Bool {
        var difference: UInt8 = 0
        for (ours, theirs) in zip(digest, presented.digest) { difference |= ours ^ theirs }
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
