/// Kernel values of the support vectors of all classes to one decision for each pair of classes (ONNX-ML
/// `SVMClassifier`'s scores): libsvm's sign, above zero for the first class of the pair.
///
/// The vectors are grouped by class. For the pair i < j, those of i count with row j - 1 of the coefficients, those of
/// j with row i.
package struct PairDecisions: Sendable, Hashable {
    /// Row-major [classes - 1, vectors].
    package let coefficients: [Double]
    /// The first vector of each class; one more at the end.
    package let starts: [Int]
    /// One a pair, in the order (0, 1), (0, 2), ... (1, 2) ...
    package let intercepts: [Double]
    package var classCount: Int { starts.count - 1 }
    package var vectorCount: Int { starts.last ?? 0 }

    package init(coefficients: [Double], starts: [Int], intercepts: [Double]) {
        self.coefficients = coefficients
        self.starts = starts
        self.intercepts = intercepts
    }

    /// The pairs that so many classes have; nil if they are too many to count.
    package static func pairCount(classCount: Int) -> Int? {
        guard classCount >= 2 else { return nil }
        let (product, overflow) = classCount.multipliedReportingOverflow(by: classCount - 1)
        return overflow ? nil : product / 2
    }
}
