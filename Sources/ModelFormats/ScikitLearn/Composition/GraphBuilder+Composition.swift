internal import ModelIR
internal import TensorCore

/// Estimators made of others: pipelines, column transformers, unions, searches.
extension GraphBuilder {
    /// What a step's `transform` makes of a frame.
    mutating func transform(_ estimator: EstimatorRecord, _ frame: Frame) throws(ImportError) -> Frame {
        guard let transform = EstimatorClass.of(estimator)?.transform else {
            throw ImportError(
                .unsupported, at: estimator.path, found: estimator.fullName, expected: "a transformer",
                remedy: "a predictor can only be the last step of a pipeline")
        }
        if !EstimatorClass.containers.contains(estimator.className) { try spend(frame.count, path: estimator.path) }
        return try transform(&self, estimator, frame)
    }

    /// The methods of a fitted predictor.
    mutating func methods(_ estimator: EstimatorRecord, _ frame: Frame) throws(ImportError) -> EstimatorMethods {
        guard let methods = EstimatorClass.of(estimator)?.methods else {
            throw noPredictor(estimator, found: estimator.fullName)
        }
        return try methods(&self, estimator, frame)
    }

    private func noPredictor(_ estimator: EstimatorRecord, found: String) -> ImportError {
        ImportError(
            .unsupported, at: estimator.path, found: found, expected: "a regressor or classifier as the last step",
            remedy: "save the whole pipeline, preprocessing and model together")
    }

    mutating func pipelineMethods(
        _ pipeline: EstimatorRecord, _ frame: Frame
    ) throws(ImportError) -> EstimatorMethods {
        let parts = try parts(of: pipeline)
        guard let last = parts.last, !last.isPassthrough else {
            throw noPredictor(pipeline, found: "a pipeline that ends without an estimator")
        }
        try note(pipeline, "\(parts.count) steps")
        var frame = frame
        for part in parts.dropLast() where !part.isPassthrough {
            frame = try transform(self.estimator(part, in: pipeline), frame)
        }
        return try methods(self.estimator(last, in: pipeline), frame)
    }

    mutating func searchMethods(_ search: EstimatorRecord, _ frame: Frame) throws(ImportError) -> EstimatorMethods {
        try note(search, "its best_estimator_ predicts")
        return try methods(member("best_estimator_", of: search), frame)
    }

    mutating func transformWithBest(_ search: EstimatorRecord, _ frame: Frame) throws(ImportError) -> Frame {
        try note(search, "its best_estimator_ transforms")
        return try transform(member("best_estimator_", of: search), frame)
    }

    mutating func transformPipeline(
        _ pipeline: EstimatorRecord, _ frame: Frame
    ) throws(ImportError) -> Frame {
        let parts = try parts(of: pipeline)
        try note(pipeline, "\(parts.count) steps")
        var frame = frame
        for part in parts where !part.isPassthrough {
            frame = try transform(estimator(part, in: pipeline), frame)
        }
        return frame
    }

    mutating func transformColumns(
        _ transformer: EstimatorRecord, _ frame: Frame
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
                branch = try transform(estimator(part, in: transformer), branch)
            }
            branch = try weigh(branch, part, transformer)
            result.columns += named(branch, part, transformer).columns
        }
        return result
    }

    mutating func transformUnion(
        _ union: EstimatorRecord, _ frame: Frame
    ) throws(ImportError) -> Frame {
        let parts = try parts(of: union)
        try note(union, "\(parts.count) branches")
        var result = Frame([])
        for part in parts where !part.isDrop {
            var branch = frame
            if !part.isPassthrough { branch = try transform(estimator(part, in: union), frame) }
            try spend(branch.count, path: union.path)
            result.columns += named(try weigh(branch, part, union), part, union).columns
        }
        return result
    }

    /// The names that a branch's columns have behind the container: with the branch's own before them, unless
    /// `verbose_feature_names_out` is false. A pattern or a function for names (1.6) leaves them without.
    private func named(_ branch: Frame, _ part: Part, _ container: EstimatorRecord) -> Frame {
        var branch = branch
        let verbosity = attribute(container, "verbose_feature_names_out").map { document.scalar($0) } ?? .boolean(true)
        if verbosity == .boolean(false) { return branch }
        for index in branch.columns.indices {
            let name = branch.columns[index].name
            branch.columns[index].name = verbosity == .boolean(true) ? name.map { part.name + "__" + $0 } : nil
        }
        return branch
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
            add(.scaler(scaler), [input], width: branch.count, path: path), width: branch.count, kind: .number,
            names: branch.columns.map(\.name))
    }
}
