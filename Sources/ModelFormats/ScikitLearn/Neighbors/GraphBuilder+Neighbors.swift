internal import ModelIR
internal import TensorCore

/// Models that keep their training set.
extension GraphBuilder {
    /// The training set and how distances in it are measured.
    struct Neighborhood {
        let measure: PairwiseMeasure
        let points: [Double]
        let count: Int
        let width: Int
    }

    mutating func neighborhood(
        _ estimator: EstimatorRecord, _ frame: Frame
    ) throws(ImportError) -> Neighborhood {
        let place = estimator.path + "._fit_X"
        let points = try numbers(estimator, "_fit_X")
        guard points.shape.rank == 2, points.shape.extents[0] > 0 else {
            throw ImportError(
                .malformed, at: place, found: "shape \(points.shape)", expected: "[rows, \(frame.count)]")
        }
        try check(points.shape, [points.shape.extents[0], frame.count], place: place)
        return Neighborhood(
            measure: try distance(estimator), points: points.values, count: points.shape.extents[0],
            width: frame.count)
    }

    /// `effective_metric_` and its parameters, which fit makes from `metric` and `p`.
    private func distance(_ estimator: EstimatorRecord) throws(ImportError) -> PairwiseMeasure {
        let place = estimator.path + ".effective_metric_"
        var power: Double?
        if let parameters = attribute(estimator, "effective_metric_params_"), parameters != .none {
            guard let pairs = document.pairs(parameters) else {
                throw wrongType(parameters, place: estimator.path + ".effective_metric_params_", expected: "a dict")
            }
            power = document.lookUp("p", in: pairs).flatMap { document.scalar($0).number }
            var index = 0
            while index < pairs.count {
                // Weights of columns are kept beside p, and None where there are none.
                guard document.scalar(pairs[index]) == .text("p") || pairs[index + 1] == .none else {
                    throw ImportError(
                        .unsupported, at: estimator.path + ".effective_metric_params_",
                        found: document.describe(pairs[index]), expected: "no parameter but p",
                        remedy: "scale the columns with StandardScaler before the model instead")
                }
                index += 2
            }
        }
        switch text(estimator, "effective_metric_") {
        case "euclidean", "l2": return .euclidean
        case "sqeuclidean": return .squaredEuclidean
        case "manhattan", "l1", "cityblock": return .manhattan
        case "chebyshev", "infinity": return .chebyshev
        case "cosine": return .cosineDistance
        case "hamming": return .hamming
        case "canberra": return .canberra
        case "braycurtis": return .brayCurtis
        case "minkowski", "p":
            guard let power = power ?? scalarAttribute(estimator, "p")?.number, power > 0 else { break }
            if power == 1 { return .manhattan }
            if power == 2 { return .euclidean }
            return power.isInfinite ? .chebyshev : .minkowski(power: power)
        default: break
        }
        throw ImportError(
            .unsupported, at: place,
            found: attribute(estimator, "effective_metric_").map { document.describe($0) } ?? "nothing",
            expected: "euclidean, manhattan, chebyshev, minkowski, cosine, hamming, canberra or braycurtis",
            remedy: "retrain with one of these metrics")
    }

    func neighborWeights(_ estimator: EstimatorRecord) throws(ImportError) -> NeighborWeights {
        guard let value = attribute(estimator, "weights"), value != .none else { return .uniform }
        switch text(estimator, "weights") {
        case "uniform": return .uniform
        case "distance": return .inverseDistance
        default:
            throw ImportError(
                .unsupported, at: estimator.path + ".weights", found: document.describe(value),
                expected: "\"uniform\" or \"distance\"", remedy: "retrain with one of these; a function is not data")
        }
    }

    /// `_y` of a classifier: class indices, one column a target.
    mutating func classTargets(
        _ estimator: EstimatorRecord, _ labels: [ClassLabels], pointCount: Int
    ) throws(ImportError) -> [NeighborTargets] {
        let place = estimator.path + "._y"
        let targets = try numbers(estimator, "_y")
        let width = labels.count
        guard targets.shape.extents == [pointCount, width] || (width == 1 && targets.shape.extents == [pointCount])
        else {
            throw ImportError(
                .malformed, at: place, found: "shape \(targets.shape)",
                expected: width == 1 ? "[\(pointCount)]" : "[\(pointCount), \(width)]")
        }
        var result: [NeighborTargets] = []
        for (target, labels) in labels.enumerated() {
            var classes: [Int32] = []
            classes.reserveCapacity(pointCount)
            for point in 0..<pointCount {
                let value = targets.values[point * width + target]
                guard let index = Int32(exactly: value), index >= 0, Int(index) < labels.count else {
                    throw ImportError(
                        .malformed, at: place, found: "class \(value)", expected: "0 to \(labels.count - 1)")
                }
                classes.append(index)
            }
            result.append(.classes(classes, classCount: labels.count))
        }
        return result
    }

    /// `_y` of a regressor; two-dimensional for several targets.
    mutating func numberTargets(
        _ estimator: EstimatorRecord, pointCount: Int
    ) throws(ImportError) -> (targets: NeighborTargets, isVector: Bool) {
        let targets = try numbers(estimator, "_y")
        let isVector = targets.shape.rank == 2
        let width = isVector ? targets.shape.extents[1] : 1
        try check(targets.shape, isVector ? [pointCount, width] : [pointCount], place: estimator.path + "._y")
        guard width > 0 else {
            throw ImportError(
                .malformed, at: estimator.path + "._y", found: "no columns", expected: "at least one target")
        }
        return (.numbers(targets.values, width: width), isVector)
    }

    /// The classes of each target.
    mutating func neighborLabels(_ estimator: EstimatorRecord) throws(ImportError) -> [ClassLabels] {
        guard flag(estimator, "outputs_2d_", default: false) else { return try targetLabels(estimator, count: 1) }
        let place = estimator.path + ".classes_"
        guard let items = document.sequence(try required(estimator, "classes_")), !items.isEmpty else {
            throw wrongType(try required(estimator, "classes_"), place: place, expected: "a list of arrays")
        }
        return try targetLabels(estimator, count: items.count)
    }

    /// The distances and indices of the nearest points.
    mutating func nearest(
        _ estimator: EstimatorRecord, _ frame: Frame, _ neighborhood: Neighborhood, countName: String,
        targetGroups: [Int32] = []
    ) throws(ImportError) -> EstimatorMethods.Numbers {
        guard case .integer(let wanted)? = scalarAttribute(estimator, countName), wanted > 0,
            wanted <= neighborhood.count
        else {
            throw ImportError(
                .malformed, at: "\(estimator.path).\(countName)",
                found: attribute(estimator, countName).map { document.describe($0) } ?? "nothing",
                expected: "1 to \(neighborhood.count), the number of training rows")
        }
        try spend(2 * Int(wanted), path: estimator.path)
        let search = NearestNeighbors(
            measure: neighborhood.measure, points: neighborhood.points, count: neighborhood.count,
            inputWidth: neighborhood.width, neighborCount: Int(wanted),
            search: try neighborSearch(estimator, neighborhood), targetGroups: targetGroups)
        let input = try matrix(frame, as: .number, path: estimator.path)
        let value = add(.nearestNeighbors(search), [input], width: 2 * Int(wanted), path: estimator.path)
        return EstimatorMethods.Numbers(value: value, width: 2 * Int(wanted))
    }

    mutating func classifyByNeighbors(
        _ estimator: EstimatorRecord, _ frame: Frame
    ) throws(ImportError) -> EstimatorMethods {
        let labels = try neighborLabels(estimator)
        let neighborhood = try neighborhood(estimator, frame)
        let weights = try neighborWeights(estimator)
        let targets = try classTargets(estimator, labels, pointCount: neighborhood.count)
        let found = try nearest(
            estimator, frame, neighborhood, countName: "n_neighbors",
            targetGroups: Self.groups(of: targets, pointCount: neighborhood.count))
        var probabilities: [ValueID] = []
        for (target, labels) in zip(targets, labels) {
            let mean = NeighborMean(weights: weights, targets: target, pointCount: neighborhood.count)
            probabilities.append(add(.neighborMean(mean), [found.value], width: labels.count, path: estimator.path))
        }
        try noteNeighbors(estimator, frame, neighborhood, labels)
        return classification(ofProbabilities: probabilities, labels, path: estimator.path)
    }

    mutating func noteNeighbors(
        _ estimator: EstimatorRecord, _ frame: Frame, _ neighborhood: Neighborhood, _ labels: [ClassLabels]
    ) throws(ImportError) {
        try note(
            estimator,
            "\(frame.count) features, \(neighborhood.count) training rows, "
                + (labels.count == 1 ? "\(labels[0].count) classes" : "\(labels.count) targets"))
    }

    mutating func regressByNeighbors(
        _ estimator: EstimatorRecord, _ frame: Frame
    ) throws(ImportError) -> EstimatorMethods {
        let neighborhood = try neighborhood(estimator, frame)
        let (targets, isVector) = try numberTargets(estimator, pointCount: neighborhood.count)
        let mean = NeighborMean(
            weights: try neighborWeights(estimator), targets: targets, pointCount: neighborhood.count)
        let found = try nearest(
            estimator, frame, neighborhood, countName: "n_neighbors",
            targetGroups: Self.groups(of: [targets], pointCount: neighborhood.count))
        let value = add(.neighborMean(mean), [found.value], width: targets.width, path: estimator.path)
        try note(estimator, "\(frame.count) features, \(neighborhood.count) training rows")
        return EstimatorMethods(prediction: .numbers(value, width: targets.width, isVector: isVector))
    }
}
