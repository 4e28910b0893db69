/// Linear scores in float32 that pass over missing values (XGBoost's `gblinear`).
package struct SparseLinear: Sendable, Hashable {
    /// Row-major [features, groups].
    package let weights: [Float]
    /// What each group's sum starts with: bias and base score.
    package let starts: [Float]
    package let featureCount: Int
    package var groupCount: Int { starts.count }

    package init(weights: [Float], starts: [Float], featureCount: Int) {
        self.weights = weights
        self.starts = starts
        self.featureCount = featureCount
    }
}
