package import ModelIR
internal import TensorCore

/// Imports scikit-learn estimators and pipelines from `pickle` and `joblib` files, of any protocol, plain or
/// compressed by zlib, gzip, bzip2, xz, lzma or lz4. The file is read as data: nothing in it is run.
package struct ScikitLearnImporter: ModelImporter {
    package var name: String { "scikit-learn" }

    package init() {}

    package func recognizes(_ bytes: Span<UInt8>) -> Bool {
        PickleContainer.detect(bytes) != nil
    }

    package func importModel(_ bytes: Span<UInt8>) throws(ImportError) -> ImportedModel {
        try importModel(bytes, options: ImportOptions())
    }

    package func importModel(_ bytes: Span<UInt8>, options: ImportOptions) throws(ImportError) -> ImportedModel {
        var limits = PickleLimits()
        let container = PickleContainer.detect(bytes) ?? .plain
        if container != .plain { limits.packedBytes = bytes.count }
        if let content = try container.unwrap(bytes, limits: limits) {
            return try read(content.span, container: container, limits: limits, options: options)
        }
        return try read(bytes, container: container, limits: limits, options: options)
    }

    private func read(
        _ bytes: Span<UInt8>, container: PickleContainer, limits: PickleLimits, options: ImportOptions
    ) throws(ImportError) -> ImportedModel {
        let document = try PickleMachine.read(bytes, limits: limits)
        let format =
            (document.hasJoblibArrays || container == .oldJoblib ? "joblib" : "pickle")
            + (container.name.map { "-" + $0 } ?? "")
        return try Self.importModel(document, format: format, options: options)
    }

    /// Imports the estimator that a document holds, whatever the file was.
    static func importModel(
        _ document: consuming PickleDocument, format: String, options: ImportOptions = ImportOptions()
    ) throws(ImportError) -> ImportedModel {
        var builder = GraphBuilder(document, options: options)
        try builder.build()
        try builder.checkOptions()
        return try builder.finish(format: format)
    }
}
