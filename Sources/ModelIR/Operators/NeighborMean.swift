/// The targets of the nearest neighbours, whose distances and indices come in, as one weighted mean.
package struct NeighborMean: Sendable, Hashable {
    package let weights: NeighborWeights
    package let targets: NeighborTargets
    package let pointCount: Int

    package init(weights: NeighborWeights, targets: NeighborTargets, pointCount: Int) {
        self.weights = weights
        self.targets = targets
        self.pointCount = pointCount
    }
}
