/// A binary tree of clusters, walked down from its root: at each node the child with the greater score, the left one
/// if they are equal (scikit-learn's BisectingKMeans).
package struct Bisection: Sendable, Hashable {
    /// Two a node: the left and the right child; a negative one is the cluster ~child. Node k takes scores 2k, 2k + 1.
    /// A child stands behind its parent.
    package let children: [Int32]
    package let clusterCount: Int

    package init(children: [Int32], clusterCount: Int) {
        self.children = children
        self.clusterCount = clusterCount
    }
}
