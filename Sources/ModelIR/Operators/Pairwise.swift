/// One number for each row of a reference matrix, such as a support vector, a cluster's centre, or a training row.
package struct Pairwise: Sendable, Hashable {
    package let measure: PairwiseMeasure
    /// Row-major [count, inputWidth].
    package let references: [Double]
    package let count: Int
    package let inputWidth: Int

    package init(measure: PairwiseMeasure, references: [Double], count: Int, inputWidth: Int) {
        self.measure = measure
        self.references = references
        self.count = count
        self.inputWidth = inputWidth
    }
}
