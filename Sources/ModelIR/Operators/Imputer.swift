/// Replaces missing numbers column by column (ONNX-ML `Imputer`, scikit-learn `SimpleImputer`).
package struct Imputer: Sendable, Hashable {
    /// What takes the place of a missing value, one a column.
    package let replacements: [Double]
    /// The value that counts as missing; NaN for not-a-number.
    package let missingValue: Double

    package init(replacements: [Double], missingValue: Double) {
        self.replacements = replacements
        self.missingValue = missingValue
    }
}

/// Replaces missing strings column by column.
package struct StringImputer: Sendable, Hashable {
    package let replacements: [String]
    /// The text that counts as missing, compared byte for byte; nil for the missing value, which is refused otherwise.
    package let missingText: String?

    package init(replacements: [String], missingText: String? = nil) {
        self.replacements = replacements
        self.missingText = missingText
    }
}
