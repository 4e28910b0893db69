internal import ModelIR
internal import TensorCore

/// Imputers that look at the other columns: `KNNImputer` and `IterativeImputer`.
extension GraphBuilder {
    mutating func imputeFromNeighbors(_ estimator: EstimatorRecord, _ frame: Frame) throws(ImportError) -> Frame {
        let path = estimator.path
        let missing = try missingNumber(estimator)
        let training = try numbers(estimator, "_fit_X")
        guard training.shape.rank == 2, training.shape.extents[1] == frame.count, training.shape.extents[0] > 0 else {
            throw ImportError(
                .malformed, at: path + "._fit_X", found: "shape \(training.shape)", expected: "[rows, \(frame.count)]")
        }
        let metric = text(estimator, "metric") ?? "a function"
        guard metric == "nan_euclidean" else {
            throw ImportError(
                .unsupported, at: path + ".metric", found: metric, expected: "nan_euclidean",
                remedy: "a metric that is code is not run")
        }
        let isWeighted: Bool
        switch text(estimator, "weights") ?? "a function" {
        case "uniform": isWeighted = false
        case "distance": isWeighted = true
        case let other:
            throw ImportError(
                .unsupported, at: path + ".weights", found: other, expected: "uniform or distance",
                remedy: "a function that is code is not run")
        }
        let neighborCount = try count(estimator, "n_neighbors")
        guard neighborCount > 0 else {
            throw ImportError(.malformed, at: path + ".n_neighbors", found: "0", expected: "at least 1")
        }
        let width = frame.count
        var isEmpty = [Bool](repeating: true, count: width)
        for (index, value) in training.values.enumerated() where !(missing.isNaN ? value.isNaN : value == missing) {
            isEmpty[index % width] = false
        }
        let rows = missing.isNaN ? training.values : training.values.map { $0 == missing ? .nan : $0 }
        let imputer = KNNImputer(
            rows: rows, width: width, neighborCount: min(neighborCount, training.shape.extents[0]),
            isWeighted: isWeighted, countsUnreachable: !isWeighted && !isAtLeast(1, 6), emptyColumns: isEmpty)
        var input = try matrix(frame, as: .number, path: path)
        if !missing.isNaN {
            let marks = Imputer(replacements: [Double](repeating: .nan, count: width), missingValue: missing)
            input = add(.imputer(marks), [input], width: width, path: path)
        }
        try note(estimator, "\(neighborCount) neighbours of \(training.shape.extents[0]) rows")
        let value = add(.knnImputer(imputer), [input], width: width, path: path)
        let all = Frame(value, width: width, kind: .number, names: frame.columns.map(\.name))
        var result = Frame([])
        let keepsEmpty = flag(estimator, "keep_empty_features", default: false)
        for column in 0..<width {
            if !isEmpty[column] {
                result.columns.append(all.columns[column])
            } else if keepsEmpty {
                result.columns.append(try zero(like: frame.columns[column], path: path))
            }
        }
        return try appendIndicators(of: estimator, frame, to: result)
    }

    /// A column of zeros, whatever the input's is.
    private mutating func zero(like column: FrameColumn, path: String) throws(ImportError) -> FrameColumn {
        let input = try matrix(Frame([column]), as: .number, path: path)
        let nothing = OrdinalEncoder.Feature(categories: .numbers([]), codes: [], unknownCode: 0)
        let value = add(.ordinalEncoder(OrdinalEncoder(features: [nothing])), [input], width: 1, path: path)
        return FrameColumn(source: .value(value, column: 0), kind: .number, name: column.name)
    }

    /// The columns of the imputer's `indicator_` behind its own, where it has one.
    mutating func appendIndicators(
        of estimator: EstimatorRecord, _ frame: Frame, to result: Frame
    ) throws(ImportError) -> Frame {
        guard flag(estimator, "add_indicator", default: false) else { return result }
        var result = result
        let indicator = try member("indicator_", of: estimator)
        result.columns += try indicate(indicator, frame, isInner: true).columns
        return result
    }

    // MARK: Chained models

    /// Each step predicts one column from others, as they are by then, and fills in where it is missing.
    mutating func imputeByModels(_ estimator: EstimatorRecord, _ frame: Frame) throws(ImportError) -> Frame {
        let path = estimator.path
        guard !flag(estimator, "sample_posterior", default: false) else {
            throw ImportError(
                .unsupported, at: path + ".sample_posterior", found: "True", expected: "False",
                remedy: "what is drawn at random differs from call to call; fit it with sample_posterior=False")
        }
        let missing = try missingNumber(estimator)
        let filled = try impute(member("initial_imputer_", of: estimator), frame)
        let sequence = try required(estimator, "imputation_sequence_")
        guard let triplets = document.sequence(sequence) else {
            throw wrongType(sequence, place: path + ".imputation_sequence_", expected: "a list")
        }
        // The columns that were not dropped for being empty, as they came in.
        let kept = try keptColumns(estimator, frame, filledCount: filled.count)
        var originals = Frame(kept.map { frame.columns[$0] })
        if !missing.isNaN, !kept.isEmpty {
            let input = try matrix(originals, as: .number, path: path)
            let marks = Imputer(replacements: [Double](repeating: .nan, count: kept.count), missingValue: missing)
            originals = Frame(
                add(.imputer(marks), [input], width: kept.count, path: path), width: kept.count, kind: .number)
        }
        let lowest = try limits(estimator, "_min_value", "min_value", count: filled.count, standard: -.infinity)
        let highest = try limits(estimator, "_max_value", "max_value", count: filled.count, standard: .infinity)
        try note(estimator, "\(triplets.count) imputations of \(frame.count) columns")
        var current = filled
        for (index, triplet) in triplets.enumerated() {
            let place = "\(path).imputation_sequence_[\(index)]"
            guard let parts = tripletParts(triplet), case .integer(let feature) = document.scalar(parts[0]),
                feature >= 0, feature < Int64(filled.count)
            else {
                throw wrongType(triplet, place: place, expected: "a feature, its neighbours and a model")
            }
            let column = Int(feature)
            var neighbors = Frame([])
            for scalar in try list(parts[1], place: place) {
                guard case .integer(let neighbor) = scalar, neighbor >= 0, neighbor < Int64(filled.count) else {
                    throw ImportError(
                        .malformed, at: place, found: scalar.description, expected: "0..<\(filled.count)")
                }
                neighbors.columns.append(current.columns[Int(neighbor)])
            }
            try spend(neighbors.count, path: place)
            let model = try member(parts[2], named: "imputation_sequence_[\(index)]", of: estimator)
            guard case .numbers(let prediction, width: 1, isVector: _) = try methods(model, neighbors).prediction else {
                throw ImportError(.unsupported, at: place, found: model.fullName, expected: "a regressor of one target")
            }
            guard lowest[column] <= highest[column] else {
                throw ImportError(
                    .malformed, at: path + "._min_value", found: "\(lowest[column])",
                    expected: "at most \(highest[column])")
            }
            let clip = Scaler(
                form: .multiplyAdd, offset: [0], scale: [1], clip: lowest[column]...highest[column])
            let clipped = add(.scaler(clip), [prediction], width: 1, path: path)
            let original = try matrix(Frame([originals.columns[column]]), as: .number, path: path)
            let value = add(.coalesce, [original, clipped], width: 1, path: path)
            current.columns[column] = FrameColumn(
                source: .value(value, column: 0), kind: .number, name: current.columns[column].name)
        }
        if filled.count > 0, !triplets.isEmpty {
            // Where a row has nothing, the library stays with the first imputation.
            let inputs = [
                try matrix(originals, as: .number, path: path), try matrix(current, as: .number, path: path),
                try matrix(filled, as: .number, path: path),
            ]
            let value = add(.coalesce, inputs, width: filled.count, path: path)
            current = Frame(value, width: filled.count, kind: .number, names: filled.columns.map(\.name))
        }
        return try appendIndicators(of: estimator, frame, to: current)
    }

    /// The members of a named tuple, which pickles as a call of its class.
    private func tripletParts(_ value: PickleValue) -> [PickleValue]? {
        if let items = document.sequence(value), items.count == 3 { return items }
        guard let record = document.record(value), let arguments = document.sequence(.node(record.arguments)),
            arguments.count == 3
        else { return nil }
        return arguments
    }

    /// The positions of the columns that the initial imputer keeps.
    private mutating func keptColumns(
        _ estimator: EstimatorRecord, _ frame: Frame, filledCount: Int
    ) throws(ImportError) -> [Int] {
        guard filledCount != frame.count else { return Array(0..<frame.count) }
        // Older files: the initial imputer's statistics tell.
        let isKnown = attribute(estimator, "_is_empty_feature") != nil
        let place = estimator.path + (isKnown ? "._is_empty_feature" : "/initial_imputer_.statistics_")
        let value =
            isKnown
            ? try required(estimator, "_is_empty_feature")
            : try required(member("initial_imputer_", of: estimator), "statistics_")
        let empty = try list(value, place: place)
        let kept = empty.indices.filter { isKnown ? empty[$0] == .boolean(false) : !empty[$0].isMissing }
        guard empty.count == frame.count, kept.count == filledCount else {
            throw ImportError(
                .malformed, at: place, found: "\(kept.count) of \(empty.count) columns", expected: "\(filledCount)")
        }
        return kept
    }

    /// `_min_value` and `_max_value`, one a column.
    private mutating func limits(
        _ estimator: EstimatorRecord, _ name: String, _ parameter: String, count: Int, standard: Double
    ) throws(ImportError) -> [Double] {
        guard let value = attribute(estimator, name), value != .none else {
            return [Double](repeating: try scalarNumber(estimator, parameter, default: standard), count: count)
        }
        let values = try numbers(value, place: "\(estimator.path).\(name)").values
        if values.count == 1 { return [Double](repeating: values[0], count: count) }
        guard values.count == count else {
            throw ImportError(
                .malformed, at: "\(estimator.path).\(name)", found: "shape [\(values.count)]", expected: "[\(count)]")
        }
        return values
    }

    /// The models of an imputer.
    func imputationModels(_ estimator: EstimatorRecord) throws(ImportError) -> [EstimatorRecord] {
        guard let value = attribute(estimator, "imputation_sequence_"), let triplets = document.sequence(value) else {
            return []
        }
        var models: [EstimatorRecord] = []
        for (index, triplet) in triplets.enumerated() {
            guard let parts = tripletParts(triplet) else { continue }
            models.append(try member(parts[2], named: "imputation_sequence_[\(index)]", of: estimator))
        }
        return models
    }
}
