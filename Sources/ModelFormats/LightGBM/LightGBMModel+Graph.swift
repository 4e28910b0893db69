internal import ModelIR
internal import TensorCore

extension LightGBMModel {
    /// Adds the model's operators over its columns as numbers.
    ///
    /// A booster's `prediction` is the objective's value; where that is a classification, probabilities come along. A
    /// classifier's is a label.
    func methods<Sink: NodeSink & ~Escapable>(
        on input: ValueID, as role: BoosterRole, path: String, in sink: inout Sink
    ) throws(ImportError) -> EstimatorMethods {
        let width = ensemble.groupCount
        let raw = sink.add(.treeEnsemble(ensemble), [input], width: width, path: path)
        let leaves = sink.add(
            .treeLeaves(TreeLeaves(ensemble: ensemble, origins: leafOrigins)), [input], width: leafOrigins.count,
            path: path)
        var score = raw
        if let divisor {
            score = sink.add(
                .scaler(scaler(.subtractDivide, divisor)), [score], width: width, path: path + "/mean")
        }
        score = transformed(score, path: path + "/" + objective.name, in: &sink)

        var methods: EstimatorMethods
        switch role {
        case .classifier(let labels) where objective.name != "custom":
            methods = try classified(score, labels, path: path, in: &sink)
        case .booster, .regressor, .classifier:
            // A classifier with an objective of the caller's own answers its raw scores.
            methods = EstimatorMethods(prediction: .numbers(score, width: width, isVector: width > 1))
            if case .booster = role, objective.isClassification {
                let labels = ClassLabels.integers((0..<Int64(max(width, 2))).map { $0 })
                let both =
                    width > 1 ? score : sink.add(.binaryProbabilities, [score], width: 2, path: path + "/probabilities")
                methods.others.append(
                    GraphOutput(
                        name: OutputField.probabilitiesName, value: both, meaning: .probabilities(labels),
                        isVector: true))
            }
        }
        methods.others.append(
            GraphOutput(name: BoosterOutput.marginName, value: raw, meaning: .values, isDefault: false))
        methods.others.append(
            GraphOutput(
                name: BoosterOutput.leafName, value: leaves, meaning: .values, isVector: true, isDefault: false))
        return methods
    }

    private func classified<Sink: NodeSink & ~Escapable>(
        _ score: ValueID, _ labels: ClassLabels, path: String, in sink: inout Sink
    ) throws(ImportError) -> EstimatorMethods {
        let width = ensemble.groupCount
        guard labels.count == max(width, 2) else {
            throw ImportError(
                .malformed, at: path, found: "\(labels.count) classes",
                expected: "\(max(width, 2)), by the booster's scores")
        }
        let label = path + "/label"
        guard width == 1 else {
            let index = sink.add(.argMax, [score], width: 1, path: label)
            return EstimatorMethods(prediction: .label(index, labels), probabilities: score)
        }
        let both = sink.add(.binaryProbabilities, [score], width: 2, path: path + "/probabilities")
        let index = sink.add(.greater(threshold: 0.5), [score], width: 1, path: label)
        return EstimatorMethods(prediction: .label(index, labels), probabilities: both)
    }

    private func transformed<Sink: NodeSink & ~Escapable>(
        _ score: ValueID, path: String, in sink: inout Sink
    ) -> ValueID {
        let width = ensemble.groupCount
        let activation: Activation
        var score = score
        switch objective.transform {
        case .identity: return score
        case .logistic(let slope):
            activation = .logisticInOneForm
            if slope != 1 {
                score = sink.add(.scaler(scaler(.multiplyAdd, slope)), [score], width: width, path: path + "/sigmoid")
            }
        case .softmax: activation = .softmax
        case .softplus: activation = .softplus
        case .exp: activation = .exp
        case .signedSquare: activation = .signedSquare
        }
        return sink.add(.activation(activation), [score], width: width, path: path)
    }

    private func scaler(_ form: Scaler.Form, _ factor: Double) -> Scaler {
        let width = ensemble.groupCount
        return Scaler(
            form: form, offset: [Double](repeating: 0, count: width), scale: [Double](repeating: factor, count: width))
    }
}
