/// For each column the row of a table that the column's number, rounded towards zero, chooses; the sum of these rows
/// and the bias (scikit-learn's CategoricalNB).
package struct TableSum: Sendable, Hashable {
    /// The first row of each column's table; one more at the end.
    package let starts: [Int]
    /// Row-major [rows of all tables, outputs].
    package let values: [Double]
    /// One an output.
    package let bias: [Double]

    package init(starts: [Int], values: [Double], bias: [Double]) {
        self.starts = starts
        self.values = values
        self.bias = bias
    }
}
