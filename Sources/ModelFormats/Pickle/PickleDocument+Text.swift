/// Reading of text and bytes where they lie in the file.
extension PickleDocument {
    /// Whether the text is `key`. Compared as written: a key without escapes is never written with them by a pickler.
    func equals(_ slice: PickleSlice, _ key: String) -> Bool {
        switch slice.coding {
        case .ucs4, .jsonEscape, .jsonEscapeTwice: return text(slice) == key
        case .utf8, .latin1, .rawUnicodeEscape, .stringEscape: break
        }
        var index = Int(slice.start)
        let end = slice.range.upperBound
        for byte in key.utf8 {
            guard index < end, bytes[index] == byte else { return false }
            index += 1
        }
        return index == end
    }

    /// The text; nil if it is not Unicode (a lone surrogate, a broken escape).
    func text(_ slice: PickleSlice) -> String? {
        if slice.coding == .utf8 {
            guard let text = try? UTF8Span(validating: bytes.extracting(slice.range)) else { return nil }
            return String(copying: text)
        }
        guard let points = codePoints(slice) else { return nil }
        var text = ""
        for point in points {
            guard let scalar = Unicode.Scalar(point) else { return nil }
            text.unicodeScalars.append(scalar)
        }
        return text
    }

    /// The bytes of a bytes value: as they stand, or text whose characters are bytes.
    func byteArray(_ slice: PickleSlice) -> [UInt8]? {
        if slice.coding == .latin1 {
            var result: [UInt8] = []
            result.reserveCapacity(Int(slice.count))
            for index in slice.range { result.append(bytes[index]) }
            return result
        }
        guard let points = slice.coding == .utf8 ? text(slice)?.unicodeScalars.map(\.value) : codePoints(slice) else {
            return nil
        }
        var result: [UInt8] = []
        result.reserveCapacity(points.count)
        for point in points {
            guard point < 256 else { return nil }
            result.append(UInt8(point))
        }
        return result
    }

    private func codePoints(_ slice: PickleSlice) -> [UInt32]? {
        switch slice.coding {
        case .utf8: return text(slice)?.unicodeScalars.map(\.value)
        case .latin1:
            var result: [UInt32] = []
            for index in slice.range { result.append(UInt32(bytes[index])) }
            return result
        case .ucs4:
            var result: [UInt32] = []
            var index = Int(slice.start)
            while index + 4 <= slice.range.upperBound {
                result.append(
                    UInt32(bytes[index]) | UInt32(bytes[index + 1]) << 8 | UInt32(bytes[index + 2]) << 16
                        | UInt32(bytes[index + 3]) << 24)
                index += 4
            }
            while result.last == 0 { result.removeLast() }
            return result
        case .rawUnicodeEscape: return rawUnicodeEscape(slice.range)
        case .stringEscape: return stringEscape(slice.range)
        case .jsonEscape: return text(PickleSlice(slice.range, .utf8)).flatMap { Self.jsonEscape($0) }
        case .jsonEscapeTwice:
            guard let outer = text(PickleSlice(slice.range, .utf8)).flatMap({ Self.jsonEscape($0) }) else { return nil }
            var json = ""
            for point in outer {
                guard let scalar = Unicode.Scalar(point) else { return nil }
                json.unicodeScalars.append(scalar)
            }
            return Self.jsonEscape(json)
        }
    }

    /// The code points of the inside of a JSON string; nil for a broken escape or half of a surrogate pair.
    private static func jsonEscape(_ text: String) -> [UInt32]? {
        var result: [UInt32] = []
        var high: UInt32?
        var scalars = text.unicodeScalars.makeIterator()
        while let scalar = scalars.next() {
            var point = scalar.value
            if scalar == "\\" {
                guard let escape = scalars.next() else { return nil }
                switch escape {
                case "n": point = 10
                case "t": point = 9
                case "r": point = 13
                case "b": point = 8
                case "f": point = 12
                case "\"", "\\", "/": point = escape.value
                case "u":
                    point = 0
                    for _ in 0..<4 {
                        guard let digit = scalars.next().flatMap({ Character($0).hexDigitValue }) else { return nil }
                        point = point << 4 | UInt32(digit)
                    }
                default: return nil
                }
            }
            if let first = high {
                guard (0xDC00...0xDFFF).contains(point) else { return nil }
                result.append(0x10000 + (first - 0xD800) << 10 + (point - 0xDC00))
                high = nil
            } else if (0xD800...0xDBFF).contains(point) {
                high = point
            } else {
                result.append(point)
            }
        }
        return high == nil ? result : nil
    }

    /// A backslash begins an escape if an even number of backslashes stands before it and `u` or `U` after it.
    private func rawUnicodeEscape(_ range: Range<Int>) -> [UInt32]? {
        var result: [UInt32] = []
        var index = range.lowerBound
        var backslashes = 0
        while index < range.upperBound {
            let byte = bytes[index]
            index += 1
            guard byte == UInt8(ascii: "\\") else {
                result.append(UInt32(byte))
                backslashes = 0
                continue
            }
            backslashes += 1
            if backslashes % 2 == 1, index < range.upperBound,
                bytes[index] == UInt8(ascii: "u") || bytes[index] == UInt8(ascii: "U")
            {
                let digits = bytes[index] == UInt8(ascii: "u") ? 4 : 8
                guard let point = hex(index + 1, digits: digits, end: range.upperBound) else { return nil }
                result.append(point)
                index += 1 + digits
                backslashes = 0
            } else {
                result.append(UInt32(byte))
            }
        }
        return result
    }

    private func stringEscape(_ range: Range<Int>) -> [UInt32]? {
        var result: [UInt32] = []
        var index = range.lowerBound
        while index < range.upperBound {
            let byte = bytes[index]
            index += 1
            guard byte == UInt8(ascii: "\\") else {
                result.append(UInt32(byte))
                continue
            }
            guard index < range.upperBound else { return nil }
            let escape = bytes[index]
            index += 1
            switch escape {
            case UInt8(ascii: "n"): result.append(10)
            case UInt8(ascii: "t"): result.append(9)
            case UInt8(ascii: "r"): result.append(13)
            case UInt8(ascii: "a"): result.append(7)
            case UInt8(ascii: "b"): result.append(8)
            case UInt8(ascii: "f"): result.append(12)
            case UInt8(ascii: "v"): result.append(11)
            case UInt8(ascii: "\\"), UInt8(ascii: "'"), UInt8(ascii: "\""): result.append(UInt32(escape))
            case UInt8(ascii: "x"):
                guard let point = hex(index, digits: 2, end: range.upperBound) else { return nil }
                result.append(point)
                index += 2
            case 0x30...0x37:
                var point = UInt32(escape - 0x30)
                var digits = 1
                while digits < 3, index < range.upperBound, (0x30...0x37).contains(bytes[index]) {
                    point = point * 8 + UInt32(bytes[index] - 0x30)
                    index += 1
                    digits += 1
                }
                guard point < 256 else { return nil }
                result.append(point)
            default: return nil
            }
        }
        return result
    }

    private func hex(_ start: Int, digits: Int, end: Int) -> UInt32? {
        guard digits <= end - start else { return nil }
        var value: UInt32 = 0
        for index in start..<start + digits {
            guard let digit = Character(Unicode.Scalar(bytes[index])).hexDigitValue else { return nil }
            value = value << 4 | UInt32(digit)
        }
        return value
    }
}
