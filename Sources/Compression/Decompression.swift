/// Decompresses whole buffers within bounds.
///
/// Memory is at most twice the output, and the output is at most `outputBytesMax` and `ratioMax` times the input, so
/// that a small upload cannot become a large one. (Up to `freeBytes` the ratio is not looked at: short runs of one byte
/// reach deflate's 1032 at once.) Beside it the decoders have windows of their own: zlib 39 KiB, bzip2 4 MB, lz4
/// 8 MB, lzma and xz at most ``LZMAStream/memoryBytesMax``.
package enum Decompression {
    /// Output that needs no proportion to its input, where the caller does not say otherwise.
    package static let freeBytes = 64 << 10

    /// Decompresses what the first bytes announce.
    package static func bytes(
        of input: Span<UInt8>, outputBytesMax: Int, ratioMax: Int
    ) throws(CompressionError) -> [UInt8] {
        guard let format = CompressedFormat(detecting: input) else {
            throw CompressionError(offset: 0, reason: .unknownFormat)
        }
        return try bytes(of: input, as: format, outputBytesMax: outputBytesMax, ratioMax: ratioMax)
    }

    /// Decompresses one stream and, where the format joins streams (gzip, bzip2, xz, lz4), those that follow it.
    ///
    /// Behind the last there may be zero bytes in gzip, which tapes and some writers pad with, and in xz, whose padding
    /// is a multiple of four; any other byte is an error.
    package static func bytes(
        of input: Span<UInt8>, as format: CompressedFormat, outputBytesMax: Int, ratioMax: Int,
        freeBytes: Int = Self.freeBytes
    ) throws(CompressionError) -> [UInt8] {
        let bounds = Bounds(input.count, outputBytesMax: outputBytesMax, ratioMax: ratioMax, freeBytes: freeBytes)
        switch format {
        case .zlib: return try run(InflateStream(.zlib), input, format, bounds)
        case .gzip: return try run(InflateStream(.gzip), input, format, bounds)
        case .bzip2: return try run(BZip2Stream(), input, format, bounds)
        case .xz: return try run(LZMAStream(.xz), input, format, bounds)
        case .lzma: return try run(LZMAStream(.alone), input, format, bounds)
        case .lz4: return try run(LZ4Stream(), input, format, bounds)
        }
    }

    /// The first bytes of what a stream holds, at most `count`, to tell what it is; nil where it is broken before that.
    package static func prefix(of input: Span<UInt8>, as format: CompressedFormat, count: Int) -> [UInt8]? {
        do throws(CompressionError) {
            switch format {
            case .zlib: return first(count, of: input, try InflateStream(.zlib))
            case .gzip: return first(count, of: input, try InflateStream(.gzip))
            case .bzip2: return first(count, of: input, try BZip2Stream())
            case .xz: return first(count, of: input, try LZMAStream(.xz))
            case .lzma: return first(count, of: input, try LZMAStream(.alone))
            case .lz4: return first(count, of: input, try LZ4Stream())
            }
        } catch {
            return nil
        }
    }

    private static func first<Stream: DecompressionStream & ~Copyable>(
        _ count: Int, of input: Span<UInt8>, _ stream: consuming Stream
    ) -> [UInt8]? {
        var output: [UInt8] = []
        var offset = 0
        while output.count < count {
            let before = (offset, output.count)
            var status = DecompressionStatus.goesOn
            output.append(addingCapacity: count - output.count) { target in
                let room = target.freeCapacity
                let rest = input.extracting(offset..<input.count)
                let step = stream.decompress(rest, into: &target, bytesMax: room)
                offset += step.consumed
                status = step.status
            }
            switch status {
            case .goesOn where before != (offset, output.count): continue
            case .failed: return nil
            default: return output
            }
        }
        return output
    }

    /// Decompresses deflate without a wrapping (RFC 1951), as it lies in zip archives. Any byte behind it is an error.
    package static func deflated(
        _ input: Span<UInt8>, outputBytesMax: Int, ratioMax: Int
    ) throws(CompressionError) -> [UInt8] {
        let bounds = Bounds(input.count, outputBytesMax: outputBytesMax, ratioMax: ratioMax, freeBytes: freeBytes)
        return try run(InflateStream(.none), input, nil, bounds)
    }

    /// How much may come out.
    private struct Bounds {
        let bytesMax: Int
        let reason: CompressionError.Reason

        init(_ inputBytes: Int, outputBytesMax: Int, ratioMax: Int, freeBytes: Int) {
            precondition(
                outputBytesMax >= 0 && ratioMax > 0 && freeBytes >= 0, "bounds of decompression must be positive")
            let (product, overflow) = inputBytes.multipliedReportingOverflow(by: ratioMax)
            let proportional = overflow ? Int.max : max(product, freeBytes)
            bytesMax = min(proportional, outputBytesMax)
            reason =
                proportional < outputBytesMax
                ? .ratioTooLarge(ratioMax: ratioMax) : .outputTooLarge(bytesMax: outputBytesMax)
        }
    }

    private static func run<Stream: DecompressionStream & ~Copyable>(
        _ stream: consuming Stream, _ input: Span<UInt8>, _ format: CompressedFormat?, _ bounds: Bounds
    ) throws(CompressionError) -> [UInt8] {
        var output: [UInt8] = []
        output.reserveCapacity(min(bounds.bytesMax, max(input.count, 1024)))
        var offset = 0
        while true {
            // One byte more than the bound, to tell a full output from one that goes on.
            let room = max(output.capacity - output.count, 4096)
            let wanted = min(room - 1, bounds.bytesMax - output.count) + 1
            let before = (offset, output.count)
            var status = DecompressionStatus.goesOn
            output.append(addingCapacity: wanted) { target in
                let rest = input.extracting(offset..<input.count)
                let step = stream.decompress(rest, into: &target, bytesMax: wanted)
                offset += step.consumed
                status = step.status
            }
            guard output.count <= bounds.bytesMax else {
                throw CompressionError(offset: offset, reason: bounds.reason)
            }
            switch status {
            case .goesOn:
                // A decoder that neither takes nor gives has lost its way.
                guard before != (offset, output.count) else { throw CompressionError(offset: offset, reason: .corrupt) }
            case .failed(let reason): throw CompressionError(offset: offset, reason: reason)
            case .starved: throw CompressionError(offset: offset, reason: .truncated)
            case .ended:
                guard let next = try nextStream(input, after: format, at: offset) else { return output }
                offset = next
                try stream.restart()
            }
        }
    }

    /// Where another stream of the format follows; nil at the end.
    private static func nextStream(
        _ input: Span<UInt8>, after format: CompressedFormat?, at offset: Int
    ) throws(CompressionError) -> Int? {
        guard offset < input.count else { return nil }
        let trailing = CompressionError(offset: offset, reason: .trailingBytes(count: input.count - offset))
        guard let format, format != .zlib, format != .lzma else { throw trailing }
        var next = offset
        if format == .gzip || format == .xz {
            while next < input.count, input[next] == 0 { next += 1 }
        }
        if format == .xz, (next - offset) % 4 != 0 { throw trailing }
        if next == input.count { return nil }
        // Between members of gzip there is no padding.
        guard format != .gzip || next == offset else { throw trailing }
        let rest = input.extracting(next..<input.count)
        guard CompressedFormat(detecting: rest) == format || (format == .lz4 && LZ4Stream.isSkippable(rest)) else {
            throw trailing
        }
        return next
    }
}
