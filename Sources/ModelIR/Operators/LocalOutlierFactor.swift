/// The opposite of the local outlier factor of a row, from its nearest neighbours' distances and indices.
package struct LocalOutlierFactor: Sendable, Hashable {
    /// Each point's distance to its own last neighbour.
    package let reaches: [Double]
    /// Each point's local reachability density.
    package let densities: [Double]

    package init(reaches: [Double], densities: [Double]) {
        self.reaches = reaches
        self.densities = densities
    }
}
