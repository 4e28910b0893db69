internal import ModelIR

/// Unicode's compatibility decomposition (NFKD), as far as accents are stripped by it: what is left has no marks, so
/// that their order does not matter.
enum CompatibilityDecomposition {
    private struct Part {
        let scalar: Unicode.Scalar
        let isCombining: Bool
    }

    /// Adds what is left of a code point, by what is stripped.
    static func append(
        _ scalar: Unicode.Scalar, keeping accents: TextVectorizer.Accents, to result: inout [Unicode.Scalar]
    ) {
        if scalar.isASCII {
            result.append(scalar)
        } else if (0xac00...0xd7a3).contains(scalar.value) {
            if accents != .ascii { appendJamo(of: scalar, to: &result) }
        } else if let range = ranges[scalar.value] {
            for part in parts[range] {
                let isKept = accents == .ascii ? part.scalar.isASCII : !part.isCombining
                if isKept { result.append(part.scalar) }
            }
        } else if accents != .ascii {
            result.append(scalar)
        }
    }

    /// A Hangul syllable is its two or three letters, by arithmetic.
    private static func appendJamo(of syllable: Unicode.Scalar, to result: inout [Unicode.Scalar]) {
        let index = syllable.value - 0xac00
        for value in [0x1100 + index / 588, 0x1161 + index % 588 / 28, 0x11a7 + index % 28] where value != 0x11a7 {
            if let letter = Unicode.Scalar(value) { result.append(letter) }
        }
    }

    /// Where each code point's parts stand.
    private static let ranges: [UInt32: Range<Int>] = decoded.ranges
    private static let parts: [Part] = decoded.parts

    private static let decoded: (ranges: [UInt32: Range<Int>], parts: [Part]) = {
        var ranges: [UInt32: Range<Int>] = [:]
        var parts: [Part] = []
        var point: UInt32 = 0
        for entry in table.split(separator: ";") {
            let fields = entry.split(separator: ",")
            guard let first = fields.first, let distance = UInt32(first, radix: 36) else { continue }
            point += distance
            let start = parts.count
            for field in fields.dropFirst() {
                let isCombining = field.hasPrefix("-")
                guard let value = UInt32(isCombining ? field.dropFirst() : field, radix: 36),
                    let scalar = Unicode.Scalar(value)
                else { continue }
                parts.append(Part(scalar: scalar, isCombining: isCombining))
            }
            ranges[point] = start..<parts.count
        }
        return (ranges, parts)
    }()
}
