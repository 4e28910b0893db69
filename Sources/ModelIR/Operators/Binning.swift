/// The number of the interval in which each element lies (scikit-learn `KBinsDiscretizer`).
package struct Binning: Sendable, Hashable {
    /// For each column the ascending inner edges. An element's bin is how many of them are at most the element.
    package let edges: [[Double]]
    /// Whether an element just below an edge counts as on it, by 1e-8 + 1e-5 · |x|, as before scikit-learn 1.1.
    package let isTolerant: Bool

    package init(edges: [[Double]], isTolerant: Bool = false) {
        self.edges = edges
        self.isTolerant = isTolerant
    }
}
