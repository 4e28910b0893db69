/// Builds RFC 6901 JSON Pointers for error messages.
enum JSONPointer {
    /// A longer key is cut, so that an answer does not send a client's megabytes back; it then ends in an ellipsis.
    private static let keyCharactersMax = 128

    /// `~` and `/` in a key are written `~0` and `~1` (RFC 6901 section 3).
    static func token(_ key: String) -> String {
        var text = "/"
        for character in shortened(key) {
            switch character {
            case "~": text += "~0"
            case "/": text += "~1"
            default: text.append(character)
            }
        }
        return text
    }

    /// The text, or its beginning and an ellipsis.
    static func shortened(_ text: String) -> String {
        text.utf8.count <= keyCharactersMax ? text : text.prefix(keyCharactersMax) + "…"
    }

    static func token(_ index: Int) -> String { "/\(index)" }
}
