internal import Compression
internal import ModelIR

/// What a pickle file is wrapped in, by its first bytes.
///
///     80 02..05              pickle, protocol 2 to 5
///     ( c ] }                pickle, protocol 0 or 1, as an estimator or a container begins
///     78 01|5E|9C|DA         zlib, if the two bytes are a multiple of 31
///     1F 8B                  gzip
///     "ZF"                   joblib before 0.10: a length as text, then zlib
///     "BZh", FD "7zXZ" 00, 5D 00 00, 04 22 4D 18      bzip2, xz, lzma, lz4
enum PickleContainer: Sendable, Equatable {
    case plain
    case compressed(CompressedFormat)
    case oldJoblib

    /// As part of a format's name, such as `zlib`; nil if there is no container.
    var name: String? {
        switch self {
        case .plain: nil
        case .compressed(let format): format.rawValue
        case .oldJoblib: "zf"
        }
    }

    /// - Returns: nil if the bytes begin like none of them.
    static func detect(_ bytes: Span<UInt8>) -> PickleContainer? {
        guard bytes.count >= 2 else { return nil }
        switch (bytes[0], bytes[1]) {
        case (0x80, 2...5): return .plain
        // Before the list of protocol 0, whose opcode is the same byte: no opcode is 0.
        case (0x5d, 0) where CompressedFormat(detecting: bytes) == .lzma: return .compressed(.lzma)
        case (UInt8(ascii: "("), _), (UInt8(ascii: "]"), _), (UInt8(ascii: "}"), _): return .plain
        case (UInt8(ascii: "c"), _): return beginsWithGlobal(bytes) ? .plain : nil
        case (UInt8(ascii: "Z"), UInt8(ascii: "F")):
            return bytes.count >= 4 && bytes[2] == UInt8(ascii: "0") && bytes[3] == UInt8(ascii: "x") ? .oldJoblib : nil
        default: break
        }
        switch CompressedFormat(detecting: bytes) {
        // Smaller windows than zlib's own, as no pickler asks for: other formats begin so too.
        case .zlib where bytes[0] != 0x78: return nil
        case let format?: return .compressed(format)
        case nil: return nil
        }
    }
}

extension PickleContainer {
    /// Whether GLOBAL's two lines follow, a module and a name: other texts begin with a c too.
    private static func beginsWithGlobal(_ bytes: Span<UInt8>) -> Bool {
        var lines = 0
        var length = 0
        for index in 1..<min(bytes.count, 600) {
            switch bytes[index] {
            case 0x0A:
                guard length > 0 else { return false }
                lines += 1
                length = 0
                if lines == 2 { return true }
            case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, UInt8(ascii: "."), UInt8(ascii: "_"): length += 1
            default: return false
            }
        }
        // Cut within the names: that is for the reader to say.
        return bytes.count < 600
    }

    /// Bytes of the length in joblib's old header: those of `hex(2**64)`.
    private static let oldLengthBytes = 19

    /// The content of a compressed file; nil if it is not compressed.
    ///
    /// - Throws: `ImportError` where the stream is broken, too large, or holds no pickle.
    func unwrap(_ bytes: Span<UInt8>, limits: PickleLimits) throws(ImportError) -> [UInt8]? {
        let content =
            switch self {
            case .plain: [UInt8]()
            case .compressed(let format): try decompress(bytes, format, at: 0, limits)
            case .oldJoblib: try unwrapOldJoblib(bytes, limits)
            }
        if self == .plain { return nil }
        // A file that is packed twice would have to be unpacked without end.
        let inner = Self.detect(content.span)
        guard inner == .plain else {
            throw ImportError(
                .unknownFormat, at: "byte 0 of the content (\(name ?? ""))",
                found: content.isEmpty ? "nothing" : "something else", expected: "a pickle",
                remedy: "send the model's file itself, or a tar or zip archive with it")
        }
        return content
    }

    private func decompress(
        _ bytes: Span<UInt8>, _ format: CompressedFormat, at start: Int, _ limits: PickleLimits
    ) throws(ImportError) -> [UInt8] {
        do throws(CompressionError) {
            return try Decompression.bytes(
                of: bytes.extracting(start..<bytes.count), as: format, outputBytesMax: limits.fileBytesMax,
                ratioMax: limits.inflationRatioMax, freeBytes: limits.freeInflatedBytes)
        } catch {
            throw ImportError(error, in: format, at: start)
        }
    }

    /// `ZF`, the content's length as `0x...` padded with blanks to 19 bytes, perhaps one more blank (Python 2), zlib.
    private func unwrapOldJoblib(_ bytes: Span<UInt8>, _ limits: PickleLimits) throws(ImportError) -> [UInt8] {
        var start = 2 + Self.oldLengthBytes
        guard bytes.count > start else {
            throw ImportError(
                .truncated, at: "byte \(bytes.count)", found: "the end of the file",
                expected: "joblib's header of \(start) bytes and zlib")
        }
        var digits = ""
        for index in 4..<start where bytes[index] != UInt8(ascii: " ") {
            digits.unicodeScalars.append(Unicode.Scalar(bytes[index]))
        }
        // Python 2 writes a long integer with an L.
        if digits.last == "L" { digits.removeLast() }
        guard let count = Int(digits, radix: 16), count >= 0 else {
            throw ImportError(.malformed, at: "byte 4", found: "no length", expected: "hexadecimal digits")
        }
        if bytes[start] == UInt8(ascii: " ") { start += 1 }
        let content = try decompress(bytes, .zlib, at: start, limits)
        guard content.count == count else {
            throw ImportError(
                .malformed, at: "byte \(start) (zf)", found: "\(content.count) bytes", expected: "\(count)")
        }
        return content
    }
}

extension ImportError {
    /// A broken stream inside a file, from byte `start` on.
    init(_ error: CompressionError, in format: CompressedFormat, at start: Int = 0) {
        let kind: Kind =
            switch error.reason {
            case .truncated: .truncated
            case .outputTooLarge, .ratioTooLarge, .outOfMemory, .windowTooLarge: .limit
            default: .malformed
            }
        self.init(
            kind, at: "byte \(start + error.offset) (\(format.rawValue))", found: error.reason.description,
            expected: "a whole \(format.rawValue) stream", remedy: error.remedy)
    }
}

extension CompressionError {
    /// What can be done about a sound stream that is over a bound.
    fileprivate var remedy: String? {
        switch reason {
        case .ratioTooLarge, .windowTooLarge:
            "save it without compression, such as by joblib.dump(model, path, compress=0); "
                + "a linear model of mostly zeros is smaller after model.sparsify()"
        case .outputTooLarge: "a model of that size is not taken"
        default: nil
        }
    }
}
