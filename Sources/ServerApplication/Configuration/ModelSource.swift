internal import ModelIR
internal import Serving

/// A model named at start: `house-price=models/house.pkl`, or a path alone, whose file name without its ending is the
/// name.
public struct ModelSource: Sendable, Hashable {
    public let name: String
    public let path: String
    /// The boosting rounds that predict, counted from 0; nil for those that the library would use.
    public var iterationRange: Range<Int>?

    /// Parses `START:END`, as in `0:50`.
    public static func iterationRange(_ text: String) throws(ConfigurationError) -> Range<Int> {
        let bounds = text.split(separator: ":", omittingEmptySubsequences: false).map { Int($0) }
        guard bounds.count == 2, let start = bounds[0], let end = bounds[1], start >= 0, start < end,
            end <= Int(Int32.max)
        else {
            throw ConfigurationError(
                "iteration range", from: "--iteration-range", found: "\"\(text)\"",
                expected: "START:END, two rounds from 0 of which the first is less, such as 0:50")
        }
        return start..<end
    }

    var importOptions: ImportOptions { ImportOptions(iterationRange: iterationRange) }

    /// - Throws: if the name breaks the rule or there is no path.
    public init(name: String, path: String) throws(ConfigurationError) {
        guard Self.isValidName(name) else {
            throw ConfigurationError(
                "model", from: path, found: "the name \"\(name)\"",
                expected: Self.nameRule + "; give one as NAME=PATH")
        }
        guard !path.isEmpty else {
            throw ConfigurationError("model", from: name, found: "no path", expected: "NAME=PATH")
        }
        self.name = name
        self.path = path
    }

    /// Parses `[NAME=]PATH`.
    public init(argument: String) throws(ConfigurationError) {
        let parts = argument.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
        // A path may hold "=", a name may not hold "/": what stands before the first "=" is a name only without one.
        if parts.count == 2, !parts[0].contains("/") {
            try self.init(name: String(parts[0]), path: String(parts[1]))
        } else {
            try self.init(name: Self.name(ofFile: argument), path: argument)
        }
    }

    /// What names are, for a person.
    static let nameRule = "letters, digits, '.', '_' and '-', beginning with a letter or digit, at most 128"

    /// Whether a model may have that name: the one rule of the server, for names from outside as well.
    public static func isValidName(_ name: String) -> Bool { ModelName.isValid(name) }

    /// The file's name without directories and without its ending; what a name may not hold becomes `-`.
    private static func name(ofFile path: String) -> String {
        let file = path.split(separator: "/").last ?? ""
        let stem = file.lastIndex(of: ".").map { $0 > file.startIndex ? file[..<$0] : file } ?? file
        return String(stem.map { isValidName("a\($0)") ? $0 : "-" })
    }
}
