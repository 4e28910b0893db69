internal import ByteCoding
internal import ModelIR

/// Walks the lines of a model text, and reads the words of a line. Total: whatever the bytes are, it reads on or
/// throws.
struct LightGBMText: ~Escapable {
    let bytes: Span<UInt8>
    private var offset = 0
    /// Of the line that was read last, counted from 1.
    private(set) var lineNumber = 0

    @_lifetime(copy bytes)
    init(_ bytes: Span<UInt8>) {
        self.bytes = bytes
    }

    /// The next line without its end, LF or CR LF; nil after the last.
    mutating func nextLine() -> Range<Int>? {
        guard offset < bytes.count else { return nil }
        let start = offset
        var end = start
        while end < bytes.count, bytes[end] != UInt8(ascii: "\n") { end += 1 }
        offset = min(end + 1, bytes.count)
        lineNumber += 1
        if end > start, bytes[end - 1] == UInt8(ascii: "\r") { end -= 1 }
        return start..<end
    }

    /// The key before the first "=", and the value behind it; nil for a line without one.
    func keyAndValue(_ line: Range<Int>) -> (key: Range<Int>, value: Range<Int>)? {
        var index = line.lowerBound
        while index < line.upperBound {
            if bytes[index] == UInt8(ascii: "=") {
                return (line.lowerBound..<index, index + 1..<line.upperBound)
            }
            index += 1
        }
        return nil
    }

    func equals(_ range: Range<Int>, _ text: String) -> Bool {
        range.count == text.utf8.count && hasPrefix(range, text)
    }

    func hasPrefix(_ range: Range<Int>, _ text: String) -> Bool {
        guard range.count >= text.utf8.count else { return false }
        var index = range.lowerBound
        for byte in text.utf8 {
            if bytes[index] != byte { return false }
            index += 1
        }
        return true
    }

    /// The text as it stands; bytes that are no UTF-8 are replaced.
    func string(_ range: Range<Int>) -> String {
        var copy: [UInt8] = []
        copy.reserveCapacity(range.count)
        for index in range { copy.append(bytes[index]) }
        return String(decoding: copy, as: UTF8.self)
    }

    /// For messages: in quotes, cut where it is long.
    func shown(_ range: Range<Int>) -> String {
        range.count <= 60 ? "\"\(string(range))\"" : "\"\(string(range.lowerBound..<range.lowerBound + 50))...\""
    }

    // MARK: Words

    /// The next word from `index` on, which moves behind it.
    func nextWord(_ index: inout Int, end: Int, separator: UInt8 = UInt8(ascii: " ")) -> Range<Int>? {
        while index < end, bytes[index] == separator { index += 1 }
        guard index < end else { return nil }
        let start = index
        while index < end, bytes[index] != separator { index += 1 }
        return start..<index
    }

    /// A whole number; nil if the word is none of 64 bits.
    func integer(_ word: Range<Int>) -> Int64? {
        var index = word.lowerBound
        let isNegative = index < word.upperBound && bytes[index] == UInt8(ascii: "-")
        if isNegative { index += 1 }
        guard index < word.upperBound, word.upperBound - index <= 18 else { return nil }
        var value: Int64 = 0
        while index < word.upperBound {
            let digit = bytes[index]
            guard digit >= 0x30, digit <= 0x39 else { return nil }
            value = value * 10 + Int64(digit - 0x30)
            index += 1
        }
        return isNegative ? -value : value
    }

    /// A number, also one that is infinite or none.
    func double(_ word: Range<Int>) -> Double? {
        guard let (value, consumed) = FloatParsing.double(bytes.extracting(word), allowsNonFinite: true),
            consumed == word.count
        else { return nil }
        return value
    }

    /// Exactly `count` whole numbers from `minimum` to `maximum`.
    func integers(
        _ range: Range<Int>, count: Int, from minimum: Int64 = Int64(Int32.min), to maximum: Int64 = Int64(Int32.max),
        place: @autoclosure () -> String
    ) throws(ImportError) -> [Int64] {
        var values: [Int64] = []
        values.reserveCapacity(min(count, range.count / 2 + 1))
        var index = range.lowerBound
        while let word = nextWord(&index, end: range.upperBound) {
            guard let value = integer(word), value >= minimum, value <= maximum else {
                throw refusal("\(place())[\(values.count)]", shown(word), "a whole number, \(minimum) to \(maximum)")
            }
            guard values.count < count else { throw refusal(place(), "more than \(count) numbers", "\(count)") }
            values.append(value)
        }
        guard values.count == count else { throw refusal(place(), "\(values.count) numbers", "\(count)") }
        return values
    }

    /// Exactly `count` numbers.
    func doubles(
        _ range: Range<Int>, count: Int, place: @autoclosure () -> String
    ) throws(ImportError) -> [Double] {
        var values: [Double] = []
        values.reserveCapacity(min(count, range.count / 2 + 1))
        var index = range.lowerBound
        while let word = nextWord(&index, end: range.upperBound) {
            guard let value = double(word) else {
                throw refusal("\(place())[\(values.count)]", shown(word), "a number")
            }
            guard values.count < count else { throw refusal(place(), "more than \(count) numbers", "\(count)") }
            values.append(value)
        }
        guard values.count == count else { throw refusal(place(), "\(values.count) numbers", "\(count)") }
        return values
    }

    func refusal(
        _ place: String, _ found: String, _ expected: String, kind: ImportError.Kind = .malformed
    ) -> ImportError {
        ImportError(kind, at: "\(place) (line \(lineNumber))", found: found, expected: expected)
    }
}
