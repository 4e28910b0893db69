internal import ModelIR
internal import TensorCore

extension XGBoostModel {
    /// Adds the model's operators over its columns as numbers: the trees or the linear model, and what the objective
    /// makes of their margins.
    ///
    /// An estimator's classes are its `predict`; a booster's `prediction` is the objective's value. Where that is a
    /// classification, probabilities come along.
    func methods<Sink: NodeSink & ~Escapable>(
        on input: ValueID, path: String, in sink: inout Sink
    ) -> EstimatorMethods {
        var input = input
        if let missing = wrapper?.missingValue {
            input = sink.add(.missingValue(missing), [input], width: columns.count, path: path + "/missing")
        }
        let width = scores.groupCount
        let margin: ValueID
        var leaves: ValueID?
        switch scores {
        case .trees(let ensemble):
            margin = sink.add(.treeEnsemble(ensemble), [input], width: width, path: path)
            let numbers = TreeLeaves(ensemble: ensemble, origins: ensemble.roots)
            leaves = sink.add(.treeLeaves(numbers), [input], width: ensemble.treeCount, path: path)
        case .linear(let linear):
            margin = sink.add(.sparseLinear(linear), [input], width: width, path: path)
        }
        var methods = methods(of: margin, path: path, in: &sink)
        methods.others.append(
            GraphOutput(name: BoosterOutput.marginName, value: margin, meaning: .values, isDefault: false))
        if let leaves {
            methods.others.append(
                GraphOutput(
                    name: BoosterOutput.leafName, value: leaves, meaning: .values, isVector: true, isDefault: false))
        }
        return methods
    }

    private func methods<Sink: NodeSink & ~Escapable>(
        of margin: ValueID, path: String, in sink: inout Sink
    ) -> EstimatorMethods {
        let width = scores.groupCount
        let labels = wrapper?.labels ?? .integers((0..<Int64(classCount)).map { $0 })
        let isClassifier = wrapper?.isClassifier == true
        func activate(_ activation: Activation, _ name: String, _ sink: inout Sink) -> ValueID {
            let isArgMax = activation == .argMaxValue
            return sink.add(
                .activation(activation), [margin], width: isArgMax ? 1 : width, path: path + "/" + name)
        }
        func numbers(_ value: ValueID, width: Int, probabilities: ValueID?) -> EstimatorMethods {
            var methods = EstimatorMethods(prediction: .numbers(value, width: width, isVector: width > 1))
            if let probabilities {
                methods.others.append(
                    GraphOutput(
                        name: OutputField.probabilitiesName, value: probabilities, meaning: .probabilities(labels),
                        isVector: true))
            }
            return methods
        }

        let score: ValueID
        var hasProbability = false
        switch objective.transform {
        case .identity: score = margin
        case .exp: score = activate(.exp, objective.name, &sink)
        case .step: score = activate(.step, objective.name, &sink)
        case .logistic:
            score = activate(.logistic, objective.name, &sink)
            hasProbability = (objective.isClassification || isClassifier) && width == 1
        case .softmax:
            let probabilities = activate(.softmax, objective.name, &sink)
            guard isClassifier else { return numbers(probabilities, width: width, probabilities: probabilities) }
            let label = sink.add(.argMax, [probabilities], width: 1, path: path + "/label")
            return EstimatorMethods(prediction: .label(label, labels), probabilities: probabilities)
        case .argMax:
            let probabilities = activate(.softmax, "probabilities", &sink)
            guard isClassifier else {
                let best = activate(.argMaxValue, objective.name, &sink)
                return numbers(best, width: 1, probabilities: probabilities)
            }
            let label = sink.add(.argMax, [margin], width: 1, path: path + "/label")
            return EstimatorMethods(prediction: .label(label, labels), probabilities: probabilities)
        }
        // One score of two classes: the estimator's class is 1 above one half, whatever the objective's scale.
        var both: ValueID?
        if hasProbability {
            both = sink.add(.binaryProbabilities, [score], width: 2, path: path + "/probabilities")
        }
        guard isClassifier else { return numbers(score, width: width, probabilities: both) }
        let label = sink.add(.greater(threshold: 0.5), [score], width: 1, path: path + "/label")
        return EstimatorMethods(prediction: .label(label, labels), probabilities: both)
    }

    /// The library, with its version where the file tells.
    var producer: String { version.isEmpty ? "XGBoost" : "XGBoost \(version)" }

    /// What `inspect` shows.
    var steps: [ModelStep] {
        var detail: String
        switch scores {
        case .trees(let ensemble):
            detail = "\(ensemble.treeCount) trees, \(ensemble.nodeCount) nodes, \(columns.count) features"
            if let rounds {
                detail += ", rounds \(rounds.lowerBound) to \(rounds.upperBound - 1)"
            } else if let best = wrapper?.bestRound {
                detail += ", up to the best round \(best)"
            }
        case .linear(let linear):
            detail = "\(linear.weights.count) weights, \(columns.count) features"
        }
        return [
            ModelStep(path: "learner.gradient_booster", className: booster, detail: detail),
            ModelStep(
                path: "learner.objective", className: objective.name,
                detail: scores.groupCount == 1 ? "1 score a row" : "\(scores.groupCount) scores a row"),
        ]
    }
}
