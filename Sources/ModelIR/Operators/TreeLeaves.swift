/// Which leaf each tree of an ensemble ends in, counted as its library does (`pred_leaf`).
package struct TreeLeaves: Sendable, Hashable {
    package let ensemble: TreeEnsemble
    /// For each tree the node that has number 0.
    package let origins: [Int32]

    package init(ensemble: TreeEnsemble, origins: [Int32]) {
        self.ensemble = ensemble
        self.origins = origins
    }
}
