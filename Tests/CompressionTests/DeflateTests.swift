import Compression
import Testing

private typealias Fixtures = CompressedFixtures

/// Compresses `input` in pieces of `pieceBytes`, each flushed by `flush`, with `roomBytes` of room at a time.
private func deflate(
    _ input: [UInt8], _ stream: inout DeflateStream, pieceBytes: Int = .max, flush: DeflateStream.Flush = .none,
    roomBytes: Int = 4096
) -> [UInt8] {
    var output: [UInt8] = []
    var start = 0
    while true {
        let end = start + min(pieceBytes, input.count - start)
        let isLast = end == input.count
        var isDone = false
        while !isDone {
            let piece = Array(input[start..<end])
            output.append(addingCapacity: roomBytes) { target in
                let step = stream.deflate(piece.span, into: &target, flush: isLast ? .finish : flush)
                start += step.consumed
                isDone = step.isDone
            }
        }
        if isLast { return output }
    }
}

@Suite struct DeflateTests {
    @Test(arguments: [DeflateWrapping.gzip, .zlib], [Int32(1), 4, 9]) func isReadByInflate(
        _ wrapping: DeflateWrapping, _ level: Int32
    ) throws {
        var stream = try DeflateStream(wrapping, level: level)
        for input in [[], [7], Fixtures.plain, [UInt8](repeating: 0, count: 200_000)] {
            for (piece, room) in [(Int.max, 4096), (1000, 64), (17, 4096), (Int.max, 1)] {
                stream.restart()
                let coded = deflate(input, &stream, pieceBytes: piece, roomBytes: room)
                #expect(try Inflate.auto(coded.span, outputBytesMax: 1 << 20, ratioMax: 2000) == input)
            }
        }
    }

    @Test func givesTheSameBytesAfterARestart() throws {
        var stream = try DeflateStream(.gzip, level: 1)
        let first = deflate(Fixtures.plain, &stream)
        stream.restart()
        // Left in the middle, too.
        var sink: [UInt8] = []
        let plain = Fixtures.plain
        sink.append(addingCapacity: 8) { _ = stream.deflate(plain.span, into: &$0, flush: .finish) }
        stream.restart()
        #expect(deflate(Fixtures.plain, &stream) == first)
    }

    @Test(arguments: [7, 8, 4096]) func letsThePeerReadEverythingUpToAFlush(_ roomBytes: Int) throws {
        var writer = try DeflateStream(.gzip, level: 1)
        var reader = try InflateStream(.gzip)
        for text in ["first", "second", "third"] {
            let input = Array(text.utf8)
            var coded: [UInt8] = []
            var isDone = false
            var rest = input[...]
            while !isDone {
                let piece = Array(rest)
                coded.append(addingCapacity: roomBytes) { target in
                    let step = writer.deflate(piece.span, into: &target, flush: .sync)
                    rest = rest.dropFirst(step.consumed)
                    isDone = step.isDone
                }
            }
            var plain: [UInt8] = []
            plain.append(addingCapacity: 100) { target in
                let step = reader.inflate(coded.span, into: &target, bytesMax: 100)
                #expect(step.consumed == coded.count && step.status == .starved)
            }
            #expect(plain == input)
        }
    }

    @Test func readsABareStream() throws {
        var writer = try DeflateStream(.none, level: 6)
        let coded = deflate(Fixtures.plain, &writer)
        var reader = try InflateStream(.gzip)
        reader.restart(.none)
        var plain: [UInt8] = []
        plain.append(addingCapacity: Fixtures.plain.count + 1) { target in
            let step = reader.inflate(coded.span, into: &target, bytesMax: .max)
            #expect(step.consumed == coded.count && step.status == .ended)
        }
        #expect(plain == Fixtures.plain)
    }

    @Test func takesOtherWindowsAndMemory() throws {
        var stream = try DeflateStream(.zlib, level: 1, windowBits: 9, memoryLevel: 1)
        let coded = deflate(Fixtures.plain, &stream)
        #expect(try Inflate.zlib(coded.span, outputBytesMax: 1 << 20, ratioMax: 1000) == Fixtures.plain)
    }
}
