/// Target statistics of combined categories, one number each (CatBoost's CTR features), in float32 as CatBoost computes
/// them.
package struct CategoryCTR: Sendable, Hashable {
    /// What a combination is made of, by columns of the input.
    package enum Element: Sendable, Hashable {
        /// A category's hash.
        case category(column: Int)
        /// Whether a number is above a threshold.
        case above(column: Int, threshold: Double, missingIsAbove: Bool)
        /// Whether a category has this hash.
        case equals(column: Int, hash: Int32)
    }

    /// How a table's numbers for a combination become a statistic.
    package enum Statistic: Sendable, Hashable {
        /// The share of target classes above one.
        case borders(Int)
        /// The share of one target class.
        case buckets(Int)
        /// A sum and a count.
        case mean
        /// A count over the table's denominator.
        case counter
    }

    /// What training saw of the combinations.
    package struct Table: Sendable, Hashable {
        /// Ascending.
        package let hashes: [UInt64]
        /// Row-major [hashes, width].
        package let values: [Float]
        package let width: Int
        package let denominator: Float

        package init(hashes: [UInt64], values: [Float], width: Int, denominator: Float) {
            self.hashes = hashes
            self.values = values
            self.width = width
            self.denominator = denominator
        }
    }

    package struct Feature: Sendable, Hashable {
        package let elements: [Element]
        package let statistic: Statistic
        package let table: Int
        package let priorNumerator: Float
        package let priorDenominator: Float
        package let shift: Float
        package let scale: Float

        package init(
            elements: [Element], statistic: Statistic, table: Int, priorNumerator: Float, priorDenominator: Float,
            shift: Float, scale: Float
        ) {
            self.elements = elements
            self.statistic = statistic
            self.table = table
            self.priorNumerator = priorNumerator
            self.priorDenominator = priorDenominator
            self.shift = shift
            self.scale = scale
        }
    }

    package let features: [Feature]
    package let tables: [Table]

    package init(features: [Feature], tables: [Table]) {
        self.features = features
        self.tables = tables
    }
}
