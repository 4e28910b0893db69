/// Decompresses whole zlib and gzip buffers within bounds.
///
/// Memory is at most twice the output, and the output is at most `outputBytesMax` and `ratioMax` times the input, so
/// that a small upload cannot become a large one. (Up to ``freeBytes`` the ratio is not looked at: short runs of one
/// byte reach deflate's 1032 at once.)
package enum Inflate {
    /// Output that needs no proportion to its input.
    package static let freeBytes = 64 << 10

    /// Decompresses one zlib stream (RFC 1950). Any byte behind it is an error.
    package static func zlib(
        _ input: Span<UInt8>, outputBytesMax: Int, ratioMax: Int
    ) throws(CompressionError) -> [UInt8] {
        try run(input, .zlib, outputBytesMax: outputBytesMax, ratioMax: ratioMax)
    }

    /// Decompresses gzip (RFC 1952), its members joined.
    ///
    /// Behind the last member there may be zero bytes, which tapes and some writers pad with; anything else is an
    /// error.
    package static func gzip(
        _ input: Span<UInt8>, outputBytesMax: Int, ratioMax: Int
    ) throws(CompressionError) -> [UInt8] {
        try run(input, .gzip, outputBytesMax: outputBytesMax, ratioMax: ratioMax)
    }

    /// Decompresses what the first bytes announce.
    package static func auto(
        _ input: Span<UInt8>, outputBytesMax: Int, ratioMax: Int
    ) throws(CompressionError) -> [UInt8] {
        guard let format = CompressedFormat(detecting: input) else {
            throw CompressionError(offset: 0, reason: .unknownFormat)
        }
        return try run(input, format, outputBytesMax: outputBytesMax, ratioMax: ratioMax)
    }

    private static func run(
        _ input: Span<UInt8>, _ format: CompressedFormat, outputBytesMax: Int, ratioMax: Int
    ) throws(CompressionError) -> [UInt8] {
        precondition(outputBytesMax >= 0 && ratioMax > 0, "bounds of decompression must be positive")
        let (product, overflow) = input.count.multipliedReportingOverflow(by: ratioMax)
        let proportional = overflow ? Int.max : max(product, freeBytes)
        let isRatioBound = proportional < outputBytesMax
        let bytesMax = min(proportional, outputBytesMax)

        var stream = try InflateStream(format.wrapping)
        var output: [UInt8] = []
        output.reserveCapacity(min(bytesMax, max(input.count, 1024)))
        var offset = 0
        while true {
            // One byte more than the bound, to tell a full output from one that goes on.
            let room = max(output.capacity - output.count, 4096)
            let wanted = min(room - 1, bytesMax - output.count) + 1
            var status = InflateStream.Status.goesOn
            output.append(addingCapacity: wanted) { target in
                let rest = input.extracting(offset..<input.count)
                let step = stream.inflate(rest, into: &target, bytesMax: wanted)
                offset += step.consumed
                status = step.status
            }
            guard output.count <= bytesMax else {
                let reason: CompressionError.Reason =
                    isRatioBound ? .ratioTooLarge(ratioMax: ratioMax) : .outputTooLarge(bytesMax: outputBytesMax)
                throw CompressionError(offset: offset, reason: reason)
            }
            switch status {
            case .goesOn: continue
            case .failed(let reason): throw CompressionError(offset: offset, reason: reason)
            case .starved: throw CompressionError(offset: offset, reason: .truncated)
            case .ended:
                let rest = input.extracting(offset..<input.count)
                if try isEnd(rest, after: format, at: offset) { return output }
                stream.restart(format.wrapping)
            }
        }
    }

    /// Whether nothing more is to be decompressed; false if another gzip member follows.
    private static func isEnd(
        _ rest: Span<UInt8>, after format: CompressedFormat, at offset: Int
    ) throws(CompressionError) -> Bool {
        if rest.isEmpty { return true }
        if format == .gzip {
            if CompressedFormat(detecting: rest) == .gzip { return false }
            var index = 0
            while index < rest.count, rest[index] == 0 { index += 1 }
            if index == rest.count { return true }
        }
        throw CompressionError(offset: offset, reason: .trailingBytes(count: rest.count))
    }
}
