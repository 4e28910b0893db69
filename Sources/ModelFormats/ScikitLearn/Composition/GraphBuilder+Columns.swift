internal import ModelIR
internal import TensorCore

/// The columns that go into a model, and into each branch of it.
extension GraphBuilder {
    // MARK: Inputs

    /// The step that sees the record first.
    func firstStep(_ estimator: EstimatorRecord) throws(ImportError) -> EstimatorRecord {
        switch estimator.className {
        case "Pipeline", "FeatureUnion":
            for part in try parts(of: estimator) where !part.isPassthrough && !part.isDrop {
                let step = try firstStep(self.estimator(part, in: estimator))
                // A function of each element does not know its columns before 1.2; the step behind it has as many.
                if step.className == "FunctionTransformer", attribute(step, "n_features_in_") == nil { continue }
                return step
            }
            return estimator
        case "SelectFromModel" where attribute(estimator, "n_features_in_") == nil:
            return try member(attribute(estimator, "estimator_") == nil ? "estimator" : "estimator_", of: estimator)
        case _ where EstimatorClass.searches.contains(estimator.className):
            return try firstStep(member("best_estimator_", of: estimator))
        default:
            // Estimators around others do not always keep their number of columns.
            guard try inputWidth(of: estimator) == nil else { return estimator }
            for part in try EstimatorClass.of(estimator)?.parts(self, estimator) ?? [] {
                let step = try firstStep(part)
                // A boosted model tells its columns itself.
                if try inputWidth(of: step) != nil || EstimatorClass.of(step)?.columnNames != nil { return step }
            }
            return estimator
        }
    }

    /// The columns' names in the training frame: `feature_names_in_` since 1.0, private attributes before.
    mutating func names(of estimator: EstimatorRecord) throws(ImportError) -> [String]? {
        for attributeName in ["feature_names_in_", "_feature_names_in", "_df_columns"] {
            guard let value = attribute(estimator, attributeName), value != .none else { continue }
            let place = "\(estimator.path).\(attributeName)"
            var names: [String] = []
            for scalar in try list(unwrapped(value), place: place) {
                guard case .text(let name) = scalar else {
                    throw ImportError(.malformed, at: place, found: scalar.description, expected: "a name")
                }
                names.append(name)
            }
            return names
        }
        return nil
    }

    func inputWidth(of estimator: EstimatorRecord) throws(ImportError) -> Int? {
        if estimator.className == "IsotonicRegression" { return 1 }
        for name in ["n_features_in_", "n_features_", "_n_features"] {
            if case .integer(let count)? = scalarAttribute(estimator, name), count > 0 { return Int(count) }
        }
        for name in ["scale_", "statistics_", "mean_", "coef_"] {
            guard let array = attribute(estimator, name).flatMap({ document.array($0) }) else { continue }
            if let count = array.shape.extents.last { return count }
        }
        return attribute(estimator, "categories_").flatMap { document.sequence($0) }?.count
    }

    /// What a pandas Index or a list class holds; any other value itself.
    ///
    /// `pandas.core.indexes.base._new_Index(class, {"data": array, ...})`, and scikit-learn 1.5's
    /// `_RemainderColsList`, a `UserList` whose state has `data`.
    func unwrapped(_ value: PickleValue) -> PickleValue {
        guard let record = document.record(value) else { return value }
        if let data = document.attribute("data", of: record) { return data }
        if let arguments = document.sequence(.node(record.arguments)), arguments.count == 2,
            let pairs = document.pairs(arguments[1]), let data = document.lookUp("data", in: pairs)
        {
            return data
        }
        return value
    }

    // MARK: Columns of a branch

    /// Whether a branch has no columns, so that its transformer was never fitted.
    func isEmpty(_ columns: PickleValue) -> Bool {
        let value = unwrapped(columns)
        if let items = document.sequence(value) { return items.isEmpty }
        return document.array(value)?.shape.elementCount == 0
    }

    /// The positions that a column specification names: a name, names, positions, a mask, or a slice. `names` is made
    /// when it is first needed, for all branches of a transformer.
    mutating func positions(
        _ columns: PickleValue, in frame: Frame, names: inout [String: Int]?, place: String
    ) throws(ImportError) -> [Int] {
        let value = unwrapped(columns)
        if let record = document.record(value), document.fullName(record).hasSuffix(".slice") {
            if names == nil { names = try positionsByName(frame, place: place) }
            return try slice(record, in: frame, names: names ?? [:], place: place)
        }
        let scalars: [PickleScalar]
        switch document.scalar(value) {
        case .text, .integer: scalars = [document.scalar(value)]
        default: scalars = try list(value, place: place)
        }
        let mask = scalars.compactMap { if case .boolean(let isSet) = $0 { isSet } else { nil } }
        if !scalars.isEmpty, mask.count == scalars.count {
            guard mask.count == frame.count else {
                throw ImportError(
                    .malformed, at: place, found: "a mask of \(mask.count)", expected: "one of \(frame.count)")
            }
            return mask.indices.filter { mask[$0] }
        }
        var result: [Int] = []
        for scalar in scalars {
            switch scalar {
            case .integer(let position): result.append(try self.position(position, in: frame, place: place))
            case .text(let name):
                if names == nil { names = try positionsByName(frame, place: place) }
                result.append(try position(name, names ?? [:], place: place))
            default:
                throw ImportError(
                    .malformed, at: place, found: scalar.description, expected: "a column's name or position")
            }
        }
        return result
    }

    private mutating func positionsByName(_ frame: Frame, place: String) throws(ImportError) -> [String: Int] {
        try spend(frame.count, path: place)
        var names: [String: Int] = [:]
        for (index, column) in frame.columns.enumerated() {
            if let name = column.name, names[name] == nil { names[name] = index }
        }
        return names
    }

    private func position(_ position: Int64, in frame: Frame, place: String) throws(ImportError) -> Int {
        // Counted from the end where it is negative.
        let count = Int64(frame.count)
        guard position >= -count, position < count else {
            throw ImportError(
                .malformed, at: place, found: "column \(position)", expected: "one of \(count) columns")
        }
        return Int(position < 0 ? position + count : position)
    }

    private func position(_ name: String, _ names: [String: Int], place: String) throws(ImportError) -> Int {
        guard let index = names[name] else {
            throw ImportError(
                .unsupported, at: place, found: "the column \"\(name)\"",
                expected: names.isEmpty
                    ? "columns by position: the step before does not name its columns" : "a known column",
                remedy: "put the ColumnTransformer first in the pipeline, or choose its columns by position")
        }
        return index
    }

    /// Python's `slice(start, stop, step)`; between names the stop is part of it.
    private func slice(
        _ record: PickleRecord, in frame: Frame, names: [String: Int], place: String
    ) throws(ImportError) -> [Int] {
        guard let arguments = document.sequence(.node(record.arguments)), arguments.count == 3 else {
            throw ImportError(
                .malformed, at: place, found: "a slice without bounds", expected: "slice(start, stop, step)")
        }
        let bounds = arguments.map { document.scalar($0) }
        guard bounds[2] == .none || bounds[2] == .integer(1) else {
            throw ImportError(
                .unsupported, at: place, found: "a slice with step \(bounds[2].description)", expected: "step 1",
                remedy: "list the columns")
        }
        func bound(_ scalar: PickleScalar, default standard: Int, isStop: Bool) throws(ImportError) -> Int {
            switch scalar {
            case .none: return standard
            case .text(let name): return try position(name, names, place: place) + (isStop ? 1 : 0)
            case .integer(let value):
                let count = Int64(frame.count)
                return Int(value < 0 ? max(0, value < -count ? 0 : value + count) : min(value, count))
            default: throw ImportError(.malformed, at: place, found: scalar.description, expected: "a bound of a slice")
            }
        }
        let start = try bound(bounds[0], default: 0, isStop: false)
        let stop = try bound(bounds[1], default: frame.count, isStop: true)
        return start < stop ? Array(start..<stop) : []
    }
}
