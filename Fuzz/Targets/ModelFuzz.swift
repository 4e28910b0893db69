// modules: TensorCore ByteCoding Compression ModelIR ModelFormats InferenceEngine
// seeds: Tests/ModelFormatsTests/Fixtures/*/*/*/model.* Tests/ModelFormatsTests/Fixtures/*/*/model.* Examples/*/*.pkl
// max-length: 65536
internal import InferenceEngine
internal import ModelFormats
internal import ModelIR
internal import TensorCore

/// The whole way of an upload: any bytes to the importers of all formats, a model that comes out to the compiler with
/// every output, and two rows through the predictor. Whatever the bytes are, the answer must be predictions or an
/// `ImportError` that says where and why.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzModel(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let bytes = unsafe Array(UnsafeBufferPointer(start: start, count: count))
    do throws(ImportError) {
        let imported = try SupportedFormats.importers.importModel(bytes.span)
        let model = try ModelCompiler.compile(imported.graph, outputs: .all)
        // Wide models need rows as wide: what they cost is not the importers' doing.
        guard model.layout.width <= 4096, model.signature.outputs.allSatisfy({ $0.width <= 4096 }) else { return 0 }
        predict(model)
    } catch {
        precondition(!error.place.isEmpty && !error.found.isEmpty && !error.expected.isEmpty, "a refusal says why")
        precondition(error.description.utf8.count < 8192, "a refusal is short")
    }
    return 0
}

/// One row of numbers and text, and one in which everything that may be missing is.
private func predict(_ model: CompiledModel) {
    var batch = RowBatch(layout: model.layout)
    let text = Array("a".utf8)
    for isMissing in [false, true] {
        let row = batch.appendRow()
        for (column, described) in model.layout.columns.enumerated() where described.isUsed {
            if isMissing, described.acceptsMissing { continue }
            switch described.kind {
            case .float64: batch.setDouble(isMissing ? -1e300 : 0.5, row: row, column: column)
            case .int64: batch.setInt64(isMissing ? .min : 3, row: row, column: column)
            case .string: _ = batch.setString(text.span, row: row, column: column)
            }
        }
    }
    var output = OutputBatch(fields: model.signature.outputs)
    model.predictor.predict(batch, into: &output, using: model.predictor.makeWorkspace())
}
