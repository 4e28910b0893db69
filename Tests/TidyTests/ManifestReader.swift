/// Reads the `layer("Name", ["Dependency", ...])` entries of a manifest, as far as they name targets in quotes.
enum ManifestReader {
    static func layers(in manifest: String) -> [(name: String, dependencies: Set<String>)] {
        var found: [(String, Set<String>)] = []
        var rest = manifest[...]
        while let start = rest.range(of: "layer(") {
            rest = rest[start.upperBound...]
            guard let end = rest.firstIndex(of: ")") else { break }
            let names = quoted(rest[..<end])
            // The function that makes layers has no name in quotes.
            if let name = names.first { found.append((name, Set(names.dropFirst()))) }
            rest = rest[end...]
        }
        return found
    }

    /// What stands between quotes.
    private static func quoted(_ text: Substring) -> [String] {
        let parts = text.split(separator: "\"", omittingEmptySubsequences: false)
        return parts.indices.filter { $0 % 2 == 1 }.map { String(parts[$0]) }
    }
}

extension Substring {
    /// The first place of a text; the standard library has it for regular expressions and collections of equal type
    /// only.
    fileprivate func range(of text: String) -> Range<Index>? {
        firstRange(of: text)
    }
}
