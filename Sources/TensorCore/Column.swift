/// What a row slot holds.
package enum ColumnKind: String, Sendable, Hashable {
    /// An IEEE double; a missing value is NaN.
    case float64
    /// An exact 64-bit integer; a missing value is marked in the batch's bitmap.
    case int64
    /// UTF-8 bytes in the batch's arena; a missing value is marked in the batch's bitmap.
    case string
}

/// One input column of a model, as its training data named and typed it.
package struct Column: Sendable, Hashable {
    /// The name in the training frame; nil if the model was trained on a bare matrix.
    package let name: String?
    package let kind: ColumnKind
    /// Whether a record may leave this column out or send null. Set by the compiler, which follows the value through
    /// the graph.
    package var acceptsMissing: Bool
    /// Whether any step of the model reads it. What a record holds in a column that none reads is taken whatever its
    /// type is, and not looked at: the training frame had it, and the saved model does not tell its type.
    package var isUsed: Bool
    /// The known categories of a string column, for the signature and for error messages; empty if unknown.
    package var categories: [String]
    /// What the training data held, for the signature; nil if unknown. Values outside are taken all the same.
    package var range: ClosedRange<Double>?
    /// Whether a record has to have the field, with null for a missing value, whatever the record's policy is.
    package var isRequired = false
    /// Whether whole numbers and truth values count as text: a number as its decimal digits, true and false as 1 and 0.
    /// So CatBoost reads categories.
    package var takesWholeNumbersAsText = false
    /// Whether a field may have blanks where the name has underscores, which LightGBM writes for them.
    package var takesBlanksForUnderscores = false

    package init(
        name: String?, kind: ColumnKind, acceptsMissing: Bool = false, isUsed: Bool = true, categories: [String] = [],
        range: ClosedRange<Double>? = nil
    ) {
        self.name = name
        self.kind = kind
        self.acceptsMissing = acceptsMissing
        self.isUsed = isUsed
        self.categories = categories
        self.range = range
    }
}
