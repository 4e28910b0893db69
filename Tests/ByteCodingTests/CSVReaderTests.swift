import SeededRandom
import Testing

@testable import ByteCoding

/// A cell as a test looks at it: its text, or what is wrong with it.
private enum Cell: Equatable {
    case text(String)
    case fault(CSVError.Reason)
}

private func records(_ bytes: [UInt8]) throws(CSVError) -> [[Cell]] {
    var reader = CSVReader(bytes.span)
    var records: [[Cell]] = []
    while reader.nextRecord() {
        var cells: [Cell] = []
        while let cell = try reader.nextCell() {
            var content: [UInt8] = []
            reader.append(cell, to: &content)
            let text = String(decoding: content, as: UTF8.self)
            if !cell.hasDoubledQuotes {
                let span = reader.bytes(of: cell)
                var plain: [UInt8] = []
                for index in span.indices { plain.append(span[index]) }
                #expect(plain == content)
            }
            cells.append(cell.fault.map { .fault($0.reason) } ?? .text(text))
        }
        records.append(cells)
    }
    return records
}

private func texts(_ text: String) throws -> [[String]] {
    try records(Array(text.utf8)).map { $0.map { if case .text(let text) = $0 { text } else { "?" } } }
}

/// The plain reading: one byte at a time, with every state written out. nil: a quote is left open.
private func reference(_ bytes: [UInt8]) -> [[Cell]]? {
    enum State { case lineStart, cellStart, plain, quoted, quoteInQuoted, behind }
    let quote = UInt8(ascii: "\"")
    let comma = UInt8(ascii: ",")
    let feed = UInt8(ascii: "\n")
    let back = UInt8(ascii: "\r")
    var records: [[Cell]] = []
    var cells: [Cell] = []
    var content: [UInt8] = []
    var fault: CSVError.Reason?
    var state = State.lineStart
    func ended() -> Cell {
        if String(validating: content, as: UTF8.self) == nil { return .fault(.invalidUTF8) }
        return fault.map { .fault($0) } ?? .text(String(decoding: content, as: UTF8.self))
    }
    func endCell() {
        cells.append(ended())
        content = []
        fault = nil
        state = .cellStart
    }
    func endLine() {
        endCell()
        records.append(cells)
        cells = []
        state = .lineStart
    }
    for byte in bytes {
        let isEnd = byte == feed || byte == back
        switch state {
        case .lineStart where isEnd: break
        case .lineStart, .cellStart:
            if byte == quote {
                state = .quoted
            } else if byte == comma {
                endCell()
            } else if isEnd {
                endLine()
            } else {
                content.append(byte)
                state = .plain
            }
        case .plain:
            if byte == comma {
                endCell()
            } else if isEnd {
                endLine()
            } else {
                if byte == quote { fault = .quoteInside }
                content.append(byte)
            }
        case .quoted:
            if byte == quote { state = .quoteInQuoted } else { content.append(byte) }
        case .quoteInQuoted:
            if byte == quote {
                content.append(byte)
                state = .quoted
            } else if byte == comma {
                endCell()
            } else if isEnd {
                endLine()
            } else {
                fault = .textBehindQuote
                state = .behind
            }
        case .behind:
            if byte == comma { endCell() } else if isEnd { endLine() }
        }
    }
    switch state {
    case .quoted: return nil
    case .lineStart: break
    default: endLine()
    }
    return records
}

@Suite struct CSVReaderTests {
    @Test(arguments: [
        ("", []),
        ("a,b\n1,2\n", [["a", "b"], ["1", "2"]]),
        ("a,b\r\n1,2", [["a", "b"], ["1", "2"]]),
        ("a,b\r1,2\r", [["a", "b"], ["1", "2"]]),
        ("\n\r\n\na\n\n\nb\n\n", [["a"], ["b"]]),
        ("\"\"\n", [[""]]),
        (",\n,,\n", [["", ""], ["", "", ""]]),
        ("\"a, \"\"b\"\"\",\"line\r\nbreak\"\n", [["a, \"b\"", "line\r\nbreak"]]),
        ("\u{feff}a\n", [["a"]]),
        (" a ,\tb\n", [[" a ", "\tb"]]),
        ("a\0b\n", [["a\0b"]]),
        ("süd,\"日本\"\n", [["süd", "日本"]]),
    ])
    func readsTheCellsOfEachLine(text: String, expected: [[String]]) throws {
        #expect(try texts(text) == expected)
    }

    @Test(arguments: [
        (Array("a\"b,c\n".utf8), CSVError.Reason.quoteInside),
        (Array("\"a\"b,c\n".utf8), .textBehindQuote),
        ([0x61, 0xFF, 0x2C, 0x63, 0x0A], .invalidUTF8),
        ([0x22, 0xC3, 0x22, 0x2C, 0x63, 0x0A], .invalidUTF8),
    ])
    func goesOnBehindABadCell(bytes: [UInt8], reason: CSVError.Reason) throws {
        #expect(try records(bytes + Array("d,e".utf8)) == [[.fault(reason), .text("c")], [.text("d"), .text("e")]])
    }

    @Test(arguments: ["\"", "a,\"b", "a\n\"b\nc\n", "\"a\"\"", "\"a\"\",b\n"])
    func refusesAnOpenQuote(text: String) {
        let bytes = Array(text.utf8)
        var reader = CSVReader(bytes.span)
        var errors: [CSVError] = []
        while errors.count < 3, !errors.isEmpty || reader.nextRecord() {
            do throws(CSVError) {
                try reader.skipRecord()
            } catch {
                errors.append(error)
            }
        }
        // Nobody can go on behind it: it is told again and again.
        #expect(errors.map(\.reason) == [.unterminatedQuote, .unterminatedQuote, .unterminatedQuote])
        #expect(Set(errors.map(\.line)).count == 1)
    }

    @Test func countsLinesInQuotesToo() throws {
        let bytes = Array("a,b\r\n\n\"1\n2\r3\",x\r\nlast,1\n".utf8)
        var reader = CSVReader(bytes.span)
        var lines: [Int] = []
        while reader.nextRecord() {
            lines.append(reader.recordLine)
            try reader.skipRecord()
        }
        #expect(lines == [1, 3, 6])
    }

    @Test func boundsACell() throws {
        let bytes = Array("12345,123456\n".utf8)
        var reader = CSVReader(bytes.span, cellBytesMax: 5)
        let entered = reader.nextRecord()
        #expect(entered)
        let whole = try reader.nextCell()
        let long = try reader.nextCell()
        #expect(whole?.fault == nil)
        #expect(long?.fault?.reason == .cellTooLong(bytesMax: 5))
    }

    @Test(arguments: 0..<40) func readsAsThePlainReadingDoes(seed: Int) throws {
        var generator = SeededGenerator(seed: UInt64(seed))
        let alphabet: [[UInt8]] =
            ["a", "7", ",", ",", "\"", "\"\"", "\n", "\r", "\r\n", " ", "é", "\0"].map {
                Array($0.utf8)
            } + [[0xFF], [0xC3]]
        for _ in 0..<400 {
            var bytes: [UInt8] = []
            for _ in 0..<Int.random(in: 0...24, using: &generator) {
                bytes += alphabet.randomElement(using: &generator) ?? []
            }
            // Each of its beginnings, too: the text may end anywhere.
            for end in 0...bytes.count {
                let part = Array(bytes[..<end])
                let read = try? records(part)
                #expect(read == reference(part), "seed \(seed): \(part)")
            }
        }
    }

    // MARK: Numbers

    @Test(
        arguments: [
            ("1", 1), ("-0.5", -0.5), ("+1", 1), (".5", 0.5), ("1.", 1), ("007", 7), (" 1.5\t", 1.5), ("1e3", 1000),
            ("0.1", 0.1), ("9007199254740993", 9007199254740992), ("1e400", Double.infinity), ("-1E-400", -0.0),
            ("123456789012345678901234567890", 1.2345678901234568e29),
        ] as [(String, Double)])
    func readsNumbersAsSpreadsheetsWriteThem(text: String, expected: Double) {
        let bytes = Array(text.utf8)
        #expect(CSVNumber.double(bytes.span)?.bitPattern == expected.bitPattern)
    }

    @Test(arguments: ["", " ", "a", "1 2", "1,5", "0x10", "nan", "inf", "--1", "1e", ".", "1_000", "1\0"])
    func takesNothingElseForANumber(text: String) {
        let bytes = Array(text.utf8)
        #expect(CSVNumber.double(bytes.span) == nil)
        #expect(CSVNumber.int64(bytes.span) == nil)
    }

    @Test func boundsTheTextOfANumber() {
        let text = Array(String(repeating: "1", count: 2048).utf8)
        #expect(CSVNumber.double(text.span) != nil)
        #expect(CSVNumber.double((text + [0x31]).span) == nil)
    }

    @Test(
        arguments: [
            ("3", 3), ("-9223372036854775808", .min), ("9223372036854775807", .max), ("3.0", 3), ("+3", 3),
            ("1e3", 1000),
            ("9007199254740993", 9_007_199_254_740_993), ("9223372036854775808", nil), ("3.5", nil),
            ("9007199254740993.00", 9_007_199_254_740_993), ("1e400", nil), ("3.", 3), (".0", nil), ("-0.0", 0),
            ("4503599627370497.2", nil), ("2000.00000000000000000001", nil), ("9007199254740993e0", nil),
            ("1.0.0", nil),
        ] as [(String, Int64?)])
    func readsExactIntegers(text: String, expected: Int64?) {
        let bytes = Array(text.utf8)
        #expect(CSVNumber.int64(bytes.span) == expected)
    }

    @Test(arguments: 0..<20) func readsARowOfNumbersAsCellByCell(seed: Int) throws {
        var generator = SeededGenerator(seed: UInt64(seed))
        let cells = ["1", "-2.5", "1e5", "", "x", "\"3\"", "007", "1e999", " 4", "0.30000000000000004"]
        for _ in 0..<200 {
            let row = (0..<6).map { _ in cells.randomElement(using: &generator) ?? "" }
            let bytes = Array((row.joined(separator: ",") + "\r\n").utf8)
            var reader = CSVReader(bytes.span)
            let entered = reader.nextRecord()
            #expect(entered)
            var bits = [UInt64](repeating: 0, count: 6)
            var target = bits.mutableSpan
            let count = reader.readDoubles(bits: &target, at: 0..<6)
            for place in 0..<count { #expect(Double(bitPattern: bits[place]) == Double(row[place]), "seed \(seed)") }
            var rest = 0
            while try reader.nextCell() != nil { rest += 1 }
            #expect(count + rest == 6, "seed \(seed): \(row)")
        }
    }

    // MARK: Writing

    @Test(arguments: [
        ("plain", "plain"), ("", "\"\""), ("a,b", "\"a,b\""), ("say \"no\"", "\"say \"\"no\"\"\""),
        ("two\nlines", "\"two\nlines\""), ("\r", "\"\r\""),
        ("\u{feff}x", "\"\u{feff}x\""), ("=1+1", "=1+1"), (" blank ", " blank "),
    ])
    func quotesWhereItMust(text: String, expected: String) throws {
        var writer = CSVWriter()
        writer.text(text)
        writer.number(1.0)
        writer.number(Double.nan)
        writer.number(Float(0.1))
        writer.number(Int64(-3))
        writer.empty()
        writer.endLine()
        let bytes = writer.take()
        #expect(String(decoding: bytes, as: UTF8.self) == expected + ",1.0,,0.1,-3,\n")
        #expect(try records(bytes) == [[text, "1.0", "", "0.1", "-3", ""].map { .text($0) }])
    }

    /// Readers pass over empty lines: the rows behind would be others'.
    @Test func aLineOfOneCellWithoutAValueIsNotEmpty() throws {
        var writer = CSVWriter(Array("x\n".utf8))
        writer.number(Double.nan)
        writer.endLine()
        writer.empty()
        writer.endLine()
        writer.number(2.0)
        writer.endLine()
        let bytes = writer.take()
        #expect(String(decoding: bytes, as: UTF8.self) == "x\n\"\"\n\"\"\n2.0\n")
        #expect(try records(bytes).count == 4)
    }
}
