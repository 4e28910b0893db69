/// Text as Python sees it: sequences of code points, with the Unicode properties that its `str` and `re` go by.
enum PythonText {
    /// `str.lower()`: the full mapping of each code point. A capital sigma that ends a word becomes a final one.
    static func appendLowercased(_ text: [Unicode.Scalar], to result: inout [Unicode.Scalar]) {
        for (index, scalar) in text.enumerated() {
            if scalar.isASCII {
                result.append((0x41...0x5a).contains(scalar.value) ? Unicode.Scalar(UInt8(scalar.value + 32)) : scalar)
            } else if scalar == "\u{3a3}" {
                result.append(isFinal(index, in: text) ? "\u{3c2}" : "\u{3c3}")
            } else if scalar.properties.changesWhenLowercased {
                result.append(contentsOf: scalar.properties.lowercaseMapping.unicodeScalars)
            } else {
                result.append(scalar)
            }
        }
    }

    /// Whether a cased letter stands before and none behind, apart from what case ignores.
    private static func isFinal(_ index: Int, in text: [Unicode.Scalar]) -> Bool {
        var before = index - 1
        while before >= 0, text[before].properties.isCaseIgnorable { before -= 1 }
        guard before >= 0, text[before].properties.isCased else { return false }
        var behind = index + 1
        while behind < text.count, text[behind].properties.isCaseIgnorable { behind += 1 }
        return behind == text.count || !text[behind].properties.isCased
    }

    /// `\w` of `re`: `str.isalnum()` or the underscore. Marks that combine are no part of a word.
    static func isWord(_ scalar: Unicode.Scalar) -> Bool {
        if scalar.isASCII {
            let value = scalar.value
            return (0x30...0x39).contains(value) || (0x41...0x5a).contains(value) || (0x61...0x7a).contains(value)
                || value == 0x5f
        }
        switch scalar.properties.generalCategory {
        case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter: return true
        default: return scalar.properties.numericType != nil
        }
    }

    /// `\s` of `re`, and what `str.split()` splits at.
    static func isSpace(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0x09...0x0d, 0x1c...0x20, 0x85, 0xa0, 0x1680, 0x2000...0x200a, 0x2028, 0x2029, 0x202f, 0x205f, 0x3000:
            true
        default: false
        }
    }
}
