internal import ModelIR
internal import TensorCore

/// Neighbours within a radius, and outliers by their neighbours.
extension GraphBuilder {
    // MARK: Within a radius

    private mutating func withinRadius(
        _ estimator: EstimatorRecord, _ frame: Frame, _ neighborhood: Neighborhood, _ targets: NeighborTargets,
        classOfOutliers: Int?
    ) throws(ImportError) -> ValueID {
        let search = RadiusNeighbors(
            measure: neighborhood.measure, points: neighborhood.points, count: neighborhood.count,
            inputWidth: neighborhood.width, radius: try number(estimator, "radius"),
            weights: try neighborWeights(estimator), targets: targets, classOfOutliers: classOfOutliers)
        let input = try matrix(frame, as: .number, path: estimator.path)
        return add(.radiusNeighbors(search), [input], width: targets.width, path: estimator.path)
    }

    mutating func regressWithinRadius(
        _ estimator: EstimatorRecord, _ frame: Frame
    ) throws(ImportError) -> EstimatorMethods {
        let neighborhood = try neighborhood(estimator, frame)
        let (targets, isVector) = try numberTargets(estimator, pointCount: neighborhood.count)
        let value = try withinRadius(estimator, frame, neighborhood, targets, classOfOutliers: nil)
        try note(estimator, "\(frame.count) features, \(neighborhood.count) training rows")
        return EstimatorMethods(prediction: .numbers(value, width: targets.width, isVector: isVector))
    }

    mutating func classifyWithinRadius(
        _ estimator: EstimatorRecord, _ frame: Frame
    ) throws(ImportError) -> EstimatorMethods {
        let labels = try neighborLabels(estimator)
        let neighborhood = try neighborhood(estimator, frame)
        let targets = try classTargets(estimator, labels, pointCount: neighborhood.count)
        let outliers = try outlierClasses(estimator, labels)
        var probabilities: [ValueID] = []
        for (target, outlierClass) in zip(targets, outliers) {
            probabilities.append(
                try withinRadius(estimator, frame, neighborhood, target, classOfOutliers: outlierClass))
        }
        try noteNeighbors(estimator, frame, neighborhood, labels)
        return classification(ofProbabilities: probabilities, labels, path: estimator.path)
    }

    /// The class of `outlier_label_` in each target, which must be one of its classes: without it scikit-learn refuses
    /// rows that have no neighbour, and a label of its own has no probability.
    private mutating func outlierClasses(
        _ estimator: EstimatorRecord, _ targets: [ClassLabels]
    ) throws(ImportError) -> [Int] {
        let place = estimator.path + ".outlier_label_"
        // One an output, or one for the only output.
        var outliers = [PickleScalar.none]
        if let value = attribute(estimator, "outlier_label_"), value != .none {
            outliers = [document.scalar(value)]
            if case .other = outliers[0] { outliers = try list(value, place: place) }
        }
        guard outliers.count == targets.count || outliers == [.none] else {
            throw ImportError(
                .malformed, at: place, found: "\(outliers.count) labels", expected: "\(targets.count), one a target")
        }
        var places: [Int] = []
        for (target, labels) in targets.enumerated() {
            let label = outliers[min(target, outliers.count - 1)]
            guard let index = ClassLabels(label).flatMap({ labels.firstIndex(of: $0) }) else {
                throw ImportError(
                    .unsupported, at: place, found: label.description, expected: "one of the classes",
                    remedy: "retrain with outlier_label=\"most_frequent\"")
            }
            places.append(index)
        }
        return places
    }

    // MARK: Outliers

    mutating func detectByNeighbors(
        _ estimator: EstimatorRecord, _ frame: Frame
    ) throws(ImportError) -> EstimatorMethods {
        guard flag(estimator, "novelty", default: false) else {
            throw ImportError(
                .unsupported, at: estimator.path + ".novelty", found: "False", expected: "True",
                remedy: "retrain with novelty=True: without it scikit-learn cannot predict new rows either")
        }
        let neighborhood = try neighborhood(estimator, frame)
        let found = try nearest(estimator, frame, neighborhood, countName: "n_neighbors_")
        let neighborCount = found.width / 2
        let distances = try numbers(estimator, "_distances_fit_X_")
        let place = estimator.path + "._distances_fit_X_"
        guard distances.shape.rank == 2, distances.shape.extents[0] == neighborhood.count,
            distances.shape.extents[1] >= neighborCount
        else {
            throw ImportError(
                .malformed, at: place, found: "shape \(distances.shape)",
                expected: "[\(neighborhood.count), \(neighborCount)]")
        }
        var reaches: [Double] = []
        let width = distances.shape.extents[1]
        for row in 0..<neighborhood.count { reaches.append(distances.values[row * width + neighborCount - 1]) }
        let factor = LocalOutlierFactor(
            reaches: reaches, densities: try vector(estimator, "_lrd", count: neighborhood.count))
        let scores = add(.localOutlierFactor(factor), [found.value], width: 1, path: estimator.path)
        let decision = subtract([try number(estimator, "offset_")], from: scores, path: estimator.path)
        try note(estimator, "\(frame.count) features, \(neighborhood.count) training rows")
        return outlierMethods(decision, scores: scores, isZeroInlier: true, path: estimator.path)
    }
}
