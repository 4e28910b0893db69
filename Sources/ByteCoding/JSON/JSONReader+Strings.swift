extension JSONReader {
    /// Passes one string, validating its UTF-8 and its escapes, and tells where it stands.
    package mutating func readString() throws(JSONError) -> JSONStringToken {
        skipWhiteSpace()
        return try readString(expected: .string)
    }

    /// The bytes between the quotes as written: the text itself where the token has no escapes.
    @_lifetime(copy self)
    package func bytes(of token: JSONStringToken) -> Span<UInt8> {
        source.extracting(token.range)
    }

    /// Appends the token's text to `buffer`, escapes decoded.
    package func append(_ token: JSONStringToken, to buffer: inout [UInt8]) {
        buffer.reserveCapacity(buffer.count + token.range.count)
        guard token.hasEscapes else {
            for index in token.range { buffer.append(source[index]) }
            return
        }
        var index = token.range.lowerBound
        while index < token.range.upperBound {
            let byte = source[index]
            index += 1
            guard byte == ASCII.backslash else {
                buffer.append(byte)
                continue
            }
            let escape = source[index]
            index += 1
            guard escape == Self.unicodeEscape else {
                buffer.append(Self.decodedEscape(escape) ?? escape)
                continue
            }
            var scalar = UInt32(Self.hexadecimal(source, at: index) ?? 0)
            index += 4
            if scalar & 0xFC00 == 0xD800 {
                // The reader has seen that the low half follows as another \uXXXX.
                let low = UInt32(Self.hexadecimal(source, at: index + 2) ?? 0)
                scalar = 0x10000 + (scalar & 0x3FF) << 10 + (low & 0x3FF)
                index += 6
            }
            Self.append(scalar, to: &buffer)
        }
    }

    /// The token's text.
    package func string(_ token: JSONStringToken) -> String {
        var buffer: [UInt8] = []
        append(token, to: &buffer)
        return String(decoding: buffer, as: UTF8.self)
    }

    /// Whether the token's text is `text`.
    package func equals(_ token: JSONStringToken, _ text: String) -> Bool {
        equals(token, text.utf8.span)
    }

    /// Whether the token's text is the UTF-8 in `text`.
    package func equals(_ token: JSONStringToken, _ text: Span<UInt8>) -> Bool {
        if token.hasEscapes {
            var buffer: [UInt8] = []
            append(token, to: &buffer)
            guard buffer.count == text.count else { return false }
            for index in 0..<buffer.count where buffer[index] != text[index] { return false }
            return true
        }
        let bytes = source.extracting(token.range)
        guard bytes.count == text.count else { return false }
        for index in 0..<text.count where bytes[index] != text[index] { return false }
        return true
    }

    // MARK: Scanning

    mutating func readString(expected: JSONError.Expectation) throws(JSONError) -> JSONStringToken {
        let source = self.source
        guard offset < source.count, source[offset] == ASCII.quote else { throw unexpected(expected) }
        let start = offset &+ 1
        var index = start
        while index < source.count {
            let byte = source[index]
            if byte == ASCII.quote {
                guard index &- start <= limits.stringBytesMax else {
                    throw error(.stringTooLong(bytesMax: limits.stringBytesMax))
                }
                offset = index &+ 1
                return JSONStringToken(range: start..<index, hasEscapes: false)
            }
            guard byte >= ASCII.space, byte < 0x80, byte != ASCII.backslash else {
                return try readLongString(from: start, at: index)
            }
            index &+= 1
        }
        offset = source.count
        throw unexpected(.stringEnd)
    }

    /// The rest of a string which has an escape or a byte beyond ASCII at `index`.
    private mutating func readLongString(from start: Int, at index: Int) throws(JSONError) -> JSONStringToken {
        let opening = offset
        var hasEscapes = false
        offset = index
        while offset < source.count {
            let byte = source[offset]
            if byte == ASCII.quote {
                let range = start..<offset
                guard range.count <= limits.stringBytesMax else {
                    offset = opening
                    throw error(.stringTooLong(bytesMax: limits.stringBytesMax))
                }
                offset += 1
                return JSONStringToken(range: range, hasEscapes: hasEscapes)
            } else if byte == ASCII.backslash {
                hasEscapes = true
                try skipEscape()
            } else if byte >= 0x80 {
                guard let length = UTF8Scalar.length(in: source, at: offset) else { throw error(.invalidUTF8(byte)) }
                offset += length
            } else if byte < ASCII.space {
                throw error(.controlCharacter(byte))
            } else {
                offset += 1
            }
        }
        throw unexpected(.stringEnd)
    }

    private mutating func skipEscape() throws(JSONError) {
        let start = offset
        guard start + 1 < source.count else {
            offset = source.count
            throw unexpected(.stringEnd)
        }
        let escape = source[start + 1]
        guard escape == Self.unicodeEscape else {
            guard Self.decodedEscape(escape) != nil else { throw error(.invalidEscape(escape)) }
            offset = start + 2
            return
        }
        let unit = try readHexadecimal(at: start + 2)
        offset = start + 6
        guard unit & 0xF800 == 0xD800 else { return }
        // RFC 8259 8.2 leaves lone surrogates open; they have no UTF-8 form, so they are refused.
        guard unit < 0xDC00, start + 7 < source.count, source[start + 6] == ASCII.backslash,
            source[start + 7] == Self.unicodeEscape
        else {
            offset = start
            throw error(.loneSurrogate)
        }
        let low = try readHexadecimal(at: start + 8)
        guard low & 0xFC00 == 0xDC00 else {
            offset = start
            throw error(.loneSurrogate)
        }
        offset = start + 12
    }

    private mutating func readHexadecimal(at index: Int) throws(JSONError) -> UInt16 {
        guard let unit = Self.hexadecimal(source, at: index) else {
            offset = min(index, source.count)
            throw unexpected(.hexDigits)
        }
        return unit
    }

    // MARK: Tables

    private static var unicodeEscape: UInt8 { 0x75 }

    /// The byte which the letter after a backslash stands for.
    private static func decodedEscape(_ letter: UInt8) -> UInt8? {
        switch letter {
        case ASCII.quote, ASCII.backslash, ASCII.slash: letter
        case 0x62: 0x08
        case 0x66: 0x0C
        case 0x6E: ASCII.lineFeed
        case 0x72: ASCII.carriageReturn
        case 0x74: ASCII.tab
        default: nil
        }
    }

    private static func hexadecimal(_ source: Span<UInt8>, at start: Int) -> UInt16? {
        guard start <= source.count, source.count - start >= 4 else { return nil }
        var unit: UInt16 = 0
        for index in start..<(start + 4) {
            let byte = source[index]
            switch byte {
            case 0x30...0x39: unit = unit << 4 | UInt16(byte - 0x30)
            case 0x41...0x46: unit = unit << 4 | UInt16(byte - 0x41 + 10)
            case 0x61...0x66: unit = unit << 4 | UInt16(byte - 0x61 + 10)
            default: return nil
            }
        }
        return unit
    }

    private static func append(_ scalar: UInt32, to buffer: inout [UInt8]) {
        if scalar < 0x80 {
            buffer.append(UInt8(scalar))
        } else if scalar < 0x800 {
            buffer.append(UInt8(0xC0 | scalar >> 6))
            buffer.append(UInt8(0x80 | scalar & 0x3F))
        } else if scalar < 0x10000 {
            buffer.append(UInt8(0xE0 | scalar >> 12))
            buffer.append(UInt8(0x80 | scalar >> 6 & 0x3F))
            buffer.append(UInt8(0x80 | scalar & 0x3F))
        } else {
            buffer.append(UInt8(0xF0 | scalar >> 18))
            buffer.append(UInt8(0x80 | scalar >> 12 & 0x3F))
            buffer.append(UInt8(0x80 | scalar >> 6 & 0x3F))
            buffer.append(UInt8(0x80 | scalar & 0x3F))
        }
    }
}
