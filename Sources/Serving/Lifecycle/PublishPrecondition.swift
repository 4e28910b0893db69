/// The value of an `If-Match` or `If-None-Match` field (RFC 9110, 13.1).
package enum ETagCondition: Sendable, Hashable {
    /// `*`: any current version.
    case any
    case tags([EntityTag])

    /// One entity tag: opaque, quotes included.
    package struct EntityTag: Sendable, Hashable {
        package let isWeak: Bool
        /// With its quotes.
        package let opaque: String

        /// The generation of the state that it names (`ServedModel.etag`); nil for a tag that is not ours.
        var generation: Int? { opaque.dropLast().split(separator: "-").last.flatMap { Int($0) } }
    }

    /// Reads a field value: `*`, or a list of quoted tags, which may hold commas, each perhaps weak (`W/"..."`).
    /// - Returns: nil if it is neither.
    package init?(fieldValue: String) {
        let bytes = Array(fieldValue.utf8)
        var position = 0
        func skipBlanks() {
            while position < bytes.count, bytes[position] == 0x20 || bytes[position] == 0x09 { position += 1 }
        }
        skipBlanks()
        if position < bytes.count, bytes[position] == UInt8(ascii: "*") {
            position += 1
            skipBlanks()
            guard position == bytes.count else { return nil }
            self = .any
            return
        }
        var tags: [EntityTag] = []
        while true {
            skipBlanks()
            // RFC 9110 5.6.1: a recipient takes empty list elements.
            if position < bytes.count, bytes[position] == UInt8(ascii: ",") {
                position += 1
                continue
            }
            guard position < bytes.count else { break }
            guard tags.count < Self.tagsMax else { return nil }
            var isWeak = false
            if bytes[position] == UInt8(ascii: "W") {
                guard position + 1 < bytes.count, bytes[position + 1] == UInt8(ascii: "/") else { return nil }
                isWeak = true
                position += 2
            }
            let start = position
            guard position < bytes.count, bytes[position] == UInt8(ascii: "\"") else { return nil }
            position += 1
            while position < bytes.count, bytes[position] != UInt8(ascii: "\"") {
                // etagc = %x21 / %x23-7E / obs-text
                guard bytes[position] >= 0x21, bytes[position] != 0x7f else { return nil }
                position += 1
            }
            guard position < bytes.count else { return nil }
            position += 1
            tags.append(EntityTag(isWeak: isWeak, opaque: String(decoding: bytes[start..<position], as: UTF8.self)))
            skipBlanks()
            guard position == bytes.count || bytes[position] == UInt8(ascii: ",") else { return nil }
        }
        guard !tags.isEmpty else { return nil }
        self = .tags(tags)
    }

    package static let tagsMax = 64
}

/// What must be true of the current version for a publish or a removal to go on.
package struct PublishPrecondition: Sendable, Hashable {
    package let ifMatch: ETagCondition?
    package let ifNoneMatch: ETagCondition?

    package static let none = PublishPrecondition()

    package init(ifMatch: ETagCondition? = nil, ifNoneMatch: ETagCondition? = nil) {
        self.ifMatch = ifMatch
        self.ifNoneMatch = ifNoneMatch
    }

    /// Whether it is true.
    /// - Parameter current: the ETag of the current version; nil if there is none.
    /// - Returns: false where the answer is 412.
    package func holds(for current: String?) -> Bool {
        switch ifMatch {
        case nil: break
        case .any?: guard current != nil else { return false }
        case .tags(let tags)?:
            // The comparison is strong: a weak tag never matches.
            guard let current, tags.contains(where: { !$0.isWeak && $0.opaque == current }) else { return false }
        }
        switch ifNoneMatch {
        case nil: return true
        case .any?: return current == nil
        case .tags(let tags)?: return current == nil || !tags.contains { $0.opaque == current }
        }
    }

    /// Whether it will not be true any more, whatever other writers do.
    /// - Parameters:
    ///   - generation: up to which `current` is the truth; a later state has a tag of its own.
    ///   - current: the ETag of the current version; nil if there is none.
    func isOver(by generation: Int, current: String?) -> Bool {
        guard case .tags(let tags)? = ifMatch else { return false }
        return tags.allSatisfy { tag in
            tag.isWeak || tag.opaque != current && tag.generation.map { $0 <= generation } ?? false
        }
    }
}
