/// One indicator column a category (scikit-learn `OneHotEncoder`).
package struct OneHotEncoder: Sendable, Hashable {
    package enum Unknown: Sendable, Hashable {
        /// The row has no prediction: `RowFault.Reason.unknownCategory`.
        case refuse
        /// All of the column's indicators are zero.
        case allZero
        /// Counts as the infrequent category where the column has one, else as `allZero`.
        case infrequent
    }

    package enum Categories: Sendable, Hashable {
        /// Compared as numbers; NaN matches NaN.
        case numbers([Double])
        /// Compared exactly, byte for byte; nil is the missing value.
        case strings([String?])

        package var count: Int {
            switch self {
            case .numbers(let values): values.count
            case .strings(let values): values.count
            }
        }
    }

    package struct Feature: Sendable, Hashable {
        package let categories: Categories
        /// For each category the indicator it sets, counted from the feature's first; -1 sets none (a dropped
        /// category).
        package let indicators: [Int]
        /// Indicators of this feature.
        package let width: Int
        /// The indicator that unknown categories set under `Unknown.infrequent`.
        package let infrequentIndicator: Int?

        package init(categories: Categories, indicators: [Int], width: Int, infrequentIndicator: Int?) {
            self.categories = categories
            self.indicators = indicators
            self.width = width
            self.infrequentIndicator = infrequentIndicator
        }
    }

    /// One an input column.
    package let features: [Feature]
    package let unknown: Unknown

    package init(features: [Feature], unknown: Unknown) {
        self.features = features
        self.unknown = unknown
    }

    package var width: Int { features.reduce(0) { $0 + $1.width } }
}
