internal import ModelIR

/// Why a command ends without having done its work; the text is for the person at the terminal.
public struct CommandError: Error, Sendable, CustomStringConvertible {
    public let description: String

    init(_ description: String) {
        self.description = description
    }

    /// A model file that cannot be served: where, what was found and expected, and what to do.
    init(refusing error: ImportError, path: String) {
        var lines = [
            "\(path) cannot be served", "  where:    \(error.place)", "  found:    \(error.found)",
            "  expected: \(error.expected)",
        ]
        if let remedy = error.remedy { lines.append("  do:       \(remedy)") }
        description = lines.joined(separator: "\n")
    }
}
