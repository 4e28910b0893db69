internal import ModelIR

/// Reading of operands.
extension PickleMachine {
    /// The next `count` bytes.
    mutating func take(_ count: Int) throws(ImportError) -> Range<Int> {
        guard count >= 0 else { throw malformed("\(count) bytes", expected: "a length that is not negative") }
        guard count <= document.bytes.count - position else { throw truncated("\(count) more bytes") }
        defer { position += count }
        return position..<position + count
    }

    mutating func takeSlice(_ count: Int, _ coding: PickleSlice.Coding) throws(ImportError) -> PickleSlice {
        PickleSlice(try take(count), coding)
    }

    /// A little-endian unsigned integer of at most 8 bytes. One beyond `Int` cannot be a length that the file holds.
    mutating func takeInteger(bytes count: Int) throws(ImportError) -> Int {
        var value: UInt64 = 0
        let range = try take(count)
        for index in range { value |= UInt64(document.bytes[index]) << UInt64((index - range.lowerBound) * 8) }
        guard let result = Int(exactly: value) else { throw truncated("\(value) more bytes") }
        return result
    }

    /// A little-endian integer in two's complement of `count` bytes.
    mutating func takeLong(_ count: Int) throws(ImportError) -> PickleValue {
        let range = try take(count)
        guard count > 0 else { return .integer(0) }
        let isNegative = document.bytes[range.upperBound - 1] >= 0x80
        let filler: UInt8 = isNegative ? 0xff : 0
        // Bytes beyond the eighth must repeat the sign for the value to fit.
        var value: UInt64 = isNegative ? .max : 0
        for index in range {
            let place = index - range.lowerBound
            let byte = document.bytes[index]
            if place < 8 {
                value = value & ~(0xff << UInt64(place * 8)) | UInt64(byte) << UInt64(place * 8)
            } else if byte != filler {
                return .bigInteger(PickleSlice(range, .latin1))
            }
        }
        let result = Int64(bitPattern: value)
        guard (result < 0) == isNegative else { return .bigInteger(PickleSlice(range, .latin1)) }
        return .integer(result)
    }

    mutating func takeBigEndianDouble() throws(ImportError) -> Double {
        var pattern: UInt64 = 0
        for index in try take(8) { pattern = pattern << 8 | UInt64(document.bytes[index]) }
        return Double(bitPattern: pattern)
    }

    /// The bytes up to the next line feed, which is taken too.
    mutating func takeLine() throws(ImportError) -> Range<Int> {
        var end = position
        while end < document.bytes.count {
            if document.bytes[end] == UInt8(ascii: "\n") {
                defer { position = end + 1 }
                return position..<end
            }
            end += 1
        }
        throw truncated("a line feed")
    }

    /// A short line as text.
    private mutating func takeNumberLine() throws(ImportError) -> Substring {
        let range = try takeLine()
        guard range.count <= document.limits.numberBytesMax else {
            throw limit(
                "a number of \(range.count) characters", expected: "at most \(document.limits.numberBytesMax)")
        }
        var text = ""
        for index in range { text.unicodeScalars.append(Unicode.Scalar(document.bytes[index])) }
        var line = text[...]
        while line.last == "\r" || line.last == " " { line = line.dropLast() }
        return line
    }

    /// The operand of INT and LONG. INT writes false and true as 00 and 01; LONG has an L at its end.
    mutating func takeIntegerLine(hasBooleans: Bool) throws(ImportError) -> PickleValue {
        let start = position
        var line = try takeNumberLine()
        if hasBooleans, line == "00" || line == "01" { return .boolean(line == "01") }
        if line.last == "L" { line = line.dropLast() }
        if let value = Int64(line) { return .integer(value) }
        let digits = line.first == "-" || line.first == "+" ? line.dropFirst() : line
        guard !digits.isEmpty, digits.utf8.allSatisfy({ $0 >= 0x30 && $0 <= 0x39 }) else {
            throw malformed("\"\(line.prefix(40))\"", expected: "an integer")
        }
        return .bigInteger(PickleSlice(start..<position - 1, .latin1))
    }

    mutating func takeFloatLine() throws(ImportError) -> Double {
        let line = try takeNumberLine()
        guard let value = Double(line) else { throw malformed("\"\(line.prefix(40))\"", expected: "a number") }
        return value
    }

    mutating func takeMemoLine() throws(ImportError) -> Int {
        let line = try takeNumberLine()
        guard let index = Int(line), index >= 0 else {
            throw malformed("\"\(line.prefix(40))\"", expected: "a memo index")
        }
        return index
    }

    /// The operand of STRING: a Python literal in quotes.
    mutating func takeQuotedLine() throws(ImportError) -> PickleSlice {
        var range = try takeLine()
        while let last = range.last, document.bytes[last] == 0x20 || document.bytes[last] == 0x0d {
            range = range.dropLast()
        }
        guard range.count >= 2, let last = range.last else {
            throw malformed("no quotes", expected: "a text in quotes")
        }
        let quote = document.bytes[range.lowerBound]
        guard quote == UInt8(ascii: "'") || quote == UInt8(ascii: "\""), document.bytes[last] == quote else {
            throw malformed("no quotes", expected: "a text in quotes")
        }
        return PickleSlice(range.dropFirst().dropLast(), .stringEscape)
    }

    mutating func takeGlobalLines() throws(ImportError) -> PickleValue {
        let module = PickleSlice(try takeLine(), .utf8)
        let name = PickleSlice(try takeLine(), .utf8)
        return try makeGlobal(module: module, name: name)
    }
}
