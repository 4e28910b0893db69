/// The position of a value among its column's categories; NaN for any other value and for a missing one (ONNX-ML
/// `CategoryMapper`). What pandas does to category columns before a booster sees them.
package struct CategoryMapper: Sendable, Hashable {
    /// One an input column, all of numbers or all of strings.
    package let features: [OneHotEncoder.Categories]
    /// Whether a row with a value that is no category, and not missing, has no prediction.
    package let refusesUnknown: Bool

    package init(features: [OneHotEncoder.Categories], refusesUnknown: Bool = false) {
        self.features = features
        self.refusesUnknown = refusesUnknown
    }
}
