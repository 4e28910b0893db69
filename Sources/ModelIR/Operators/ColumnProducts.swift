/// Products of columns (scikit-learn `PolynomialFeatures`), each made from an earlier one.
package struct ColumnProducts: Sendable, Hashable {
    /// One output column: an earlier output column, or 1, times an input column, or 1.
    package struct Term: Sendable, Hashable {
        /// nil for 1.
        package let earlier: Int?
        /// nil for 1.
        package let column: Int?

        package init(earlier: Int?, column: Int?) {
            self.earlier = earlier
            self.column = column
        }
    }

    package let terms: [Term]

    package init(terms: [Term]) {
        self.terms = terms
    }
}
