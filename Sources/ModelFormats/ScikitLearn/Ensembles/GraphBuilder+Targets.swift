internal import ModelIR
internal import TensorCore

/// `TransformedTargetRegressor`.
extension GraphBuilder {
    /// The regressor's prediction through the inverse of what the target went through.
    mutating func regressTransformed(
        _ estimator: EstimatorRecord, _ frame: Frame
    ) throws(ImportError) -> EstimatorMethods {
        let regressor = try member("regressor_", of: estimator)
        let transformer = try member("transformer_", of: estimator)
        try note(estimator, "the target through the inverse of \(transformer.className)")
        let numbers = try prediction(of: widened(methods(regressor, frame), path: regressor.path), regressor)
        let value = try inverse(transformer, numbers)
        let isMatrix = scalarAttribute(estimator, "_training_dim") == .integer(2)
        return EstimatorMethods(
            prediction: .numbers(value, width: numbers.width, isVector: isMatrix || numbers.width > 1))
    }

    private mutating func inverse(
        _ transformer: EstimatorRecord, _ numbers: EstimatorMethods.Numbers
    ) throws(ImportError) -> ValueID {
        let path = transformer.path
        let width = numbers.width
        let zeros = [Double](repeating: 0, count: width)
        let ones = [Double](repeating: 1, count: width)
        let scaler: Scaler
        switch transformer.className {
        case "FunctionTransformer": return try inverseFunction(transformer, numbers)
        case "StandardScaler", "RobustScaler":
            let isStandard = transformer.className == "StandardScaler"
            let isCentered = flag(transformer, isStandard ? "with_mean" : "with_centering", default: true)
            let isScaled = flag(transformer, isStandard ? "with_std" : "with_scaling", default: true)
            scaler = Scaler(
                form: .multiplyAdd,
                offset: isCentered ? try vector(transformer, isStandard ? "mean_" : "center_", count: width) : zeros,
                scale: isScaled ? try vector(transformer, "scale_", count: width) : ones)
        case "MaxAbsScaler":
            scaler = Scaler(form: .multiplyAdd, offset: zeros, scale: try vector(transformer, "scale_", count: width))
        case "MinMaxScaler":
            scaler = Scaler(
                form: .subtractDivide, offset: try vector(transformer, "min_", count: width),
                scale: try vector(transformer, "scale_", count: width))
        default:
            throw ImportError(
                .unsupported, at: path, found: "the inverse of \(transformer.fullName)",
                expected: "a scaler, or a function of NumPy",
                remedy: "serve regressor_ itself, and apply the inverse to its prediction")
        }
        return add(.scaler(scaler), [numbers.value], width: width, path: path)
    }

    private mutating func inverseFunction(
        _ transformer: EstimatorRecord, _ numbers: EstimatorMethods.Numbers
    ) throws(ImportError) -> ValueID {
        let place = transformer.path + ".inverse_func"
        let value = attribute(transformer, "inverse_func") ?? .none
        guard value != .none else { return numbers.value }
        let arguments = attribute(transformer, "inv_kw_args") ?? .none
        guard let function = numPyFunction(value), arguments == .none || document.pairs(arguments)?.isEmpty == true
        else {
            throw ImportError(
                .unsupported, at: place, found: "the function \(document.describe(value))",
                expected: "a function of NumPy such as numpy.exp or numpy.expm1",
                remedy: "nothing in a model file is ever run; use NumPy's own function, or serve regressor_ itself and "
                    + "apply the inverse to its prediction")
        }
        return add(.elementwise(function), [numbers.value], width: numbers.width, path: transformer.path)
    }

    /// A function of NumPy by its name, or as `numpy.core._ufunc_reconstruct(module, name)`.
    private func numPyFunction(_ value: PickleValue) -> ElementwiseFunction? {
        var module = document.global(value).flatMap { document.text($0.module) }
        var name = document.global(value).flatMap { document.text($0.name) }
        if let record = document.record(value), document.fullName(record).hasSuffix("._ufunc_reconstruct"),
            let arguments = document.sequence(.node(record.arguments)), arguments.count == 2,
            case .text(let first) = document.scalar(arguments[0]),
            case .text(let second) = document.scalar(arguments[1])
        {
            (module, name) = (first, second)
        }
        guard let module, let name, module == "numpy" || module.hasPrefix("numpy.") else { return nil }
        return ElementwiseFunction(numPyName: name)
    }
}
