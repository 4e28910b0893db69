/// Why a file is no model, or a row has no prediction.
public enum ModelError: Error, Sendable, Hashable, CustomStringConvertible {
    /// The file was not taken: place, what was found and what was expected, in one sentence.
    case refused(String)
    /// The row with this index does not fit: the input column, if it is about one, and what is wrong.
    case row(Int, column: String?, problem: String)

    public var description: String {
        switch self {
        case .refused(let text): text
        case .row(let row, let column?, let problem): "row \(row), column \(column): \(problem)"
        case .row(let row, nil, let problem): "row \(row): \(problem)"
        }
    }
}
