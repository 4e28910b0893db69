/// One number a category (ONNX-ML `LabelEncoder`, scikit-learn `OrdinalEncoder` and `TargetEncoder`).
package struct OrdinalEncoder: Sendable, Hashable {
    package struct Feature: Sendable, Hashable {
        /// A missing value is a category like any other: NaN among numbers, nil among strings.
        package let categories: OneHotEncoder.Categories
        /// What stands for each category.
        package let codes: [Double]
        /// What stands for every other value; nil where the row has no prediction then:
        /// `RowFault.Reason.unknownCategory`.
        package let unknownCode: Double?

        package init(categories: OneHotEncoder.Categories, codes: [Double], unknownCode: Double?) {
            self.categories = categories
            self.codes = codes
            self.unknownCode = unknownCode
        }
    }

    /// One an input column.
    package let features: [Feature]

    package init(features: [Feature]) {
        self.features = features
    }

    /// Each value's position among its column's categories; NaN for any other value. What pandas does to category
    /// columns before a booster sees them.
    package init(positionsAmong categories: [OneHotEncoder.Categories]) {
        features = categories.map {
            Feature(categories: $0, codes: (0..<$0.count).map { Double($0) }, unknownCode: .nan)
        }
    }
}
