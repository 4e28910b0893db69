internal import ModelIR
internal import TensorCore

/// CatBoost's estimators: their attribute `__model` is a `.cbm`.
extension GraphBuilder {
    mutating func catboostMethods(
        _ estimator: EstimatorRecord, _ frame: Frame
    ) throws(ImportError) -> EstimatorMethods {
        let model = try catboostModel(estimator, rounds: takeIterationRange())
        try note(estimator, model.steps.map { "\($0.className): \($0.detail)" }.joined(separator: "; "))
        setProducer("CatBoost", of: estimator)
        guard frame.count == model.columns.count else {
            throw ImportError(
                .malformed, at: estimator.path, found: "\(frame.count) columns",
                expected: "\(model.columns.count), the features of the model")
        }
        // Of a loss of one's own the labels are decided by the score, and nothing tells which there are.
        guard model.task.kind.isClassification || estimator.className != "CatBoostClassifier" else {
            throw ImportError(
                .unsupported, at: "\(estimator.path).__model loss_function", found: model.task.loss,
                expected: CatBoostTask.lossesOfClasses, remedy: "train the classifier with one of them")
        }
        let numbers = try catboostInput(model.floatColumns, frame, as: .number, path: estimator.path)
        let texts = try catboostInput(model.categoryColumns, frame, as: .text, path: estimator.path)
        describe(model.categoryColumns.map { frame.columns[$0] }) { $0.takesWholeNumbersAsText = true }
        var methods = try model.methods(numbers: numbers, texts: texts, path: estimator.path, in: &self)
        if estimator.className == "CatBoost" {
            // The base class answers raw scores, whatever the loss.
            guard let margin = methods.others.first(where: { $0.name == BoosterOutput.marginName }) else {
                return methods
            }
            let width = model.bias.count
            let others = methods.others
            methods = EstimatorMethods(prediction: .numbers(margin.value, width: width, isVector: width > 1))
            methods.others = others
        }
        return methods
    }

    private mutating func catboostInput(
        _ columns: [Int], _ frame: Frame, as kind: FrameKind, path: String
    ) throws(ImportError) -> ValueID? {
        guard !columns.isEmpty else { return nil }
        return try matrix(Frame(columns.map { frame.columns[$0] }), as: kind, path: path)
    }

    func catboostModel(
        _ estimator: EstimatorRecord, rounds: Range<Int>?
    ) throws(ImportError) -> CatBoostModel {
        let place = estimator.path + ".__model"
        guard case .bytes(let slice)? = attribute(estimator, "__model") else {
            throw ImportError(
                .malformed, at: place, found: "nothing", expected: "the bytes of a trained model",
                remedy: "call fit before saving the model")
        }
        do throws(ImportError) {
            if slice.coding == .latin1 {
                return try catboostModel(document.bytes.extracting(slice.range), rounds)
            }
            guard let bytes = document.byteArray(slice) else {
                throw ImportError(.malformed, at: "byte 0", found: "text that is no bytes", expected: "a model")
            }
            return try catboostModel(bytes.span, rounds)
        } catch {
            throw ImportError(
                error.kind, at: "\(place) \(error.place)", found: error.found, expected: error.expected,
                remedy: error.remedy)
        }
    }

    private func catboostModel(_ bytes: Span<UInt8>, _ rounds: Range<Int>?) throws(ImportError) -> CatBoostModel {
        guard CatBoostImporter.isBinary(bytes) else {
            throw ImportError(.malformed, at: "byte 0", found: "something else", expected: "CBM1")
        }
        return try CatBoostModel(CatBoostBinaryReader.read(bytes), rounds: rounds)
    }
}
