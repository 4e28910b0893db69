internal import Compression
package import ModelIR

/// Imports what skops saves: a zip with `schema.json` and a `.npy` file for each array, of scikit-learn estimators.
package struct SkopsImporter: ModelImporter {
    package var name: String { "skops" }

    package init() {}

    package func recognizes(_ bytes: Span<UInt8>) -> Bool {
        guard Archive.detect(bytes) == .zip else { return false }
        do throws(ArchiveError) {
            return try Archive(bytes, format: .zip).entry("schema.json") != nil
        } catch {
            return false
        }
    }

    package func importModel(_ bytes: Span<UInt8>) throws(ImportError) -> ImportedModel {
        try importModel(bytes, options: ImportOptions())
    }

    package func importModel(_ bytes: Span<UInt8>, options: ImportOptions) throws(ImportError) -> ImportedModel {
        var limits = PickleLimits()
        limits.packedBytes = bytes.count
        let archive: Archive
        do throws(ArchiveError) {
            archive = try Archive(bytes, format: .zip)
        } catch {
            throw ImportError(error)
        }
        guard bytes.count <= limits.fileBytesMax else {
            throw ImportError(
                .limit, at: "byte 0", found: "\(bytes.count) bytes", expected: "at most \(limits.fileBytesMax)")
        }
        let files = try SkopsFiles(bytes, archive, limits: limits)
        if let unpacked = files.unpacked { return try read(unpacked.span, files.ranges, limits, options) }
        return try read(bytes, files.ranges, limits, options)
    }

    private func read(
        _ bytes: Span<UInt8>, _ files: [String: Range<Int>], _ limits: PickleLimits,
        _ options: ImportOptions
    ) throws(ImportError) -> ImportedModel {
        try ScikitLearnImporter.importModel(
            SkopsReader.read(bytes, files: files, limits: limits), format: "skops", options: options)
    }
}
