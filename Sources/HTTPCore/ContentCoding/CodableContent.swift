/// Which answers are worth coding, as their fields tell. Looked at once, when the fields are made.
enum CodableContent {
    private static let types: Set<String> = [
        "application/json", "application/javascript", "application/xml", "application/xhtml+xml",
        "application/x-ndjson",
        "application/yaml", "application/openmetrics-text", "image/svg+xml",
    ]

    /// Whether the content is text by its type, not coded yet, and its tag stays true: a strong ETag names exact bytes
    /// (RFC 9110 8.8.1), which are others when they are coded.
    static func describes(_ fields: [ResponseFields.Field]) -> Bool {
        var isText = false
        for field in fields {
            switch field.name.lowercased() {
            case "content-type": isText = isCodable(field.value.lowercased())
            case "content-encoding", "content-range": return false
            case "etag": if !field.value.hasPrefix("W/") { return false }

            default: break
            }
        }
        return isText
    }

    private static func isCodable(_ value: String) -> Bool {
        let type = value.split(separator: ";", omittingEmptySubsequences: false).first?.trimmed ?? ""
        return type.hasPrefix("text/") || types.contains(type) || type.hasSuffix("+json") || type.hasSuffix("+xml")
    }
}

extension Substring {
    /// Without spaces and tabs at its ends.
    var trimmed: String {
        var text = self
        while let first = text.first, first == " " || first == "\t" { text.removeFirst() }
        while let last = text.last, last == " " || last == "\t" { text.removeLast() }
        return String(text)
    }
}
