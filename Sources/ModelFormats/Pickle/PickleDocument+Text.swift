/// Reading of text and bytes where they lie in the file.
extension PickleDocument {
    /// Whether the text is `key`. Compared as written: a key without escapes is never written with them by a pickler.
    func equals(_ slice: PickleSlice, _ key: String) -> Bool {
        guard slice.coding != .ucs4 else { return text(slice) == key }
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
        }
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
