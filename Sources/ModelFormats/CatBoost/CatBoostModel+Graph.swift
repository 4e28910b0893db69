internal import ModelIR
internal import TensorCore

extension CatBoostModel {
    /// Adds the model's operators over its numbers and its texts, each as one matrix in the order of the features.
    ///
    /// `prediction` is what `CatBoostClassifier.predict` and `CatBoostRegressor.predict` answer: a label, or the raw
    /// score, or e to it for Poisson and Tweedie. `margin` is the raw score.
    func methods<Sink: NodeSink & ~Escapable>(
        numbers: ValueID?, texts: ValueID?, path: String, in sink: inout Sink
    ) throws(ImportError) -> EstimatorMethods {
        let input = try treeInput(numbers: numbers, texts: texts, path: path, in: &sink)
        let width = bias.count
        var score = sink.add(.treeEnsemble(ensemble), [input], width: width, path: path)
        if scale != 1 || bias.contains(where: { $0 != 0 }) {
            let scaler = Scaler(
                form: .multiplyAdd, offset: bias, scale: [Double](repeating: scale, count: width))
            score = sink.add(.scaler(scaler), [score], width: width, path: path + "/bias")
        }
        var methods = methods(of: score, path: path, in: &sink)
        methods.others.append(
            GraphOutput(name: BoosterOutput.marginName, value: score, meaning: .values, isDefault: false))
        if let leafOrigins, !leafOrigins.isEmpty {
            let leaves = sink.add(
                .treeLeaves(TreeLeaves(ensemble: ensemble, origins: leafOrigins)), [input], width: leafOrigins.count,
                path: path)
            methods.others.append(
                GraphOutput(
                    name: BoosterOutput.leafName, value: leaves, meaning: .values, isVector: true, isDefault: false))
        }
        return methods
    }

    /// Numbers, one-hot categories and statistics side by side.
    private func treeInput<Sink: NodeSink & ~Escapable>(
        numbers: ValueID?, texts: ValueID?, path: String, in sink: inout Sink
    ) throws(ImportError) -> ValueID {
        var parts: [ValueID] = []
        if let numbers { parts.append(numbers) }
        if let texts {
            let hashes = sink.add(.categoryHash, [texts], width: categoryColumns.count, path: path + "/categories")
            let encoded = features.oneHotCategories
            if !encoded.isEmpty {
                var places: [Int] = []
                var encoders: [OneHotEncoder.Feature] = []
                for category in encoded {
                    let known = features.oneHots[category] ?? []
                    guard let place = features.categories[category] else { continue }
                    places.append(place)
                    encoders.append(
                        OneHotEncoder.Feature(
                            categories: .numbers(known.map { Double($0) }), indicators: Array(known.indices),
                            width: known.count, infrequentIndicator: nil))
                }
                let chosen = sink.add(
                    .gatherColumns(places), [hashes], width: places.count, path: path + "/categories")
                let encoder = OneHotEncoder(features: encoders, unknown: .allZero)
                parts.append(
                    sink.add(.oneHotEncoder(encoder), [chosen], width: encoder.width, path: path + "/categories"))
            }
            if let statistics {
                var source = hashes
                if let numbers {
                    source = sink.add(
                        .concat, [hashes, numbers], width: categoryColumns.count + floatColumns.count,
                        path: path + "/statistics")
                }
                parts.append(
                    sink.add(
                        .categoryCTR(statistics), [source], width: statistics.features.count,
                        path: path + "/statistics"))
            }
        }
        guard let first = parts.first else {
            throw ImportError(.malformed, at: path, found: "no features", expected: "at least one")
        }
        return parts.count == 1 ? first : sink.add(.concat, parts, width: features.count, path: path)
    }

    private func methods<Sink: NodeSink & ~Escapable>(
        of score: ValueID, path: String, in sink: inout Sink
    ) -> EstimatorMethods {
        let width = bias.count
        func activate(_ activation: Activation, _ sink: inout Sink) -> ValueID {
            sink.add(.activation(activation), [score], width: width, path: path + "/" + task.loss)
        }
        let labelPath = path + "/label"
        switch task.kind {
        case .numbers: return EstimatorMethods(prediction: .numbers(score, width: width, isVector: width > 1))
        case .exponent:
            return EstimatorMethods(prediction: .numbers(activate(.exp, &sink), width: width, isVector: width > 1))
        case .binary:
            let probability = activate(.logisticInOneForm, &sink)
            let both = sink.add(.binaryProbabilities, [probability], width: 2, path: path + "/probabilities")
            let label = sink.add(.greater(threshold: 0), [score], width: 1, path: labelPath)
            return EstimatorMethods(prediction: .label(label, task.labels), probabilities: both)
        case .softmax, .oneVersusAll:
            let probabilities = activate(task.kind == .softmax ? .softmax : .logisticInOneForm, &sink)
            let label = sink.add(.argMax, [score], width: 1, path: labelPath)
            return EstimatorMethods(prediction: .label(label, task.labels), probabilities: probabilities)
        }
    }
}
