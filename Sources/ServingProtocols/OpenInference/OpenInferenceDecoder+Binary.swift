internal import InferenceAPI
internal import TensorCore

// Binary tensors, whatever stands around them.
extension OpenInferenceDecoder {
    /// Reads the data of one input.
    /// - Parameters:
    ///   - data: the tensor's bytes.
    ///   - body: in which its name lies.
    mutating func readBinary(
        _ data: Span<UInt8>, _ input: TensorInput, _ body: Span<UInt8>, into batch: inout RowBatch
    ) throws(InferenceError) {
        guard let type = input.type else { preconditionFailure("the input is announced") }
        guard let size = type.byteCount else {
            let target = try place(input, bytes: data.count / 4, body: body, into: &batch)
            return try readTexts(data, input, target, into: &batch)
        }
        let (bytes, overflow) = input.elements.multipliedReportingOverflow(by: size)
        guard !overflow, bytes == data.count else {
            throw input.invalid(
                "the size of the binary data is not that of the shape",
                expected: overflow ? nil : "\(bytes) bytes", found: "\(data.count)")
        }
        let target = try place(input, bytes: data.count, body: body, into: &batch)
        try set(numbers: data, as: type, from: 0, target, input, into: &batch)
    }

    /// Elements of bytes, each with its length in front.
    private mutating func readTexts(
        _ data: Span<UInt8>, _ input: TensorInput, _ target: Target, into batch: inout RowBatch
    ) throws(InferenceError) {
        var offset = 0
        for position in 0..<input.elements {
            guard data.count - offset >= 4 else { throw tooShort(input, found: "\(position)") }
            let length = TensorBytes.length(data, at: offset)
            offset += 4
            guard length <= data.count - offset else {
                throw input.invalid(
                    "an element is longer than the rest of the data", expected: "at most \(data.count - offset) bytes",
                    found: "\(length)")
            }
            try set(
                bytes: data.extracting(offset..<offset + length), isValid: false, position, target, input, into: &batch)
            offset += length
        }
        guard offset == data.count else { throw tooLong(input) }
    }

    /// The whole body is the data of the model's only input; every output is binary.
    mutating func decodeRaw(
        _ body: Span<UInt8>, of model: OpenInferenceModel, into batch: inout RowBatch
    ) throws(InferenceError) -> OpenInferenceRequest {
        guard model.inputs.count == 1, let tensor = model.inputs.first, let columns = tensor.shape.last else {
            throw .malformed(
                InferenceProblem(
                    pointer: "", detail: "a body without JSON is for models of one input",
                    expected: "Inference-Header-Content-Length of more than 0", found: "\(model.inputs.count) inputs"))
        }
        var input = TensorInput(number: 0)
        input.hasName = true
        input.hasShape = true
        input.type = tensor.type
        if model.inputs[0].name != OpenInferenceModel.matrixName { input.column = 0 }
        // Of numbers there may be several rows; text of several columns is one.
        if tensor.type == .bytes, columns == 1 { return try decodeRawText(body, input, into: &batch) }
        let rowBytes = (tensor.type.byteCount ?? 0) * columns
        let rows = rowBytes == 0 ? 1 : body.count / rowBytes
        try input.append(length: Int64(rows))
        try input.append(length: Int64(columns))
        try readBinary(body, input, body, into: &batch)
        return try finishRaw(batch)
    }

    /// A text is the body as it comes, without its length in front.
    private mutating func decodeRawText(
        _ body: Span<UInt8>, _ input: TensorInput, into batch: inout RowBatch
    ) throws(InferenceError) -> OpenInferenceRequest {
        var input = input
        try input.append(length: 1)
        try input.append(length: 1)
        let target = try place(input, bytes: body.count, body: body, into: &batch)
        try set(bytes: body, isValid: false, 0, target, input, into: &batch)
        return try finishRaw(batch)
    }

    private mutating func finishRaw(_ batch: borrowing RowBatch) throws(InferenceError) -> OpenInferenceRequest {
        inputCount = 1
        try finish(batch)
        var request = OpenInferenceRequest()
        request.wantsBinary = true
        return request
    }
}
