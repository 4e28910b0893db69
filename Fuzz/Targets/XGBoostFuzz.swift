// modules: TensorCore ByteCoding Compression ModelIR ModelFormats
// seeds: Tests/ModelFormatsTests/Fixtures/xgboost/*/model.*
internal import ModelFormats
internal import ModelIR

/// Feeds any bytes to the XGBoost importer. It must not trap, and what it takes must be a graph that can be walked.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzXGBoost(_ start: UnsafePointer<UInt8>, _ count: Int) -> CInt {
    let bytes = unsafe Array(UnsafeBufferPointer(start: start, count: count))
    do throws(ImportError) {
        let model = try XGBoostImporter().importModel(bytes.span)
        for node in model.graph.nodes {
            if case .treeEnsemble(let ensemble) = node.operation { try ensemble.verify(place: "fuzz") }
        }
    } catch {
        precondition(error.place.utf8.count < 1000 && error.found.utf8.count < 1000, "a refusal is short")
    }
    return 0
}
