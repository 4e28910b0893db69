internal import ModelIR

extension GraphBuilder {
    /// Whether a FunctionTransformer only checks its input, as the one within HistGradientBoosting does (since 1.4):
    /// `functools.partial(sklearn.utils.validation.check_array, dtype=[float64], force_all_finite=False)`. The trees
    /// behind it take NaN and infinities.
    func checksOnly(_ estimator: EstimatorRecord) throws(ImportError) -> Bool {
        guard let function = attribute(estimator, "func").flatMap({ document.record($0) }),
            document.fullName(function) == "functools.partial",
            let arguments = document.sequence(.node(function.arguments)), arguments.count == 1,
            let global = document.global(arguments[0])
        else { return false }
        return document.fullName(global) == "sklearn.utils.validation.check_array"
    }
}
