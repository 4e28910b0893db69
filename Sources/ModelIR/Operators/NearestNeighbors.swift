/// The nearest points of a training set: their distances in ascending order, then their indices, as numbers.
///
/// Which of several points at the same distance is taken at the last place is decided as scikit-learn's heap does when
/// it sees the points in their order.
package struct NearestNeighbors: Sendable, Hashable {
    package let measure: PairwiseMeasure
    /// Row-major [count, inputWidth].
    package let points: [Double]
    package let count: Int
    package let inputWidth: Int
    package let neighborCount: Int

    package init(measure: PairwiseMeasure, points: [Double], count: Int, inputWidth: Int, neighborCount: Int) {
        self.measure = measure
        self.points = points
        self.count = count
        self.inputWidth = inputWidth
        self.neighborCount = neighborCount
    }
}
