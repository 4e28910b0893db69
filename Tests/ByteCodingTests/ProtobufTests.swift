import ByteCoding
import SeededRandom
import Testing

/// All fields of a message as text, groups and nested bytes skipped.
private func fields(_ bytes: [UInt8]) throws(ProtobufError) -> [String] {
    var reader = ProtobufReader(bytes.span)
    var found: [String] = []
    while let field = try reader.nextField() {
        let start = reader.offset
        try reader.skip(field)
        found.append("\(field.number):\(field.wireType.rawValue):\(reader.offset - start)")
    }
    return found
}

private func failure(of bytes: [UInt8]) -> ProtobufError? {
    do throws(ProtobufError) {
        _ = try fields(bytes)
        return nil
    } catch {
        return error
    }
}

private func varint(_ bytes: [UInt8]) throws(ProtobufError) -> UInt64 {
    var reader = ProtobufReader(bytes.span)
    let value = try reader.readVarint()
    let isAtEnd = reader.isAtEnd
    #expect(isAtEnd)
    return value
}

/// A message of one repeated `float`.
private func readFloats(_ bytes: [UInt8]) throws(ProtobufError) -> [Float] {
    var reader = ProtobufReader(bytes.span)
    var values: [Float] = []
    while let field = try reader.nextField() {
        var elements = try reader.elements(of: field, .fixed32)
        while !elements.isAtEnd { values.append(try elements.readFloat()) }
    }
    return values
}

/// A message of one `string`.
private func readText(_ bytes: [UInt8]) throws(ProtobufError) -> String {
    var reader = ProtobufReader(bytes.span)
    var text = ""
    while let field = try reader.nextField() { text = try reader.string(field) }
    return text
}

@Suite struct ProtobufTests {
    // MARK: Reading

    @Test(
        arguments: [
            ([0x00], 0), ([0x01], 1), ([0x7F], 127), ([0x80, 0x01], 128), ([0x96, 0x01], 150), ([0xAC, 0x02], 300),
            // Longer than it had to be: legal.
            ([0x81, 0x00], 1), ([0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x00], 0),
            ([0xFF, 0xFF, 0xFF, 0xFF, 0x0F], UInt64(UInt32.max)),
            ([0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x01], UInt64.max),
        ] as [([UInt8], UInt64)])
    func readsVarints(bytes: [UInt8], value: UInt64) throws {
        #expect(try varint(bytes) == value)
    }

    @Test(
        arguments: [
            [0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x02],
            [0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x80, 0x00],
            [0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x01],
        ] as [[UInt8]])
    func refusesAVarintOfMoreThan64Bits(bytes: [UInt8]) {
        #expect(throws: ProtobufError(offset: 0, reason: .varintTooLong)) { try varint(bytes) }
    }

    @Test func refusesAVarintCutAnywhere() {
        let whole: [UInt8] = [0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x01]
        for length in 0..<whole.count {
            #expect(throws: ProtobufError(offset: length, reason: .truncated)) { try varint(Array(whole[..<length])) }
        }
    }

    @Test func readsEveryKindOfValue() throws {
        var writer = ProtobufWriter()
        writer.uint64(1, .max)
        writer.int64(2, -5)
        writer.int64(3, -1)
        writer.bool(4, true)
        writer.float(5, 1.5)
        writer.double(6, -0.1)
        writer.string(7, "zwölf")
        writer.bytes(536_870_911, ([0, 255] as [UInt8]).span)
        let bytes = writer.take()
        var reader = ProtobufReader(bytes.span)
        var seen = 0
        while let field = try reader.nextField() {
            seen += 1
            switch field.number {
            case 1: #expect(try reader.uint64(field) == .max)
            case 2: #expect(try reader.int64(field) == -5)
            case 3: #expect(try reader.int32(field) == -1)
            case 4: #expect(try reader.bool(field))
            case 5: #expect(try reader.float(field) == 1.5)
            case 6: #expect(try reader.double(field) == -0.1)
            case 7: #expect(try reader.string(field) == "zwölf")
            default:
                #expect(field.number == ProtobufField.numberMax)
                let value = try reader.bytes(field)
                #expect(value.count == 2 && value[1] == 255)
            }
        }
        #expect(seen == 8)
    }

    @Test func readsMessagesInMessagesWithOffsetsOfTheOutermost() throws {
        var writer = ProtobufWriter()
        writer.string(1, "outer")
        let part = writer.beginMessage(2)
        writer.uint64(1, 300)
        let inner = writer.beginMessage(2)
        writer.string(1, "inner")
        writer.endMessage(inner)
        writer.endMessage(part)
        let bytes = writer.take()
        var reader = ProtobufReader(bytes.span)
        let outer = try #require(try reader.nextField())
        try reader.skip(outer)
        let second = try #require(try reader.nextField())
        var message = try reader.message(second)
        let isAtEnd = reader.isAtEnd
        #expect(isAtEnd)
        let first = try #require(try message.nextField())
        #expect(first.offset == 9)
        #expect(try message.uint64(first) == 300)
        let third = try #require(try message.nextField())
        var innermost = try message.message(third)
        let name = try #require(try innermost.nextField())
        #expect(try innermost.string(name) == "inner")
        #expect(try innermost.nextField() == nil)
        #expect(try message.nextField() == nil)
    }

    @Test(
        arguments: [
            // Packed in two pieces with single ones between: all in order.
            [0x1A, 0x03, 0x01, 0x96, 0x01, 0x18, 0x07, 0x1A, 0x00, 0x1A, 0x01, 0x09],
            [0x18, 0x01, 0x18, 0x96, 0x01, 0x18, 0x07, 0x18, 0x09],
        ] as [[UInt8]])
    func readsRepeatedNumbersPackedOrNot(bytes: [UInt8]) throws {
        var reader = ProtobufReader(bytes.span)
        var values: [Int64] = []
        while let field = try reader.nextField() {
            var elements = try reader.elements(of: field, .varint)
            while !elements.isAtEnd { values.append(try elements.readInt64()) }
        }
        #expect(values == [1, 150, 7, 9])
    }

    @Test func refusesPackedNumbersOfAWrongLength() throws {
        let bytes: [UInt8] = [0x0A, 0x05, 0, 0, 0, 0, 0]
        #expect(throws: ProtobufError(offset: 6, reason: .truncated)) { try readFloats(bytes) }
        #expect(try readFloats([0x0A, 0x04, 0, 0, 0, 0]) == [0])
    }

    @Test(
        arguments: [
            // Number 0, of each layout; a tag of 33 bits; layouts 6 and 7.
            ([0x00, 0x00], 0, .badFieldNumber), ([0x02, 0x00], 0, .badFieldNumber), ([0x05], 0, .badFieldNumber),
            ([0x80, 0x80, 0x80, 0x80, 0x10, 0x00], 0, .badFieldNumber),
            ([0x0E], 0, .badWireType(6)), ([0x08, 0x01, 0x0F], 2, .badWireType(7)),
            // Lengths beyond the end, one of them over any signed integer.
            ([0x0A, 0x01], 1, .truncated), ([0x0A, 0x7F, 0x00], 1, .truncated),
            ([0x0A, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x01, 0x00], 1, .truncated),
            ([0x08], 1, .truncated), ([0x0D, 1, 2, 3], 1, .truncated), ([0x09, 1, 2, 3, 4, 5, 6, 7], 1, .truncated),
            ([0x88], 1, .truncated),
            ([0x08, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x7F], 1, .varintTooLong),
            // Groups: an end without a start, of another number, none at all.
            ([0x0C], 0, .unmatchedGroupEnd), ([0x0B, 0x14], 1, .unmatchedGroupEnd), ([0x0B], 1, .truncated),
            ([0x0B, 0x08, 0x01], 3, .truncated), ([0x0B, 0x13, 0x0C], 2, .unmatchedGroupEnd),
        ] as [([UInt8], Int, ProtobufError.Reason)])
    func refuses(bytes: [UInt8], offset: Int, reason: ProtobufError.Reason) {
        #expect(failure(of: bytes) == ProtobufError(offset: offset, reason: reason))
    }

    @Test func refusesAnotherLayoutThanTheSchemas() {
        let number: [UInt8] = [0x08, 0x01]
        #expect(throws: wrong(.varint, expected: .bytes)) { try readText(number) }
        #expect(throws: wrong(.varint, expected: .fixed32)) { try readFloats(number) }
        #expect(throws: wrong(.fixed64, expected: .bytes)) { try readText([0x09, 0, 0, 0, 0, 0, 0, 0, 0]) }
        #expect(throws: wrong(.fixed64, expected: .fixed32)) { try readFloats([0x09, 0, 0, 0, 0, 0, 0, 0, 0]) }
        #expect(throws: wrong(.groupStart, expected: .fixed32)) { try readFloats([0x0B, 0x0C]) }
    }

    private func wrong(_ found: ProtobufWireType, expected: ProtobufWireType) -> ProtobufError {
        ProtobufError(offset: 0, reason: .wrongWireType(field: 1, found: found, expected: expected))
    }

    @Test func refusesAStringThatIsNotUTF8() {
        #expect(throws: ProtobufError(offset: 2, reason: .invalidUTF8)) { try readText([0x0A, 0x02, 0xC3, 0x28]) }
    }

    @Test func skipsGroupsToTheirEndsWithinABound() throws {
        #expect(try fields([0x0B, 0x10, 0x05, 0x1A, 0x01, 0x0C, 0x23, 0x24, 0x0C, 0x08, 0x01]) == ["1:3:8", "1:0:1"])
        let depth = ProtobufReader.groupDepthMax
        let nested = [UInt8](repeating: 0x0B, count: depth) + [UInt8](repeating: 0x0C, count: depth)
        #expect(try fields(nested).count == 1)
        let deeper = [0x0B] + nested + [0x0C]
        #expect(failure(of: deeper)?.reason == .groupsTooDeep(depthMax: depth))
        #expect(failure(of: [UInt8](repeating: 0x0B, count: 1 << 20))?.reason == .groupsTooDeep(depthMax: depth))
    }

    @Test func readsAnyBytesToAnEndOrAnError() {
        var generator = SeededGenerator(seed: 17)
        for _ in 0..<20_000 {
            let count = Int.random(in: 0...40, using: &generator)
            // Small numbers make tags that go on more often.
            let bytes = (0..<count).map { _ in
                UInt8.random(in: Bool.random(using: &generator) ? 0...0x1F : 0...255, using: &generator)
            }
            if let error = failure(of: bytes) { #expect((0...count).contains(error.offset), "\(bytes)") }
        }
    }

    @Test func everyCutOfAMessageIsRefusedOrShorter() throws {
        var writer = ProtobufWriter()
        for number in 1...20 {
            writer.uint64(UInt32(number), UInt64(1) << UInt64(number * 3))
            writer.string(UInt32(number), String(repeating: "x", count: number))
            writer.double(UInt32(number), Double(number))
        }
        let whole = writer.take()
        let all = try fields(whole)
        #expect(all.count == 60)
        for length in 0..<whole.count {
            let bytes = Array(whole[..<length])
            if let error = failure(of: bytes) {
                #expect(error.reason == .truncated)
            } else {
                #expect(try fields(bytes) == Array(all.prefix(fields(bytes).count)))
            }
        }
    }

    // MARK: Writing

    @Test func writesTheExamplesOfTheSpecification() {
        var writer = ProtobufWriter()
        writer.uint64(1, 150)
        #expect(writer.take() == [0x08, 0x96, 0x01])
        writer.string(2, "testing")
        #expect(writer.take() == [0x12, 0x07, 0x74, 0x65, 0x73, 0x74, 0x69, 0x6E, 0x67])
        let mark = writer.beginMessage(3)
        writer.uint64(1, 150)
        writer.endMessage(mark)
        #expect(writer.take() == [0x1A, 0x03, 0x08, 0x96, 0x01])
        writer.packed(6, ([3, 270, 86942] as [Int64]).span)
        #expect(writer.take() == [0x32, 0x06, 0x03, 0x8E, 0x02, 0x9E, 0xA7, 0x05])
        writer.int64(1, -2)
        #expect(writer.take() == [0x08, 0xFE, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x01])
    }

    @Test(arguments: [0, 1, 126, 127, 128, 129, 16_383, 16_384, 300_000])
    func writesMessagesOfEachLength(length: Int) throws {
        let text = String(repeating: "y", count: length)
        var writer = ProtobufWriter()
        let outer = writer.beginMessage(1)
        let inner = writer.beginMessage(2)
        writer.string(3, text)
        writer.endMessage(inner)
        writer.bool(4, true)
        writer.endMessage(outer)
        let bytes = writer.take()
        var reader = ProtobufReader(bytes.span)
        let first = try #require(try reader.nextField())
        var message = try reader.message(first)
        let second = try #require(try message.nextField())
        var part = try message.message(second)
        let third = try #require(try part.nextField())
        #expect(try part.string(third) == text)
        let fourth = try #require(try message.nextField())
        #expect(try message.bool(fourth))
        let isAtEnd = reader.isAtEnd
        #expect(isAtEnd)
    }

    @Test func packsFloatsAndDoubles() throws {
        var writer = ProtobufWriter()
        writer.packed(1, ([1, -2.5, .infinity] as [Float]).span)
        writer.packed(2, ([0.1, .pi] as [Double]).span)
        let bytes = writer.take()
        var reader = ProtobufReader(bytes.span)
        let first = try #require(try reader.nextField())
        var floats = try reader.elements(of: first, .fixed32)
        #expect(floats.count == 12)
        #expect(try [floats.readFloat(), floats.readFloat(), floats.readFloat()] == [1, -2.5, .infinity])
        let second = try #require(try reader.nextField())
        var doubles = try reader.elements(of: second, .fixed64)
        #expect(try [doubles.readDouble(), doubles.readDouble()] == [0.1, .pi])
        #expect([doubles.isAtEnd, reader.isAtEnd] == [true, true])
    }

    @Test func beginsAnewAfterAReset() {
        var writer = ProtobufWriter(capacity: 16)
        writer.bool(1, true)
        writer.reset()
        #expect(writer.bytes.isEmpty)
    }
}
