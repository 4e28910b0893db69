import Compression
import Testing

private typealias Fixtures = CompressedFixtures

private func decompress(
    _ input: [UInt8], as format: CompressedFormat? = nil, bytesMax: Int = 1 << 20, ratioMax: Int = 1000
) -> Result<[UInt8], CompressionError> {
    let span = input.span
    do throws(CompressionError) {
        guard let format else {
            return .success(try Decompression.bytes(of: span, outputBytesMax: bytesMax, ratioMax: ratioMax))
        }
        return .success(try Decompression.bytes(of: span, as: format, outputBytesMax: bytesMax, ratioMax: ratioMax))
    } catch {
        return .failure(error)
    }
}

private func reason(_ result: Result<[UInt8], CompressionError>) -> CompressionError.Reason? {
    guard case .failure(let error) = result else { return nil }
    return error.reason
}

/// bzip2, xz, lzma and lz4; zlib and gzip have tests of their own.
@Suite struct DecompressionTests {
    @Test(arguments: [
        (Fixtures.bzip2, CompressedFormat.bzip2), (Fixtures.xz, .xz), (Fixtures.lzma, .lzma), (Fixtures.lz4, .lz4),
    ])
    func readsWhatPythonCompressed(input: [UInt8], format: CompressedFormat) {
        #expect(CompressedFormat(detecting: input.span) == format)
        #expect(decompress(input) == .success(Fixtures.plain))
        #expect(decompress(input, as: format) == .success(Fixtures.plain))
        #expect(Decompression.prefix(of: input.span, as: format, count: 5) == Array("row 0".utf8))
        #expect(
            Decompression.prefix(of: input.span, as: format, count: 1 << 16) == Fixtures.plain,
            "the prefix is the whole")
    }

    @Test func joinsStreams() {
        let whole = Array("first second".utf8)
        #expect(decompress(Fixtures.bzip2TwoStreams) == .success(whole))
        #expect(decompress(Fixtures.xzTwoStreams) == .success(whole))
        #expect(decompress(Fixtures.lz4TwoFrames) == .success(whole))
    }

    @Test(arguments: [Fixtures.bzip2, Fixtures.xz, Fixtures.lzma, Fixtures.lz4])
    func refusesAStreamCutAnywhere(whole: [UInt8]) {
        for length in 6..<whole.count {
            let result = decompress(Array(whole[..<length]))
            #expect(result == .failure(CompressionError(offset: length, reason: .truncated)), "cut at \(length)")
        }
    }

    @Test(arguments: [Fixtures.bzip2TwoStreams, Fixtures.xzTwoStreams, Fixtures.lz4TwoFrames])
    func givesNoPartOfStreamsCutAnywhere(whole: [UInt8]) {
        for length in 6..<whole.count {
            if case .success(let output) = decompress(Array(whole[..<length])) {
                // Cut between two streams or in the padding behind them.
                #expect(output == Array("first ".utf8) || output == Array("first second".utf8), "cut at \(length)")
            }
        }
    }

    @Test(arguments: [Fixtures.bzip2, Fixtures.xz, Fixtures.lz4])
    func neverMistakesCorruptDataForTheRight(whole: [UInt8]) {
        for index in whole.indices {
            for bit in 0..<8 {
                var changed = whole
                changed[index] ^= 1 << UInt8(bit)
                if case .success(let output) = decompress(changed) {
                    #expect(output == Fixtures.plain, "byte \(index)")
                }
            }
        }
    }

    @Test func survivesCorruptLZMA() {
        // It has no checksum: what comes out may be wrong, but it ends within its bounds.
        for index in Fixtures.lzma.indices {
            var changed = Fixtures.lzma
            changed[index] ^= 0x55
            if case .success(let output) = decompress(changed) { #expect(output.count <= 1 << 20) }
        }
    }

    @Test(arguments: [Fixtures.bzip2, Fixtures.xz, Fixtures.lzma, Fixtures.lz4])
    func refusesBytesBehindTheStream(whole: [UInt8]) {
        let end = whole.count
        #expect(
            decompress(whole + Array("more".utf8))
                == .failure(CompressionError(offset: end, reason: .trailingBytes(count: 4))))
        #expect(reason(decompress(whole + [0])) == .trailingBytes(count: 1))
        let padded = decompress(whole + [0, 0, 0, 0])
        #expect(whole == Fixtures.xz ? padded == .success(Fixtures.plain) : reason(padded) == .trailingBytes(count: 4))
    }

    @Test(arguments: [Fixtures.bzip2, Fixtures.xz, Fixtures.lzma, Fixtures.lz4])
    func boundsTheOutputToTheByte(whole: [UInt8]) {
        let count = Fixtures.plain.count
        #expect(decompress(whole, bytesMax: count) == .success(Fixtures.plain))
        #expect(reason(decompress(whole, bytesMax: count - 1)) == .outputTooLarge(bytesMax: count - 1))
        #expect(reason(decompress(whole, bytesMax: 0)) == .outputTooLarge(bytesMax: 0))
    }

    @Test(arguments: [Fixtures.bzip2Bomb, Fixtures.xzBomb, Fixtures.lz4Bomb])
    func stopsBombsByTheirRatio(bomb: [UInt8]) {
        #expect(reason(decompress(bomb, bytesMax: .max, ratioMax: 20)) == .ratioTooLarge(ratioMax: 20))
        #expect(reason(decompress(bomb, bytesMax: 1 << 19, ratioMax: 1 << 20)) == .outputTooLarge(bytesMax: 1 << 19))
    }

    @Test func refusesWindowsThatNoWriterNeeds() {
        let max = LZMAStream.memoryBytesMax
        #expect(reason(decompress(Fixtures.xzOfALargeWindow)) == .windowTooLarge(bytesMax: max))
        // The old container's dictionary is a number in its header.
        var large = Fixtures.lzma
        large.replaceSubrange(1..<5, with: [0, 0, 0, 0x7F])
        #expect(reason(decompress(large)) == .windowTooLarge(bytesMax: max))
    }

    @Test func refusesAnotherFormat() {
        for format in [CompressedFormat.bzip2, .xz, .lz4] {
            #expect(reason(decompress(Array("not compressed at all".utf8), as: format)) == .corrupt)
            #expect(reason(decompress([], as: format)) == .truncated)
        }
    }
}
