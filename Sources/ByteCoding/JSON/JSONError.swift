/// Why a document is not the JSON that was asked for, and at which byte.
package struct JSONError: Error, Equatable, Sendable {
    /// Byte of the input at which reading stopped, counted from 0.
    package let offset: Int
    package let reason: Reason

    package init(offset: Int, reason: Reason) {
        self.offset = offset
        self.reason = reason
    }

    /// What could have stood at the offset; the raw value completes "expected ...".
    package enum Expectation: String, Sendable {
        case value = "a value"
        case object = "an object"
        case array = "an array"
        case string = "a string"
        case number = "a number"
        case integer = "an integer"
        case bool = "true or false"
        case null = "null"
        case key = "a quoted key"
        case keyOrEnd = "a quoted key or \"}\""
        case colon = "\":\" after the key"
        case commaOrObjectEnd = "\",\" or \"}\""
        case commaOrArrayEnd = "\",\" or \"]\""
        case digit = "a digit"
        case stringEnd = "the closing quote"
        case hexDigits = "four hexadecimal digits"
        case end = "nothing more"
    }

    package enum Reason: Equatable, Sendable {
        case unexpectedEnd(expected: Expectation)
        case unexpectedByte(UInt8, expected: Expectation)
        case byteOrderMark
        case leadingZero
        case notAnInteger
        case integerOutOfRange
        case numberOutOfRange
        case numberTooLong(bytesMax: Int)
        case stringTooLong(bytesMax: Int)
        case tooDeep(depthMax: Int)
        case controlCharacter(UInt8)
        case invalidEscape(UInt8)
        case loneSurrogate
        case invalidUTF8(UInt8)
    }
}

extension JSONError: CustomStringConvertible {
    /// One clause without the document's text, safe to send to a client: `byte 12: found "]", expected a value`.
    package var description: String { "byte \(offset): \(reason)" }
}

extension JSONError.Reason: CustomStringConvertible {
    package var description: String {
        switch self {
        case .unexpectedEnd(let expected): "the text ends, expected \(expected.rawValue)"
        case .unexpectedByte(let byte, let expected): "found \(Self.name(byte)), expected \(expected.rawValue)"
        case .byteOrderMark: "found a byte order mark, expected UTF-8 without one"
        case .leadingZero: "found a digit after a leading zero, expected \".\", an exponent or the number's end"
        case .notAnInteger: "found a number with a fraction or an exponent, expected an integer"
        case .integerOutOfRange: "integer out of range, expected -9223372036854775808 to 9223372036854775807"
        case .numberOutOfRange: "number out of range"
        case .numberTooLong(let bytesMax): "number too long, expected at most \(bytesMax) bytes"
        case .stringTooLong(let bytesMax): "string too long, expected at most \(bytesMax) bytes"
        case .tooDeep(let depthMax): "nested too deep, expected at most \(depthMax) levels"
        case .controlCharacter(let byte):
            "found the control character \(Self.name(byte)) in a string, expected it escaped"
        case .invalidEscape(let byte): "found \(Self.name(byte)) after a backslash, expected one of \"\\/bfnrtu"
        case .loneSurrogate: "found half of a surrogate pair, expected both halves"
        case .invalidUTF8(let byte): "found \(Self.name(byte)), expected valid UTF-8"
        }
    }

    /// A byte as people read it: quoted if it is printable ASCII, else in hexadecimal.
    private static func name(_ byte: UInt8) -> String {
        if byte > 0x20, byte < 0x7F { return "\"\(Character(UnicodeScalar(byte)))\"" }
        let digits = String(byte, radix: 16, uppercase: true)
        return "0x" + (digits.count == 1 ? "0" + digits : digits)
    }
}
