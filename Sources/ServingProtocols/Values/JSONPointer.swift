/// Builds RFC 6901 JSON Pointers for error messages.
enum JSONPointer {
    /// `~` and `/` in a key are written `~0` and `~1` (RFC 6901 section 3).
    static func token(_ key: String) -> String {
        var text = "/"
        for character in key {
            switch character {
            case "~": text += "~0"
            case "/": text += "~1"
            default: text.append(character)
            }
        }
        return text
    }

    static func token(_ index: Int) -> String { "/\(index)" }
}
