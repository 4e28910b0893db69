/// Decisions of pairs of classes to probabilities of classes: Platt's logistic function a pair, then Wu, Lin and Weng's
/// pairwise coupling, as libsvm iterates it.
package struct PairCoupling: Sendable, Hashable {
    /// libsvm's A and B of each pair: the probability is 1 / (1 + e^(A d + B)).
    package let slopes: [Double]
    package let offsets: [Double]
    package let classCount: Int

    package init(slopes: [Double], offsets: [Double], classCount: Int) {
        self.slopes = slopes
        self.offsets = offsets
        self.classCount = classCount
    }
}
