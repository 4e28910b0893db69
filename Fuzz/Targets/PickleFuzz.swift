// modules: TensorCore ByteCoding Compression ModelIR ModelFormats InferenceEngine
// seeds: Tests/ModelFormatsTests/Fixtures/sklearn/*/*/model.*
internal import InferenceEngine
internal import ModelFormats
internal import ModelIR

/// Hands one input of libFuzzer to the pickle importer and, if a model comes out, to the compiler. Whatever the bytes
/// are, the answer must be a model or an `ImportError`.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzPickle(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let bytes = unsafe Array(UnsafeBufferPointer(start: start, count: count))
    do throws(ImportError) {
        let model = try ScikitLearnImporter().importModel(bytes.span)
        _ = try ModelCompiler.compile(model.graph)
    } catch {
        precondition(!error.description.isEmpty, "a refusal says why")
    }
    return 0
}
