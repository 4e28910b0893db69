/// The shared credentials file of AWS's tools:
///
///     [default]
///     aws_access_key_id = AKIA...
///     aws_secret_access_key = ...
enum ProfileFile {
    /// The values of one profile, their names in lower case; empty if there is no such profile. What is not understood
    /// is passed over.
    static func values(of profile: String, in text: String) -> [String: String] {
        var values: [String: String] = [:]
        var isInside = false
        for line in text.split(whereSeparator: \.isNewline) {
            let line = line.trimmingSpaces()
            if line.hasPrefix("#") || line.hasPrefix(";") { continue }
            if line.hasPrefix("["), let end = line.firstIndex(of: "]") {
                isInside = line[line.index(after: line.startIndex)..<end].trimmingSpaces() == profile
                continue
            }
            guard isInside, let equals = line.firstIndex(of: "=") else { continue }
            values[line[..<equals].trimmingSpaces().lowercased()] = line[line.index(after: equals)...].trimmingSpaces()
        }
        return values
    }
}
