internal import Compression
internal import ModelIR

/// The files of a skops archive and where each lies in one run of bytes: the archive's own where nothing is compressed,
/// else a copy with everything unpacked.
struct SkopsFiles {
    /// Everything unpacked; nil if the archive's bytes serve as they are.
    private(set) var unpacked: [UInt8]?
    /// By the file's name; the parts of `x.npz` are `x.npz/data.npy` and the like.
    private(set) var ranges: [String: Range<Int>] = [:]

    /// Words that a sparse matrix's parts are called, which stand at the front of what is unpacked.
    static let words = ["_shape", "data", "indices", "indptr", "offsets", "row", "col"]

    /// - Parameter bytes: the archive.
    init(_ bytes: Span<UInt8>, _ archive: Archive, limits: PickleLimits) throws(ImportError) {
        do throws(ArchiveError) {
            var isPlain = true
            for entry in archive.entries {
                guard let range = try archive.storedRange(of: entry, in: bytes), !entry.path.hasSuffix(".npz") else {
                    isPlain = false
                    break
                }
                ranges[entry.path] = range
            }
            if isPlain { return }
            ranges = [:]
            var unpacked: [UInt8] = []
            for word in Self.words {
                ranges["word " + word] = unpacked.count..<unpacked.count + word.utf8.count
                unpacked += Array(word.utf8)
            }
            unpacked.reserveCapacity(min(limits.fileBytesMax, bytes.count + 1024))
            for entry in archive.entries {
                let contents = try archive.contents(of: entry, in: bytes)
                if entry.path.hasSuffix(".npz") {
                    let span = contents.span
                    let inner = try Archive(span, format: .zip)
                    for part in inner.entries {
                        let data = try inner.contents(of: part, in: span)
                        try Self.append(data, as: entry.path + "/" + part.path, to: &unpacked, &ranges, limits)
                    }
                } else {
                    try Self.append(contents, as: entry.path, to: &unpacked, &ranges, limits)
                }
            }
            self.unpacked = unpacked
        } catch {
            throw ImportError(error)
        }
    }

    private static func append(
        _ data: [UInt8], as path: String, to unpacked: inout [UInt8], _ ranges: inout [String: Range<Int>],
        _ limits: PickleLimits
    ) throws(ArchiveError) {
        guard data.count <= limits.fileBytesMax - unpacked.count else {
            throw ArchiveError(
                .limit, at: "\"\(path)\"", found: "\(data.count) more bytes",
                expected: "at most \(limits.fileBytesMax) in all files")
        }
        ranges[path] = unpacked.count..<unpacked.count + data.count
        unpacked += data
    }
}

extension ImportError {
    /// An archive that was refused.
    init(_ error: ArchiveError, in folder: String? = nil) {
        let kind: Kind =
            switch error.kind {
            case .truncated: .truncated
            case .malformed: .malformed
            case .unsupported: .unsupported
            case .limit: .limit
            }
        self.init(
            kind, at: folder.map { "\($0), \(error.place)" } ?? error.place, found: error.found,
            expected: error.expected,
            remedy: error.kind == .limit ? "send the model's file itself, or an archive without compression" : nil)
    }
}
