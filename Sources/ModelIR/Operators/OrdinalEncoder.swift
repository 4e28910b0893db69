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

    /// Each value's position among its column's categories, and NaN for a missing one: what pandas does to category
    /// columns before a booster sees them.
    ///
    /// - Parameter refusesUnknown: whether a row with any other value has no prediction; else the value is NaN too.
    package init(positionsAmong categories: [OneHotEncoder.Categories], refusesUnknown: Bool = false) {
        features = categories.map { known in
            let codes = (0..<known.count).map { Double($0) }
            guard refusesUnknown else { return Feature(categories: known, codes: codes, unknownCode: .nan) }
            return Feature(categories: known.withMissing, codes: codes + [.nan], unknownCode: nil)
        }
    }
}

extension OneHotEncoder.Categories {
    /// With the missing value as one more category.
    fileprivate var withMissing: Self {
        switch self {
        case .numbers(let values): .numbers(values + [.nan])
        case .strings(let values): .strings(values + [nil])
        }
    }
}
