internal import ByteCoding
internal import ModelIR

/// Reads the numbers that model documents keep as strings.
enum XGBoostParameters {
    /// Features that a model may have: bounds what a small file can make us allocate.
    static let featureCountMax = 1 << 20
    /// Classes or targets that a model may have.
    static let groupCountMax = 1 << 16

    /// A natural number up to `max`.
    static func natural(_ text: String, at place: String, max: Int) throws(ImportError) -> Int {
        guard text.utf8.count <= 20, let value = Int(text), value >= 0 else {
            throw ImportError(.malformed, at: place, found: shown(text), expected: "a whole number from 0")
        }
        guard value <= max else { throw ImportError(.limit, at: place, found: shown(text), expected: "at most \(max)") }
        return value
    }

    /// One float up to version 3.0 (`5E-1`), a list of one or more from 3.1 (`[4.65E-1]`).
    static func floats(_ text: String, at place: String) throws(ImportError) -> [Float] {
        var bytes = Array(text.utf8)
        if bytes.first == UInt8(ascii: "["), bytes.last == UInt8(ascii: "]"), bytes.count >= 2 {
            bytes = Array(bytes.dropFirst().dropLast())
        }
        var values: [Float] = []
        for part in bytes.split(separator: UInt8(ascii: ","), omittingEmptySubsequences: false) {
            let digits = Array(part.drop { $0 == UInt8(ascii: " ") })
            guard values.count < groupCountMax, let (value, consumed) = FloatParsing.float(digits.span),
                consumed == digits.count, value.isFinite
            else {
                throw ImportError(.malformed, at: place, found: shown(text), expected: "a number or a list of them")
            }
            values.append(value)
        }
        return values
    }

    /// Bytes of the longest key that a message shows whole.
    static let keyBytesMax = 80

    /// A key as it may stand in a message: a long one is none that we know, and is cut.
    static func key(_ text: String) -> String {
        text.utf8.count <= keyBytesMax
            ? text : String(decoding: text.utf8.prefix(keyBytesMax), as: UTF8.self) + "..."
    }

    /// The text of a file in quotes, cut where it is long.
    static func shown(_ text: String) -> String {
        "\"\(key(text))\""
    }
}
