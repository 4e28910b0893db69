internal import ModelIR

/// Reads a YAML text, such as an `MLmodel` file, as values. libyaml parses it (`YAMLEvents`); the bounds are here.
enum YAMLReader {
    static let bytesMax = 1 << 24
    static let depthMax = 32

    /// - Parameter name: the file's, for messages.
    static func read(_ bytes: [UInt8], name: String) throws(ImportError) -> YAMLValue {
        guard bytes.count <= bytesMax else {
            throw ImportError(
                .limit, at: name, found: "\(bytes.count) bytes", expected: "at most \(bytesMax) of YAML")
        }
        guard bytes.isEmpty || String(validating: bytes, as: UTF8.self) != nil else {
            throw ImportError(.malformed, at: name, found: "bytes that are not UTF-8", expected: "YAML")
        }
        // Editors on Windows put a byte order mark in front, which libyaml only passes over where it guesses the
        // coding.
        let text = bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? Array(bytes.dropFirst(3)) : bytes
        return try YAMLEvents.read(text, name: name) { events throws(ImportError) in
            switch try events.next() {
            case .end: return .none
            default: break
            }
            let value = try self.value(try events.next(), &events, depth: 0)
            _ = try events.next()
            guard case .end = try events.next() else {
                throw events.refusal("a second document", expected: "the end of the file")
            }
            return value
        }
    }

    /// The value that begins with an event. Recursion is bounded by `depthMax`.
    private static func value(
        _ event: YAMLEvents.Event, _ events: inout YAMLEvents, depth: Int
    ) throws(ImportError) -> YAMLValue {
        guard depth < depthMax else {
            throw events.refusal("deeper nesting", expected: "at most \(depthMax) levels", kind: .limit)
        }
        switch event {
        case .scalar(let text, let isPlain):
            return isPlain && ["null", "Null", "NULL", "~", ""].contains(text) ? .none : .scalar(text)
        case .sequenceStart:
            var items: [YAMLValue] = []
            while true {
                let next = try events.next()
                if case .sequenceEnd = next { return .sequence(items) }
                items.append(try value(next, &events, depth: depth + 1))
            }
        case .mappingStart:
            var pairs: [YAMLValue.Pair] = []
            while true {
                let next = try events.next()
                if case .mappingEnd = next { return .mapping(pairs) }
                guard case .scalar(let key, _) = next else {
                    throw events.refusal("a key that is a list or mapping", expected: "text")
                }
                pairs.append(YAMLValue.Pair(key: key, value: try value(events.next(), &events, depth: depth + 1)))
            }
        case .documentStart, .documentEnd, .sequenceEnd, .mappingEnd, .end:
            throw events.refusal("the end of the text", expected: "a value")
        }
    }
}
