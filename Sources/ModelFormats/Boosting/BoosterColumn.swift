internal import ModelIR
internal import TensorCore

/// One input column of a boosted model.
struct BoosterColumn: Sendable {
    /// The name in the training data; nil if it had none.
    let name: String?
    /// The categories of the training frame, by whose position the trees know them; nil where the trees take the
    /// column's numbers as they are.
    let categories: OneHotEncoder.Categories?
    /// Whether the library refuses a value that is not among the categories; else it counts as missing.
    var refusesUnknown = false
    /// Whether it holds text without a list of categories, which the model knows by their hashes.
    var isText = false

    /// Whether the file has underscores where the name had blanks in the training frame.
    var hidesBlanks = false

    /// What the training data held, where the file tells.
    var range: ClosedRange<Double>?

    /// What a record holds in it.
    var kind: ColumnKind {
        if case .strings = categories { .string } else { isText ? .string : .float64 }
    }

    var column: Column {
        var column = Column(name: name, kind: kind, range: range)
        column.takesWholeNumbersAsText = isText
        column.takesBlanksForUnderscores = hidesBlanks
        return column
    }
}
