internal import ModelIR

/// `FunctionTransformer`.
extension GraphBuilder {
    /// Since 1.4 a ColumnTransformer keeps "passthrough" as a FunctionTransformer without a function.
    mutating func applyFunction(_ estimator: EstimatorRecord, _ frame: Frame) throws(ImportError) -> Frame {
        if try checksOnly(estimator) { return frame }
        guard attribute(estimator, "func") ?? .none == PickleValue.none else {
            throw ImportError(
                .unsupported, at: estimator.path + ".func", found: estimator.fullName,
                expected: "only classes that are served", remedy: Remedies.remedy(for: estimator))
        }
        return frame
    }
}
