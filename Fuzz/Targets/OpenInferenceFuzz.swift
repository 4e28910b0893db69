// modules: ServingProtocols InferenceAPI TensorCore
// shares: RowLayouts.swift
// max-length: 4096
internal import InferenceAPI
internal import ServingProtocols
internal import TensorCore

/// Feeds any bytes to the decoder of the Open Inference Protocol: as JSON, as JSON with binary tensors behind it (the
/// first byte tells where they begin), as a body that is one tensor, and as a message of gRPC. It must not trap, a
/// refused request must leave no row behind, and one that is taken must be answered in as many rows as it has.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzOpenInference(_ start: UnsafePointer<UInt8>, _ count: Int) -> CInt {
    let body = unsafe Array(UnsafeBufferPointer(start: start, count: count))
    let rest = Array(body.dropFirst())
    for layout in layouts {
        let model = OpenInferenceModel(
            name: "m", version: 1, signature: Signature(inputs: layout.columns, outputs: outputs))
        decode(layout, model) { (decoder, batch) throws(InferenceError) in
            try decoder.decode(body.span, jsonBytes: nil, of: model, into: &batch)
        }
        let length = Int(body.first ?? 0) * 16
        decode(layout, model) { (decoder, batch) throws(InferenceError) in
            try decoder.decode(rest.span, jsonBytes: length, of: model, into: &batch)
        }
        decode(layout, model) { (decoder, batch) throws(InferenceError) in
            try decoder.decode(message: body.span, of: model, into: &batch)
        }
    }
    _ = OpenInferenceDecoder.earlyTerms(of: body.span, jsonBytes: nil)
    _ = try? OpenInferenceMessages.target(of: body.span, hasTerms: true)
    return 0
}

private let outputs = [
    OutputField(name: "prediction", kind: .label(.strings(["no", "yes"])), width: 1, isVector: false),
    OutputField(
        name: "probabilities", kind: .probabilities(.strings(["no", "yes"]), .float32), width: 2, isVector: true),
]

private func decode(
    _ layout: RowLayout, _ model: OpenInferenceModel,
    _ read: (inout OpenInferenceDecoder, inout RowBatch) throws(InferenceError) -> OpenInferenceRequest
) {
    var decoder = OpenInferenceDecoder(numbersMax: 1 << 12)
    var batch = RowBatch(layout: layout)
    batch.appendRow()
    let request: OpenInferenceRequest
    do throws(InferenceError) {
        request = try read(&decoder, &batch)
    } catch {
        precondition(batch.rowCount == 1, "a refused request left a row behind")
        precondition(!OpenInferenceError.text(error).isEmpty, "an error says what is wrong")
        return
    }
    for row in 1..<max(1, batch.rowCount) {
        for column in 0..<layout.width where layout.columns[column].kind == .float64 {
            precondition(!batch.double(row: row, column: column).isInfinite, "models take finite numbers")
        }
    }
    var output = OutputBatch(fields: outputs)
    output.reset(rowCount: batch.rowCount)
    var writer = OpenInferenceWriter()
    do throws(InferenceError) {
        let headerBytes = try writer.write(output, 1..<max(1, batch.rowCount), request, of: model, layout)
        precondition(headerBytes <= writer.bytes.count, "the JSON is part of the answer")
    } catch {
        preconditionFailure("no row has a fault")
    }
    decoder.recycle(request)
}
