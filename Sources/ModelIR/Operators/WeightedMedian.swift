/// The weighted median of a row: its numbers in ascending order, the first at which the weights so far are at least
/// half of all (scikit-learn's `AdaBoostRegressor`).
package struct WeightedMedian: Sendable, Hashable {
    /// One a column.
    package let weights: [Double]

    package init(weights: [Double]) {
        self.weights = weights
    }
}
