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
    package var description: String { "found \(found), expected \(expected)" }

    /// What stood there; completes "found ...".
    package var found: String {
        switch self {
        case .unexpectedEnd: "the end of the text"
        case .unexpectedByte(let byte, _): Self.name(byte)
        case .byteOrderMark: "a byte order mark"
        case .leadingZero: "a digit after a leading zero"
        case .notAnInteger: "a number with a fraction or an exponent"
        case .integerOutOfRange: "an integer out of range"
        case .numberOutOfRange: "a number out of range"
        case .numberTooLong: "a longer number"
        case .stringTooLong: "a longer string"
        case .tooDeep: "deeper nesting"
        case .controlCharacter(let byte): "the control character \(Self.name(byte)) in a string"
        case .invalidEscape(let byte): "\(Self.name(byte)) after a backslash"
        case .loneSurrogate: "half of a surrogate pair"
        case .invalidUTF8(let byte): Self.name(byte)
        }
    }

    /// What could have stood there; completes "expected ...".
    package var expected: String {
        switch self {
        case .unexpectedEnd(let expected), .unexpectedByte(_, let expected): expected.rawValue
        case .byteOrderMark: "UTF-8 without one"
        case .leadingZero: "\".\", an exponent or the number's end"
        case .notAnInteger: "an integer"
        case .integerOutOfRange: "-9223372036854775808 to 9223372036854775807"
        case .numberOutOfRange: "a magnitude below 1.8e308 (3.4e38 for a float)"
        case .numberTooLong(let bytesMax): "at most \(bytesMax) bytes in a number"
        case .stringTooLong(let bytesMax): "at most \(bytesMax) bytes in a string"
        case .tooDeep(let depthMax): "at most \(depthMax) levels"
        case .controlCharacter: "it escaped"
        case .invalidEscape: "one of \"\\/bfnrtu"
        case .loneSurrogate: "both halves"
        case .invalidUTF8: "valid UTF-8"
        }
    }

    /// A byte as people read it: quoted if it is printable ASCII, else in hexadecimal.
    private static func name(_ byte: UInt8) -> String {
        if byte > 0x20, byte < 0x7F { return "\"\(Character(UnicodeScalar(byte)))\"" }
        let digits = String(byte, radix: 16, uppercase: true)
        return "0x" + (digits.count == 1 ? "0" + digits : digits)
    }
}
