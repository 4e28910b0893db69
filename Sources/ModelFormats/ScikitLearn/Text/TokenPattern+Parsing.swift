internal import ModelIR

extension TextVectorizer.TokenPattern {
    /// Reads a regular expression of one form: one kind of character, as often as it goes, with or without word
    /// boundaries on both sides.
    ///
    ///     (?u)\b\w\w+\b    \w+    \b\w{3,}\b    \S+    [^\s]+    [a-zA-Z]+    \b[a-z0-9_]{2,}\b
    ///
    /// These find the same tokens as a search for the longest runs of such characters, which is what is done. Nil for
    /// every other expression: it may mean something else.
    init?(regularExpression: String) {
        var text = Substring(regularExpression)
        if text.hasPrefix("(?u)") { text = text.dropFirst(4) }
        let begins = text.hasPrefix("\\b")
        if begins { text = text.dropFirst(2) }
        guard let (kind, atom) = Self.atom(text) else { return nil }
        var count = 0
        while text.hasPrefix(atom) {
            text = text.dropFirst(atom.count)
            count += 1
        }
        if text.hasPrefix("+") {
            text = text.dropFirst()
        } else if text.hasPrefix("*"), count > 1 {
            text = text.dropFirst()
            count -= 1
        } else if text.hasPrefix("{"), let end = text.firstIndex(of: "}") {
            let inside = text[text.index(after: text.startIndex)..<end]
            guard inside.hasSuffix(","), let least = Int(inside.dropLast()), least > 0, least <= 1 << 20 else {
                return nil
            }
            count += least - 1
            text = text[text.index(after: end)...]
        } else {
            return nil
        }
        let ends = text.hasPrefix("\\b")
        if ends { text = text.dropFirst(2) }
        guard text.isEmpty, begins == ends else { return nil }
        // Runs of word characters are whole words anyhow. Beside white space a boundary means something else.
        if kind == .notSpace, begins { return nil }
        self.init(kind: kind, lengthMin: count, isWholeWord: begins && kind != .word)
    }

    /// The kind of character with which the text begins, and how that is written.
    private static func atom(_ text: Substring) -> (Kind, Substring)? {
        for (written, kind) in [("\\w", Kind.word), ("\\S", .notSpace), ("[^\\s]", .notSpace)]
        where text.hasPrefix(written) {
            return (kind, text.prefix(written.count))
        }
        guard text.hasPrefix("["), let end = text.firstIndex(of: "]") else { return nil }
        let inside = Array(text[text.index(after: text.startIndex)..<end].utf8)
        var characters: Set<UInt8> = []
        var index = 0
        while index < inside.count {
            let first = inside[index]
            guard isPlain(first) else { return nil }
            if index + 2 < inside.count, inside[index + 1] == UInt8(ascii: "-") {
                let last = inside[index + 2]
                guard isPlain(last), first <= last else { return nil }
                characters.formUnion(first...last)
                index += 3
            } else {
                characters.insert(first)
                index += 1
            }
        }
        return characters.isEmpty ? nil : (.ascii(characters), text[...end])
    }

    /// A letter, digit or underscore, which means itself within brackets.
    private static func isPlain(_ byte: UInt8) -> Bool {
        (0x30...0x39).contains(byte) || (0x41...0x5a).contains(byte) || (0x61...0x7a).contains(byte) || byte == 0x5f
    }
}
