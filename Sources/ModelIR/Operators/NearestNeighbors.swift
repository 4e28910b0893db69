/// The nearest points of a training set: their distances in ascending order, then their indices, as numbers.
///
/// Which of several points at the same distance is taken at the last place is decided as `search` does. Where that
/// cannot be told, and the points do not stand for the same, the row has no prediction.
package struct NearestNeighbors: Sendable, Hashable {
    package let measure: PairwiseMeasure
    /// Row-major [count, inputWidth].
    package let points: [Double]
    package let count: Int
    package let inputWidth: Int
    package let neighborCount: Int
    package let search: NeighborSearch
    /// Points of one number stand for the same target, so that each may be taken for the other; empty if none may.
    package let targetGroups: [Int32]
    /// What all columns of the points are multiples of.
    package let grid: BinaryGrid

    package init(
        measure: PairwiseMeasure, points: [Double], count: Int, inputWidth: Int, neighborCount: Int,
        search: NeighborSearch = .scan(.none), targetGroups: [Int32] = []
    ) {
        self.measure = measure
        self.points = points
        self.count = count
        self.inputWidth = inputWidth
        self.neighborCount = neighborCount
        self.search = search
        self.targetGroups = targetGroups
        var grid = BinaryGrid()
        for value in points { grid.include(value) }
        self.grid = grid
    }
}
