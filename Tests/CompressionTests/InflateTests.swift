import Compression
import Testing

private typealias Fixtures = CompressedFixtures

/// The output, or the reason for refusing.
private func inflate(
    _ input: [UInt8], as format: CompressedFormat? = nil, bytesMax: Int = 1 << 20, ratioMax: Int = 1000
) -> Result<[UInt8], CompressionError> {
    let span = input.span
    do throws(CompressionError) {
        switch format {
        case nil: return .success(try Inflate.auto(span, outputBytesMax: bytesMax, ratioMax: ratioMax))
        case .zlib: return .success(try Inflate.zlib(span, outputBytesMax: bytesMax, ratioMax: ratioMax))
        case .gzip: return .success(try Inflate.gzip(span, outputBytesMax: bytesMax, ratioMax: ratioMax))
        case let format?:
            return .success(
                try Decompression.bytes(of: span, as: format, outputBytesMax: bytesMax, ratioMax: ratioMax))
        }
    } catch {
        return .failure(error)
    }
}

private func reason(_ result: Result<[UInt8], CompressionError>) -> CompressionError.Reason? {
    guard case .failure(let error) = result else { return nil }
    return error.reason
}

@Suite struct InflateTests {
    @Test func readsWhatPythonCompressed() {
        #expect(inflate(Fixtures.zlib) == .success(Fixtures.plain))
        #expect(inflate(Fixtures.zlibStored) == .success(Array("stored".utf8)))
        #expect(inflate(Fixtures.gzip) == .success(Fixtures.plain))
        #expect(inflate(Fixtures.gzipNamed) == .success(Array("named".utf8)))
        #expect(inflate(Fixtures.gzipTwoMembers) == .success(Array("first second".utf8)))
        #expect(inflate(Fixtures.gzipEmpty) == .success([]))
    }

    @Test(arguments: [[], [0x1F], [0x78], [0x78, 0x00], [0x80, 0x04], [0x88, 0x1C], Array("{}".utf8)] as [[UInt8]])
    func knowsWhatItDoesNotKnow(input: [UInt8]) {
        #expect(inflate(input) == .failure(CompressionError(offset: 0, reason: .unknownFormat)))
    }

    @Test func doesNotTakeOneFormatForTheOther() {
        #expect(reason(inflate(Fixtures.gzip, as: .zlib)) == .corrupt)
        #expect(reason(inflate(Fixtures.zlib, as: .gzip)) == .corrupt)
        #expect(reason(inflate([], as: .gzip)) == .truncated)
        #expect(inflate(Fixtures.zlib, as: .zlib) == .success(Fixtures.plain))
        #expect(inflate(Fixtures.gzip, as: .gzip) == .success(Fixtures.plain))
    }

    @Test(arguments: [Fixtures.zlib, Fixtures.gzip, Fixtures.gzipNamed, Fixtures.zlibStored])
    func refusesAStreamCutAnywhere(whole: [UInt8]) {
        for length in 2..<whole.count {
            let result = inflate(Array(whole[..<length]))
            #expect(result == .failure(CompressionError(offset: length, reason: .truncated)), "cut at \(length)")
        }
    }

    @Test func refusesASecondMemberCutAnywhere() {
        let whole = Fixtures.gzipTwoMembers
        let first = whole.count / 2
        for length in (first + 1)..<whole.count {
            let expected: [CompressionError.Reason] = [.truncated, .trailingBytes(count: 1)]
            #expect(reason(inflate(Array(whole[..<length]))).map(expected.contains) == true, "cut at \(length)")
        }
    }

    @Test func neverMistakesCorruptDataForTheRight() {
        for whole in [Fixtures.zlib, Fixtures.gzip] {
            for index in whole.indices {
                for bit in 0..<8 {
                    var changed = whole
                    changed[index] ^= 1 << UInt8(bit)
                    // A few header bits (the modification time, the system) say nothing about the data.
                    if case .success(let output) = inflate(changed) { #expect(output == Fixtures.plain) }
                }
            }
        }
    }

    @Test func refusesBytesBehindTheStream() {
        let end = Fixtures.zlib.count
        #expect(
            inflate(Fixtures.zlib + [0])
                == .failure(CompressionError(offset: end, reason: .trailingBytes(count: 1))))
        #expect(reason(inflate(Fixtures.gzip + Array("more".utf8))) == .trailingBytes(count: 4))
        #expect(reason(inflate(Fixtures.gzip + [0, 0, 1])) == .trailingBytes(count: 3))
        #expect(inflate(Fixtures.gzip + [0, 0, 0]) == .success(Fixtures.plain))
    }

    @Test func refusesAPresetDictionary() {
        #expect(reason(inflate(Fixtures.zlibWithDictionary)) == .needsDictionary)
    }

    @Test func boundsTheOutputToTheByte() {
        let count = Fixtures.plain.count
        #expect(inflate(Fixtures.zlib, bytesMax: count) == .success(Fixtures.plain))
        #expect(reason(inflate(Fixtures.zlib, bytesMax: count - 1)) == .outputTooLarge(bytesMax: count - 1))
        #expect(reason(inflate(Fixtures.zlib, bytesMax: 0)) == .outputTooLarge(bytesMax: 0))
        #expect(inflate(Fixtures.gzipEmpty, bytesMax: 0) == .success([]))
        #expect(reason(inflate(Fixtures.gzipTwoMembers, bytesMax: 7)) == .outputTooLarge(bytesMax: 7))
    }

    @Test func stopsBombsByTheirRatio() {
        #expect(reason(inflate(Fixtures.zlibBomb, bytesMax: .max, ratioMax: 100)) == .ratioTooLarge(ratioMax: 100))
        #expect(
            reason(inflate(Fixtures.zlibBomb, bytesMax: 1 << 20, ratioMax: 2000)) == .outputTooLarge(bytesMax: 1 << 20))
        #expect(
            reason(inflate(Fixtures.gzipBombOfMembers, bytesMax: .max, ratioMax: 900)) == .ratioTooLarge(ratioMax: 900))
        guard case .success(let output) = inflate(Fixtures.zlibBomb, bytesMax: .max, ratioMax: .max) else {
            Issue.record("refused within its bounds")
            return
        }
        #expect(output.count == 2 << 20)
    }

    @Test func describesErrorsInWords() {
        let error = CompressionError(offset: 7, reason: .truncated)
        #expect(error.description == "byte 7: the compressed data ends too early")
    }
}
