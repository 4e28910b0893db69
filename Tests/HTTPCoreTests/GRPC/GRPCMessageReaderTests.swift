import HTTPCore
import SeededRandom
import Testing

/// What a reader made of bytes that came in pieces of the given sizes, the last being the rest.
private struct Reading: Equatable {
    var messages: [[UInt8]] = []
    var failure: GRPCStatus?
    var isBetweenMessages = true
    /// How many messages were given without a copy.
    var borrowedCount = 0

    init(_ bytes: [UInt8], pieces: [Int], encoding: GRPCEncoding = .identity, bytesMax: Int = 1 << 20) {
        var reader = GRPCMessageReader(encoding: encoding, bytesMax: bytesMax)
        var start = 0
        for size in pieces + [bytes.count] {
            let piece = Array(bytes[start..<min(bytes.count, start + size)])
            start += piece.count
            var position = 0
            feeding: while failure == nil {
                switch reader.step(piece.span, at: &position) {
                case .needInput:
                    #expect(position == piece.count)
                    break feeding
                case .message(let range):
                    messages.append(Array(piece[range]))
                    borrowedCount += 1
                case .gathered:
                    let message = reader.takeGathered()
                    messages.append(message)
                    reader.recycle(message)
                case .failed(let status): failure = status
                }
            }
            #expect(reader.gatheredCount <= bytesMax)
        }
        isBetweenMessages = reader.isBetweenMessages
    }

    static func == (left: Reading, right: Reading) -> Bool {
        left.messages == right.messages && left.failure == right.failure
            && left.isBetweenMessages == right.isBetweenMessages
    }
}

/// `zlib.compress(b"x" * 1000)` and `gzip.compress(b"x" * 1000, mtime=0)` of Python.
private enum Compressed {
    static let plain = [UInt8](repeating: 0x78, count: 1000)
    static let zlib: [UInt8] = [
        120, 156, 171, 168, 24, 5, 163, 96, 20, 12, 119, 0, 0, 170, 244, 212, 208,
    ]
    static let gzip: [UInt8] = [
        31, 139, 8, 0, 0, 0, 0, 0, 2, 3, 171, 168, 24, 5, 163, 96, 20, 12, 119, 0, 0, 230, 201, 65, 59, 232, 3, 0, 0,
    ]
    /// `gzip.compress(bytes(8 << 20), mtime=0)`, told by its runs.
    static let bomb: [UInt8] =
        [31, 139, 8, 0, 0, 0, 0, 0, 2, 3, 236, 193, 1, 1, 0, 0, 0, 128, 144, 254, 175, 238, 8, 10]
        + [UInt8](repeating: 0, count: 4094)
        + [128, 219, 131, 3, 2, 0, 0, 0, 0, 33, 255, 95, 55, 36]
        + [UInt8](repeating: 0, count: 4033)
        + [156, 5, 69, 188, 210, 26, 0, 0, 128, 0]
}

@Suite struct GRPCMessageReaderTests {
    private static let three = framed("") + framed("a") + framed([UInt8](repeating: 7, count: 300)) + framed("end")

    @Test func givesWholeMessagesWithoutACopy() {
        let reading = Reading(Self.three, pieces: [])
        #expect(reading.messages == [[], [0x61], [UInt8](repeating: 7, count: 300), Array("end".utf8)])
        #expect(reading.borrowedCount == 4)
        #expect(reading.isBetweenMessages)
        #expect(reading.failure == nil)
    }

    @Test func readsTheSameByteByByteAndAtEverySplit() {
        let whole = Reading(Self.three, pieces: [])
        #expect(Reading(Self.three, pieces: [Int](repeating: 1, count: Self.three.count)) == whole)
        for split in 0...Self.three.count { #expect(Reading(Self.three, pieces: [split]) == whole, "\(split)") }
        for first in stride(from: 0, to: 20, by: 1) {
            for second in stride(from: 0, to: 320, by: 7) {
                #expect(Reading(Self.three, pieces: [first, second]) == whole, "\(first) \(second)")
            }
        }
    }

    @Test func knowsWhenItIsBetweenMessages() {
        let message = framed("abc")
        for count in 1..<message.count {
            #expect(!Reading(Array(message[..<count]), pieces: []).isBetweenMessages, "\(count)")
            #expect(!Reading(Array(message[..<count]), pieces: [1, 1]).isBetweenMessages, "\(count)")
        }
        #expect(Reading([], pieces: []).isBetweenMessages)
    }

    @Test(arguments: [0, 1, 3, 5, 6])
    func refusesALongerMessageByItsPrefixAlone(split: Int) {
        let bytes = framed([UInt8](repeating: 0, count: 101))
        let fits = Reading(bytes, pieces: [split], bytesMax: 101)
        #expect(fits.messages.count == 1)
        let reading = Reading(Array(bytes.prefix(6)), pieces: [split], bytesMax: 100)
        #expect(reading.failure == GRPCStatus(.resourceExhausted, "a message has 101 bytes, at most 100 are taken"))
    }

    @Test func reservesNothingForALengthAlone() {
        var reader = GRPCMessageReader(bytesMax: Int(UInt32.max))
        var position = 0
        let bytes: [UInt8] = [0, 0xFF, 0xFF, 0xFF, 0xFF, 1, 2, 3]
        #expect(reader.step(bytes.span, at: &position) == .needInput)
        #expect(reader.takeGathered().capacity < 1024)
    }

    @Test(arguments: [2, 3, 0x7F, 0x80, 0xFF] as [UInt8])
    func refusesAFlagThatIsNoFlag(flag: UInt8) {
        for split in 0..<5 {
            let failure = Reading(framed([1], flag: flag), pieces: [split], encoding: .gzip).failure
            #expect(failure?.code == .internal)
        }
    }

    @Test func refusesACompressedMessageOfACallWithoutEncoding() {
        #expect(Reading(framed(Compressed.gzip, flag: 1), pieces: []).failure?.code == .internal)
    }

    @Test func decompressesEachMessageByItself() {
        let bytes = framed(Compressed.gzip, flag: 1) + framed("plain") + framed(Compressed.gzip, flag: 1)
        let whole = Reading(bytes, pieces: [], encoding: .gzip)
        #expect(whole.messages == [Compressed.plain, Array("plain".utf8), Compressed.plain])
        for split in 0...bytes.count { #expect(Reading(bytes, pieces: [split], encoding: .gzip) == whole) }
        #expect(Reading(bytes, pieces: [Int](repeating: 1, count: bytes.count), encoding: .gzip) == whole)
        #expect(
            Reading(framed(Compressed.zlib, flag: 1), pieces: [], encoding: .deflate).messages == [Compressed.plain])
    }

    @Test func refusesCompressedBytesOfAnotherKindOrCutOrLonger() {
        for (bytes, encoding) in [
            (Compressed.zlib, GRPCEncoding.gzip), (Compressed.gzip, .deflate), ([], .gzip), ([1, 2, 3], .gzip),
            (Array(Compressed.gzip.dropLast()), .gzip), (Compressed.gzip + [9], .gzip),
        ] {
            for split in [0, 5, 7] {
                let reading = Reading(framed(bytes, flag: 1), pieces: [split], encoding: encoding)
                #expect(reading.failure?.code == .internal)
                #expect(reading.messages.isEmpty)
            }
        }
    }

    @Test func refusesABombByItsSizeOrItsRatio() {
        let bytes = framed(Compressed.bomb, flag: 1)
        #expect(bytes.count < 16 << 10)
        for split in [0, 5, 1000] {
            let bySize = Reading(bytes, pieces: [split], encoding: .gzip, bytesMax: 100_000)
            #expect(bySize.failure?.code == .resourceExhausted)
            let byRatio = Reading(bytes, pieces: [split], encoding: .gzip, bytesMax: 64 << 20)
            #expect(byRatio.failure?.code == .resourceExhausted)
            #expect(byRatio.failure?.message.contains("\(GRPCMessageReader.ratioMax) times") == true)
        }
    }

    @Test func readsAnyBytesTheSameHoweverTheyAreCut() {
        var generator = SeededGenerator(seed: 5)
        for _ in 0..<500 {
            var bytes: [UInt8] = []
            for _ in 0..<Int.random(in: 0...5, using: &generator) {
                let flag: UInt8 = Int.random(in: 0...9, using: &generator) == 0 ? 1 : 0
                let body = (0..<Int.random(in: 0...40, using: &generator)).map { UInt8($0) }
                bytes += framed(body, flag: flag)
            }
            if Bool.random(using: &generator), !bytes.isEmpty { bytes.removeLast() }
            let pieces = (0..<6).map { _ in Int.random(in: 0...30, using: &generator) }
            #expect(Reading(bytes, pieces: pieces, encoding: .gzip) == Reading(bytes, pieces: [], encoding: .gzip))
        }
    }
}
