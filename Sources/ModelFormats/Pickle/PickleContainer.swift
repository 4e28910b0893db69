internal import Compression
internal import ModelIR

/// What a pickle file is wrapped in, by its first bytes.
///
///     80 02..05              pickle, protocol 2 to 5
///     ( c ] }                pickle, protocol 0 or 1, as an estimator or a container begins
///     78 01|5E|9C|DA         zlib, if the two bytes are a multiple of 31
///     1F 8B                  gzip
///     "ZF"                   joblib before 0.10
///     "BZh", FD "7zXZ" 00, 5D 00 00, 04 22 4D 18      bzip2, xz, lzma, lz4
enum PickleContainer: String, Sendable {
    case plain = ""
    case zlib
    case gzip
    case bzip2, xz, lzma, lz4
    case oldJoblib = "joblib's ZF"

    /// - Returns: nil if the bytes begin like none of them.
    static func detect(_ bytes: Span<UInt8>) -> PickleContainer? {
        func starts(_ prefix: [UInt8]) -> Bool {
            guard bytes.count >= prefix.count else { return false }
            for index in prefix.indices where bytes[index] != prefix[index] { return false }
            return true
        }
        guard bytes.count >= 2 else { return nil }
        switch (bytes[0], bytes[1]) {
        case (0x80, 2...5): return .plain
        // Before the list of protocol 0, whose opcode is the same byte: no opcode is 0.
        case (0x5d, 0) where starts([0x5d, 0, 0]): return .lzma
        case (UInt8(ascii: "("), _), (UInt8(ascii: "c"), _), (UInt8(ascii: "]"), _), (UInt8(ascii: "}"), _):
            return .plain
        case (0x78, 0x01), (0x78, 0x5e), (0x78, 0x9c), (0x78, 0xda): return .zlib
        case (0x1f, 0x8b): return .gzip
        case (UInt8(ascii: "Z"), UInt8(ascii: "F")): return starts(Array("ZF0x".utf8)) ? .oldJoblib : nil
        default: break
        }
        if starts(Array("BZh".utf8)) { return .bzip2 }
        if starts([0xfd] + Array("7zXZ".utf8) + [0]) { return .xz }
        if starts([0x04, 0x22, 0x4d, 0x18]) { return .lz4 }
        return nil
    }
}

extension PickleContainer {
    /// The content of a compressed file; nil if it is not compressed.
    ///
    /// - Throws: `ImportError` where the stream is broken, too large, or of a kind that is not read here.
    func unwrap(_ bytes: Span<UInt8>, limits: PickleLimits) throws(ImportError) -> [UInt8]? {
        switch self {
        case .plain: return nil
        case .zlib, .gzip:
            do throws(CompressionError) {
                return self == .zlib
                    ? try Inflate.zlib(bytes, outputBytesMax: limits.fileBytesMax, ratioMax: limits.inflationRatioMax)
                    : try Inflate.gzip(bytes, outputBytesMax: limits.fileBytesMax, ratioMax: limits.inflationRatioMax)
            } catch {
                throw importError(error)
            }
        case .bzip2, .xz, .lzma, .lz4, .oldJoblib:
            throw ImportError(
                .unsupported, at: "byte 0", found: "a file compressed by \(rawValue)", expected: "zlib, gzip or none",
                remedy: "save it again with joblib.dump(model, \"model.joblib\", compress=(\"zlib\", 3))")
        }
    }

    private func importError(_ error: CompressionError) -> ImportError {
        let kind: ImportError.Kind =
            switch error.reason {
            case .truncated: .truncated
            case .outputTooLarge, .ratioTooLarge, .outOfMemory: .limit
            default: .malformed
            }
        let text = error.description
        let found = text.firstIndex(of: " ").flatMap { text[$0...].firstIndex(of: ":") }
            .map { String(text[text.index($0, offsetBy: 2)...]) }
        return ImportError(
            kind, at: "byte \(error.offset) (\(rawValue))", found: found ?? text, expected: "a whole \(rawValue) stream"
        )
    }
}
