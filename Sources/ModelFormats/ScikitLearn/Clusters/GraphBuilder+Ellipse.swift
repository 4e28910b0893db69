internal import ModelIR
internal import TensorCore

/// EllipticEnvelope.
extension GraphBuilder {
    /// The score is -(x - location_)ᵀ · precision_ · (x - location_), the decision the score less offset_.
    mutating func detectByEllipse(
        _ estimator: EstimatorRecord, _ frame: Frame
    ) throws(ImportError) -> EstimatorMethods {
        let path = estimator.path
        let location = try vector(estimator, "location_", count: frame.count)
        let precision = try rows(estimator, "precision_", width: frame.count)
        guard precision.height == frame.count else {
            throw ImportError(
                .malformed, at: path + ".precision_", found: "\(precision.height) rows", expected: "\(frame.count)")
        }
        let difference = subtract(location, from: try matrix(frame, as: .number, path: path), path: path)
        let weighted = project(difference, precision, path: path)
        let products = add(.product, [difference, weighted.value], width: frame.count, path: path)
        let negated = Projection(
            weights: [Double](repeating: -1, count: frame.count), height: 1, width: frame.count)
        let scores = project(products, negated, path: path)
        let decision = subtract([try number(estimator, "offset_")], from: scores.value, path: path)
        try note(estimator, "\(frame.count) features")
        return outlierMethods(decision, scores: scores.value, isZeroInlier: true, path: path)
    }
}
