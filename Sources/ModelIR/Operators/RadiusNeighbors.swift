/// The targets of all points within a radius, as one weighted mean.
package struct RadiusNeighbors: Sendable, Hashable {
    package let measure: PairwiseMeasure
    /// Row-major [count, inputWidth].
    package let points: [Double]
    package let count: Int
    package let inputWidth: Int
    package let radius: Double
    package let weights: NeighborWeights
    package let targets: NeighborTargets
    /// The class of a row without neighbours. Numbers are NaN there.
    package let classOfOutliers: Int?

    package init(
        measure: PairwiseMeasure, points: [Double], count: Int, inputWidth: Int, radius: Double,
        weights: NeighborWeights, targets: NeighborTargets, classOfOutliers: Int?
    ) {
        self.measure = measure
        self.points = points
        self.count = count
        self.inputWidth = inputWidth
        self.radius = radius
        self.weights = weights
        self.targets = targets
        self.classOfOutliers = classOfOutliers
    }
}
