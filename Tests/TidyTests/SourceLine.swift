/// What the rules ask of a line of Swift.
enum SourceLine {
    /// The module that a line imports, whatever its access level, attributes or kind of import; nil for other lines.
    static func importedModule(_ line: String) -> String? {
        var words = line.split(whereSeparator: { $0 == " " || $0 == "\t" }).map(String.init)
        while let first = words.first, first.hasPrefix("@") || accessLevels.contains(first) { words.removeFirst() }
        guard words.first == "import", words.count > 1 else { return nil }
        words.removeFirst()
        if importKinds.contains(words[0]), words.count > 1 { words.removeFirst() }
        return words[0].split(separator: ".").first.map(String.init)
    }

    /// The line without its comment and without what stands between quotes, so that words in them do not count.
    static func code(_ line: String) -> String {
        var code = ""
        var isQuoted = false
        var previous: Character = " "
        for character in line {
            if isQuoted {
                if character == "\"", previous != "\\" { isQuoted = false }
            } else if character == "\"" {
                isQuoted = true
            } else if character == "/", previous == "/" {
                code.removeLast()
                return code
            } else {
                code.append(character)
            }
            previous = character
        }
        return code
    }

    private static let accessLevels: Set<String> = ["internal", "package", "public", "private", "fileprivate"]
    private static let importKinds: Set<String> = [
        "struct", "class", "enum", "protocol", "typealias", "func", "let", "var",
    ]
}
