internal import ModelIR
internal import TensorCore

extension XGBoostModel {
    /// The model as operators: the columns, the trees, and what the objective makes of their margins.
    ///
    /// An estimator's classes are its `predict`; a booster's `prediction` is the objective's value. Where that is a
    /// classification, probabilities come along.
    func graph() -> ImportedGraph {
        var graph = ImportedGraph(columns: columns)
        let input = graph.append(.selectColumns(Array(columns.indices)), path: "input")
        let margin = graph.append(.treeEnsemble(ensemble), [input], path: booster)
        let isClassifier = wrapper?.isClassifier == true
        let labels = wrapper?.labels ?? .integers((0..<Int64(classCount)).map { $0 })

        func add(_ value: ValueID, _ meaning: GraphOutput.Meaning) {
            var name = OutputField.predictionName
            if case .probabilities = meaning { name = OutputField.probabilitiesName }
            graph.addOutput(GraphOutput(name: name, value: value, meaning: meaning))
        }
        /// One score of two classes: the estimator's class is 1 above one half, whatever the objective's scale.
        func addBinary(_ score: ValueID, probability: ValueID?) {
            if isClassifier {
                add(graph.append(.greater(threshold: 0.5), [score], path: "label"), .label(labels))
            } else {
                add(score, .values)
            }
            guard let probability, objective.isClassification || isClassifier, ensemble.groupCount == 1 else { return }
            add(graph.append(.binaryProbabilities, [probability], path: "probabilities"), .probabilities(labels))
        }

        switch objective.transform {
        case .identity: addBinary(margin, probability: nil)
        case .exp: addBinary(graph.append(.activation(.exp), [margin], path: objective.name), probability: nil)
        case .step: addBinary(graph.append(.activation(.step), [margin], path: objective.name), probability: nil)
        case .logistic:
            let probability = graph.append(.activation(.logistic), [margin], path: objective.name)
            addBinary(probability, probability: probability)
        case .softmax:
            let probabilities = graph.append(.activation(.softmax), [margin], path: objective.name)
            if isClassifier {
                add(graph.append(.argMax, [probabilities], path: "label"), .label(labels))
            } else {
                add(probabilities, .values)
            }
            add(probabilities, .probabilities(labels))
        case .argMax:
            let probabilities = graph.append(.activation(.softmax), [margin], path: "probabilities")
            if isClassifier {
                add(graph.append(.argMax, [margin], path: "label"), .label(labels))
            } else {
                add(graph.append(.activation(.argMaxValue), [margin], path: objective.name), .values)
            }
            add(probabilities, .probabilities(labels))
        }
        return graph
    }

    /// What `inspect` shows.
    var steps: [ModelStep] {
        let trees = "\(ensemble.treeCount) trees, \(ensemble.nodeCount) nodes, \(columns.count) features"
        let detail = wrapper?.bestRound.map { "\(trees), up to the best round \($0)" } ?? trees
        return [
            ModelStep(path: "learner.gradient_booster", className: booster, detail: detail),
            ModelStep(
                path: "learner.objective", className: objective.name,
                detail: ensemble.groupCount == 1 ? "1 score a row" : "\(ensemble.groupCount) scores a row"),
        ]
    }
}
