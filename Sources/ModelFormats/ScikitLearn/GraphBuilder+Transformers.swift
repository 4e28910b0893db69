internal import ModelIR
internal import TensorCore

/// What `transform` of each class does to a frame.
extension GraphBuilder {
    mutating func transform(_ estimator: EstimatorRecord, _ frame: Frame, depth: Int) throws(ImportError) -> Frame {
        guard depth <= Self.nestingMax else { throw tooDeep(estimator.path) }
        if !SupportedClasses.containers.contains(estimator.className) { try spend(frame.count, path: estimator.path) }
        switch estimator.className {
        case "Pipeline": return try transformPipeline(estimator, frame, depth: depth)
        case "ColumnTransformer": return try transformColumns(estimator, frame, depth: depth)
        case "FeatureUnion": return try transformUnion(estimator, frame, depth: depth)
        case "StandardScaler", "RobustScaler", "MaxAbsScaler", "MinMaxScaler": return try scale(estimator, frame)
        case "SimpleImputer": return try impute(estimator, frame)
        case "MissingIndicator":
            let indicated = try indicate(estimator, frame)
            try note(estimator, "\(indicated.count) indicators")
            return indicated
        case "OneHotEncoder": return try encode(estimator, frame)
        // Since 1.4 a ColumnTransformer keeps "passthrough" as a FunctionTransformer without a function.
        case "FunctionTransformer": return frame
        default:
            throw ImportError(
                .unsupported, at: estimator.path, found: estimator.fullName, expected: "a transformer",
                remedy: "a predictor can only be the last step of a pipeline")
        }
    }

    // MARK: Containers

    private mutating func transformPipeline(
        _ pipeline: EstimatorRecord, _ frame: Frame, depth: Int
    ) throws(ImportError) -> Frame {
        let parts = try parts(of: pipeline)
        try note(pipeline, "\(parts.count) steps")
        var frame = frame
        for part in parts where !part.isPassthrough {
            frame = try transform(estimator(part, in: pipeline), frame, depth: depth + 1)
        }
        return frame
    }

    private mutating func transformColumns(
        _ transformer: EstimatorRecord, _ frame: Frame, depth: Int
    ) throws(ImportError) -> Frame {
        let parts = try parts(of: transformer)
        try note(transformer, "\(frame.count) columns, \(parts.count) branches")
        var result = Frame([])
        var names: [String: Int]?
        for part in parts where !part.isDrop && !isEmpty(part.columns) {
            let path = transformer.path + "/" + part.name
            let positions = try positions(part.columns, in: frame, names: &names, place: path + ".columns")
            guard !positions.isEmpty else { continue }
            try spend(positions.count, path: path)
            var branch = Frame(positions.map { frame.columns[$0] })
            if !part.isPassthrough {
                branch = try transform(estimator(part, in: transformer), branch, depth: depth + 1)
            }
            branch = try weigh(branch, part, transformer)
            result.columns += branch.columns
        }
        return result
    }

    private mutating func transformUnion(
        _ union: EstimatorRecord, _ frame: Frame, depth: Int
    ) throws(ImportError) -> Frame {
        let parts = try parts(of: union)
        try note(union, "\(parts.count) branches")
        var result = Frame([])
        for part in parts where !part.isDrop {
            var branch = frame
            if !part.isPassthrough { branch = try transform(estimator(part, in: union), frame, depth: depth + 1) }
            try spend(branch.count, path: union.path)
            result.columns += try weigh(branch, part, union).columns
        }
        return result
    }

    /// Multiplies a branch by its weight in `transformer_weights`.
    private mutating func weigh(_ branch: Frame, _ part: Part, _ container: EstimatorRecord) throws(ImportError)
        -> Frame
    {
        guard let weights = attribute(container, "transformer_weights"), weights != .none else { return branch }
        let place = container.path + ".transformer_weights"
        guard let pairs = document.pairs(weights), pairs.count <= 2 * Self.stepsMax else {
            throw wrongType(weights, place: place, expected: "a dict")
        }
        guard let value = document.lookUp(part.name, in: pairs) else { return branch }
        guard let weight = document.scalar(value).number else {
            throw wrongType(value, place: place, expected: "a number")
        }
        let path = container.path + "/" + part.name
        let scaler = Scaler(
            form: .multiplyAdd, offset: [Double](repeating: 0, count: branch.count),
            scale: [Double](repeating: weight, count: branch.count))
        let input = try matrix(branch, as: .number, path: path)
        return Frame(
            add(.scaler(scaler), [input], width: branch.count, path: path), width: branch.count, kind: .number)
    }

    // MARK: Scalers

    /// In the order of scikit-learn's own operations: (x - offset) / scale, for MinMaxScaler x * scale + offset.
    private mutating func scale(_ estimator: EstimatorRecord, _ frame: Frame) throws(ImportError) -> Frame {
        let count = frame.count
        let zeros = [Double](repeating: 0, count: count)
        let ones = [Double](repeating: 1, count: count)
        let scaler: Scaler
        switch estimator.className {
        case "MinMaxScaler":
            scaler = Scaler(
                form: .multiplyAdd, offset: try vector(estimator, "min_", count: count),
                scale: try vector(estimator, "scale_", count: count), clip: try clip(estimator))
        case "MaxAbsScaler":
            scaler = Scaler(form: .subtractDivide, offset: zeros, scale: try vector(estimator, "scale_", count: count))
        default:
            let isStandard = estimator.className == "StandardScaler"
            let centers = flag(estimator, isStandard ? "with_mean" : "with_centering", default: true)
            let scales = flag(estimator, isStandard ? "with_std" : "with_scaling", default: true)
            scaler = Scaler(
                form: .subtractDivide,
                offset: centers ? try vector(estimator, isStandard ? "mean_" : "center_", count: count) : zeros,
                scale: scales ? try vector(estimator, "scale_", count: count) : ones)
        }
        try note(estimator, "\(count) columns")
        let input = try matrix(frame, as: .number, path: estimator.path)
        let value = add(.scaler(scaler), [input], width: count, path: estimator.path)
        return Frame(value, width: count, kind: .number, names: frame.columns.map(\.name))
    }

    private func clip(_ estimator: EstimatorRecord) throws(ImportError) -> ClosedRange<Double>? {
        guard flag(estimator, "clip", default: false) else { return nil }
        let value = try required(estimator, "feature_range")
        guard let bounds = document.sequence(value), bounds.count == 2,
            let low = document.scalar(bounds[0]).number, let high = document.scalar(bounds[1]).number, low <= high
        else {
            throw wrongType(value, place: estimator.path + ".feature_range", expected: "two numbers in ascending order")
        }
        return low...high
    }
}
