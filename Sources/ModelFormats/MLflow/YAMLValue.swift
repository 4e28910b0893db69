/// A value of a YAML document.
indirect enum YAMLValue: Sendable, Equatable {
    struct Pair: Sendable, Equatable {
        let key: String
        let value: YAMLValue
    }

    case none
    /// Text, or anything that stands for itself: numbers and booleans are not told apart.
    case scalar(String)
    case sequence([YAMLValue])
    case mapping([Pair])

    /// The value of a key; the last one counts, as in PyYAML. Nil for null.
    subscript(_ key: String) -> YAMLValue? {
        guard case .mapping(let pairs) = self, let value = pairs.last(where: { $0.key == key })?.value, value != .none
        else { return nil }
        return value
    }

    var text: String? {
        guard case .scalar(let text) = self else { return nil }
        return text
    }

    var keys: [String] {
        guard case .mapping(let pairs) = self else { return [] }
        return pairs.map(\.key)
    }
}
