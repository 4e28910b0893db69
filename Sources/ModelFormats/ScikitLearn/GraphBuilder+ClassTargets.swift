internal import ModelIR
internal import TensorCore

/// Classifiers of several targets. Each target has classes of its own; with a target of several labels a row
/// (multilabel indicator), each label is a target with the classes 0 and 1.
extension GraphBuilder {
    /// `classes_` of each target: an array for one, a list of arrays for several.
    mutating func targetLabels(_ estimator: EstimatorRecord, count: Int) throws(ImportError) -> [ClassLabels] {
        let place = estimator.path + ".classes_"
        var targets: [ClassLabels] = []
        if count == 1 {
            targets = [try classLabels(estimator)]
        } else {
            let value = try required(estimator, "classes_")
            guard let items = document.sequence(value), items.count == count else {
                throw wrongType(value, place: place, expected: "a list of \(count) arrays, one a target")
            }
            for (index, item) in items.enumerated() {
                try spend(1, path: place)
                targets.append(try classLabels(item, place: "\(place)[\(index)]"))
            }
        }
        guard targets.allSatisfy({ $0.count > 0 }) else {
            throw ImportError(.malformed, at: place, found: "no classes", expected: "at least one")
        }
        return targets
    }

    /// The likeliest class of each target.
    ///
    /// - Parameter value: the probabilities of all targets, one target after the other.
    mutating func classification(
        ofProbabilities value: ValueID, _ targets: [ClassLabels], path: String
    ) throws(ImportError) -> EstimatorMethods {
        guard targets.count > 1 else {
            let label = add(.argMax, [value], width: 1, path: path)
            return EstimatorMethods(prediction: .label(label, targets[0]), probabilities: value)
        }
        var labels: [ValueID] = []
        var first = 0
        for target in targets {
            try spend(target.count, path: path)
            let columns = Array(first..<first + target.count)
            let part = add(.gatherColumns(columns), [value], width: target.count, path: path)
            labels.append(add(.argMax, [part], width: 1, path: path))
            first += target.count
        }
        let all = add(.concat, labels, width: labels.count, path: path)
        return EstimatorMethods(prediction: .labels(all, targets), probabilities: value)
    }

    /// The likeliest class of each target, from the probabilities of each.
    mutating func classification(
        ofProbabilities values: [ValueID], _ targets: [ClassLabels], path: String
    ) -> EstimatorMethods {
        var labels: [ValueID] = []
        for value in values { labels.append(add(.argMax, [value], width: 1, path: path)) }
        guard targets.count > 1 else {
            return EstimatorMethods(prediction: .label(labels[0], targets[0]), probabilities: values[0])
        }
        return joined(labels, targets, probabilities: values, path: path)
    }

    /// One classifier of the classifiers of single targets.
    mutating func joined(
        _ methods: [EstimatorMethods], _ estimator: EstimatorRecord
    ) throws(ImportError) -> EstimatorMethods {
        var labels: [ValueID] = []
        var targets: [ClassLabels] = []
        var probabilities: [ValueID] = []
        for target in methods {
            let (value, own) = try label(of: target, estimator)
            try spend(own.count, path: estimator.path)
            labels.append(value)
            targets.append(own)
            if let value = target.probabilities { probabilities.append(value) }
        }
        return joined(labels, targets, probabilities: probabilities, path: estimator.path)
    }

    /// Whether each label is there: where its score is above the threshold.
    ///
    /// - Parameter probabilities: that each label is there; empty if the estimator has none.
    mutating func multilabel(
        scores: [ValueID], threshold: Double, probabilities: [ValueID], _ estimator: EstimatorRecord
    ) throws(ImportError) -> EstimatorMethods {
        let path = estimator.path
        try spend(4 * scores.count, path: path)
        var labels: [ValueID] = []
        for score in scores { labels.append(add(.greater(threshold: threshold), [score], width: 1, path: path)) }
        var rows: [ValueID] = []
        for value in probabilities { rows.append(add(.binaryProbabilities, [value], width: 2, path: path)) }
        let targets = [ClassLabels](repeating: codes(2), count: scores.count)
        var result = joined(labels, targets, probabilities: rows, path: path)
        if !probabilities.isEmpty {
            let width = probabilities.count
            let value = add(.concat, probabilities, width: width, path: path)
            result.labelProbabilities = EstimatorMethods.Numbers(value: value, width: width)
        }
        return result
    }

    /// Each column of a value.
    mutating func columns(
        of numbers: EstimatorMethods.Numbers, path: String
    ) throws(ImportError) -> [ValueID] {
        try spend(numbers.width, path: path)
        var columns: [ValueID] = []
        for column in 0..<numbers.width {
            columns.append(add(.gatherColumns([column]), [numbers.value], width: 1, path: path))
        }
        return columns
    }

    private mutating func joined(
        _ labels: [ValueID], _ targets: [ClassLabels], probabilities: [ValueID], path: String
    ) -> EstimatorMethods {
        let all = add(.concat, labels, width: labels.count, path: path)
        var result = EstimatorMethods(prediction: .labels(all, targets))
        if probabilities.count == targets.count {
            let width = targets.reduce(0) { $0 + $1.count }
            result.probabilities = add(.concat, probabilities, width: width, path: path)
        }
        return result
    }
}
