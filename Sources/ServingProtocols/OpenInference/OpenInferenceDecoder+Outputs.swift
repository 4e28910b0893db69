internal import InferenceAPI

// The outputs that requests ask for.
extension OpenInferenceDecoder {
    func output(
        named name: Span<UInt8>, of model: OpenInferenceModel
    ) throws(InferenceError) -> (output: Int, isAlias: Bool) {
        if let found = model.output(named: name) { return found }
        var bytes: [UInt8] = []
        for index in 0..<min(name.count, 1024) { bytes.append(name[index]) }
        let text = String(decoding: bytes, as: UTF8.self)
        throw .invalid(
            InferenceProblem(
                pointer: "/outputs", detail: "the model has no such output",
                expected: "of " + model.outputNames.joined(separator: ", "),
                found: "\"\(JSONPointer.shortened(text))\"",
                nearest: NearestName.find(text, among: model.outputNames)))
    }

    func add(
        _ found: (output: Int, isAlias: Bool), isBinary: Bool?, to request: inout OpenInferenceRequest,
        _ model: OpenInferenceModel
    ) throws(InferenceError) {
        guard !request.outputs.contains(found.output, isAlias: found.isAlias) else {
            let name = model.outputs[found.output].name(isAlias: found.isAlias)
            throw .invalid(InferenceProblem(pointer: "/outputs", detail: "the output \"\(name)\" is asked for twice"))
        }
        let choice = RequestedOutputs.Choice(output: found.output, isAlias: found.isAlias, isBinary: isBinary)
        guard request.outputs.append(choice) else {
            throw .tooLarge(limit: "\(RequestedOutputs.countMax) outputs by name")
        }
    }
}
