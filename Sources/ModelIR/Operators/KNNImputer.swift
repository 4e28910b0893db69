/// Replaces a missing number by the mean of the nearest training rows that have it (scikit-learn `KNNImputer`).
///
/// Distances leave out what is missing on either side. Rows that are equally far at the last place count in the order
/// of the training data; the library leaves that to chance.
package struct KNNImputer: Sendable, Hashable {
    /// Row-major training rows; NaN where missing.
    package let rows: [Double]
    package let width: Int
    package let neighborCount: Int
    /// Whether a neighbour counts by 1 / distance.
    package let isWeighted: Bool
    /// Whether rows that share no column with this one count as the farthest, as before scikit-learn 1.6.
    package let countsUnreachable: Bool
    /// Columns that were empty in training, and stay as they are: another step drops them.
    package let emptyColumns: [Bool]
    package var rowCount: Int { width == 0 ? 0 : rows.count / width }

    package init(
        rows: [Double], width: Int, neighborCount: Int, isWeighted: Bool, countsUnreachable: Bool = false,
        emptyColumns: [Bool]
    ) {
        self.rows = rows
        self.width = width
        self.neighborCount = neighborCount
        self.isWeighted = isWeighted
        self.countsUnreachable = countsUnreachable
        self.emptyColumns = emptyColumns
    }
}
