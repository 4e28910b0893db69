/// One page of the answer to `?list-type=2`, which S3 and Google's Cloud Storage give in the same XML:
///
///     <ListBucketResult><IsTruncated>true</IsTruncated><NextContinuationToken>t</NextContinuationToken>
///       <Contents><Key>k</Key><LastModified>2026-01-31T12:00:00.000Z</LastModified><Size>7</Size></Contents>
///     </ListBucketResult>
///
/// A scanner for these elements and no XML reader: what it does not know it passes over, and it has no entities but the
/// five of XML and numbers. Bytes that hold a document type are refused.
struct BucketListing {
    private(set) var entries: [ObjectEntry] = []
    /// Where the next page begins; nil for the last.
    private(set) var continuation: String?

    /// nil for what is not such an answer.
    init?(_ bytes: [UInt8]) {
        let text = String(decoding: bytes, as: UTF8.self)
        guard let start = text.firstRange(of: "<ListBucketResult"), text.hasSuffixTag("</ListBucketResult>"),
            text.firstRange(of: "<!") == nil
        else { return nil }
        var rest = text[start.lowerBound...]
        var head = ""
        while let opening = rest.firstRange(of: "<Contents>") {
            head += rest[..<opening.lowerBound]
            rest = rest[opening.upperBound...]
            guard let closing = rest.firstRange(of: "</Contents>") else { return nil }
            let contents = rest[..<closing.lowerBound]
            rest = rest[closing.upperBound...]
            guard let key = Self.element("Key", in: contents) else { return nil }
            entries.append(
                ObjectEntry(
                    key: key, byteCount: Self.element("Size", in: contents).flatMap { Int($0) } ?? 0,
                    modifiedAt: Self.element("LastModified", in: contents).flatMap { ISODate.seconds($0) } ?? .max))
        }
        head += rest
        guard Self.element("IsTruncated", in: head[...]) == "true" else { return }
        guard let token = Self.element("NextContinuationToken", in: head[...]) else { return nil }
        continuation = token
    }

    /// The text of the first element of that name, which holds no others.
    static func element(_ name: String, in text: Substring) -> String? {
        guard let opening = text.firstRange(of: "<\(name)>"),
            let closing = text[opening.upperBound...].firstRange(of: "</\(name)>")
        else { return nil }
        return decoded(text[opening.upperBound..<closing.lowerBound])
    }

    private static func decoded(_ text: Substring) -> String {
        guard text.contains("&") else { return String(text) }
        var decoded = ""
        var rest = text
        while let start = rest.firstIndex(of: "&"), let end = rest[start...].firstIndex(of: ";") {
            decoded += rest[..<start]
            decoded += character(rest[rest.index(after: start)..<end])
            rest = rest[rest.index(after: end)...]
        }
        return decoded + rest
    }

    private static func character(_ name: Substring) -> String {
        switch name {
        case "amp": return "&"
        case "lt": return "<"
        case "gt": return ">"
        case "quot": return "\""
        case "apos": return "'"
        default:
            let digits = name.hasPrefix("#x") ? name.dropFirst(2) : name.dropFirst(1)
            let value = UInt32(digits, radix: name.hasPrefix("#x") ? 16 : 10)
            return value.flatMap { Unicode.Scalar($0) }.map { String($0) } ?? "\u{fffd}"
        }
    }
}

extension String {
    fileprivate func hasSuffixTag(_ tag: String) -> Bool { trimmingSpaces().hasSuffix(tag) }
}

extension StringProtocol where SubSequence == Substring {
    /// Where `text` stands first.
    /// - Complexity: O(n + m) for texts that begin with a rare character, such as "<".
    fileprivate func firstRange(of text: String) -> Range<String.Index>? {
        let wanted = Array(text.utf8)
        guard let first = wanted.first else { return nil }
        var start = utf8.startIndex
        while let found = utf8[start...].firstIndex(of: first) {
            if utf8[found...].starts(with: wanted) { return found..<utf8.index(found, offsetBy: wanted.count) }
            start = utf8.index(after: found)
        }
        return nil
    }
}
