internal import ModelIR
internal import TensorCore

/// A vectorizer made ready: finds the terms of a text and their columns.
final class TextTerms: Sendable {
    let vectorizer: TextVectorizer
    /// nil where terms are hashed.
    private let vocabulary: CategoryTable?
    /// Tokens that are left out.
    private let stopWords: CategoryTable?

    /// - Returns: nil if the vocabulary's text is too long for the table.
    init?(_ vectorizer: TextVectorizer) {
        self.vectorizer = vectorizer
        switch vectorizer.columns {
        case .vocabulary(let terms):
            guard let table = CategoryTable(.strings(terms)) else { return nil }
            vocabulary = table
        case .hash: vocabulary = nil
        }
        guard case .words(_, let words) = vectorizer.analyzer, !words.isEmpty else {
            stopWords = nil
            return
        }
        guard let table = CategoryTable(.strings(words)) else { return nil }
        stopWords = table
    }

    var byteCount: Int { vocabulary?.byteCount ?? 0 }

    /// The text that stands in the row.
    static func load(
        _ text: TextReference, row: Int, of rows: borrowing RowBatch, into scratch: inout TextScratch
    ) {
        scratch.removeAll()
        switch text {
        case .missing: break
        case .constant(let string): scratch.scalars.append(contentsOf: string.unicodeScalars)
        case .input(let column):
            let bytes = rows.stringBytes(row: row, column: column)
            var index = 0
            while index < bytes.count { scratch.scalars.append(decode(bytes, &index)) }
        }
    }

    /// The code point at `index`, which goes on behind it. The batch holds valid UTF-8.
    private static func decode(_ bytes: Span<UInt8>, _ index: inout Int) -> Unicode.Scalar {
        let first = bytes[index]
        index += 1
        guard first >= 0x80 else { return Unicode.Scalar(first) }
        let count = first >= 0xf0 ? 3 : first >= 0xe0 ? 2 : 1
        var value = UInt32(first) & (0x3f >> UInt32(count))
        for _ in 0..<count where index < bytes.count {
            value = value << 6 | UInt32(bytes[index] & 0x3f)
            index += 1
        }
        return Unicode.Scalar(value) ?? "\u{fffd}"
    }

    /// Calls `body` with the column of every term of the text that was loaded, in the order of the text, and whether
    /// it counts as -1. It may come many times to one column.
    func forEachTerm(in scratch: inout TextScratch, _ body: (_ column: Int, _ isNegative: Bool) -> Void) {
        fold(&scratch)
        switch vectorizer.analyzer {
        case .words(let pattern, _):
            tokenize(&scratch, by: pattern)
            forEachRun(in: scratch, from: vectorizer.lengths.lowerBound, body)
        case .characters:
            appendCharacters(&scratch)
            forEachRun(in: scratch, from: vectorizer.lengths.lowerBound, body)
        case .charactersInWords:
            forEachPaddedWord(&scratch, body)
        }
    }

    private func fold(_ scratch: inout TextScratch) {
        if vectorizer.isLowercased {
            PythonText.appendLowercased(scratch.scalars, to: &scratch.folded)
        } else {
            scratch.folded.append(contentsOf: scratch.scalars)
        }
        guard vectorizer.accents != .keep, scratch.folded.contains(where: { !$0.isASCII }) else { return }
        scratch.scalars.removeAll(keepingCapacity: true)
        for scalar in scratch.folded {
            CompatibilityDecomposition.append(scalar, keeping: vectorizer.accents, to: &scratch.scalars)
        }
        swap(&scratch.scalars, &scratch.folded)
    }

    // MARK: Words

    private func tokenize(_ scratch: inout TextScratch, by pattern: TextVectorizer.TokenPattern) {
        var index = 0
        let count = scratch.folded.count
        while index < count {
            guard Self.isPart(scratch.folded[index], of: pattern.kind) else {
                index += 1
                continue
            }
            let start = index
            while index < count, Self.isPart(scratch.folded[index], of: pattern.kind) { index += 1 }
            if index - start < pattern.lengthMin { continue }
            if pattern.isWholeWord {
                // A word goes on where a character beside it is one of a word.
                if start > 0, PythonText.isWord(scratch.folded[start - 1]) { continue }
                if index < count, PythonText.isWord(scratch.folded[index]) { continue }
            }
            appendToken(&scratch, start..<index)
        }
    }

    private static func isPart(_ scalar: Unicode.Scalar, of kind: TextVectorizer.TokenPattern.Kind) -> Bool {
        switch kind {
        case .word: PythonText.isWord(scalar)
        case .notSpace: !PythonText.isSpace(scalar)
        case .ascii(let characters): scalar.isASCII && characters.contains(UInt8(scalar.value))
        }
    }

    private func appendToken(_ scratch: inout TextScratch, _ range: Range<Int>) {
        let end = scratch.bytes.count
        if !scratch.starts.isEmpty { scratch.bytes.append(UInt8(ascii: " ")) }
        let start = scratch.bytes.count
        for index in range { scratch.append(scratch.folded[index]) }
        if let stopWords, stopWords.category(ofText: scratch.bytes.span.extracting(start...)) != nil {
            scratch.bytes.removeLast(scratch.bytes.count - end)
            return
        }
        scratch.starts.append(start)
        scratch.ends.append(scratch.bytes.count)
    }

    // MARK: Characters

    private func appendCharacters(_ scratch: inout TextScratch) {
        var index = 0
        while index < scratch.folded.count {
            var scalar = scratch.folded[index]
            index += 1
            if PythonText.isSpace(scalar), index < scratch.folded.count, PythonText.isSpace(scratch.folded[index]) {
                while index < scratch.folded.count, PythonText.isSpace(scratch.folded[index]) { index += 1 }
                scalar = " "
            }
            appendCharacter(scalar, to: &scratch)
        }
    }

    private func appendCharacter(_ scalar: Unicode.Scalar, to scratch: inout TextScratch) {
        scratch.starts.append(scratch.bytes.count)
        scratch.append(scalar)
        scratch.ends.append(scratch.bytes.count)
    }

    private func forEachPaddedWord(_ scratch: inout TextScratch, _ body: (Int, Bool) -> Void) {
        var index = 0
        while index < scratch.folded.count {
            if PythonText.isSpace(scratch.folded[index]) {
                index += 1
                continue
            }
            scratch.removePieces()
            appendCharacter(" ", to: &scratch)
            while index < scratch.folded.count, !PythonText.isSpace(scratch.folded[index]) {
                appendCharacter(scratch.folded[index], to: &scratch)
                index += 1
            }
            appendCharacter(" ", to: &scratch)
            forEachRun(in: scratch, from: vectorizer.lengths.lowerBound, isPadded: true, body)
        }
    }

    // MARK: n-grams

    /// Every run of as many pieces as the lengths allow.
    private func forEachRun(
        in scratch: borrowing TextScratch, from lowest: Int, isPadded: Bool = false, _ body: (Int, Bool) -> Void
    ) {
        let count = scratch.starts.count
        for length in lowest...vectorizer.lengths.upperBound {
            if length > count {
                // scikit-learn takes a padded word that is shorter than the n-gram once, and then stops.
                if isPadded { report(scratch, 0..<scratch.bytes.count, body) }
                return
            }
            for first in 0...count - length {
                report(scratch, scratch.starts[first]..<scratch.ends[first + length - 1], body)
            }
            // A padded word of just this length was the whole of it.
            if isPadded, length == count { return }
        }
    }

    private func report(_ scratch: borrowing TextScratch, _ range: Range<Int>, _ body: (Int, Bool) -> Void) {
        let term = scratch.bytes.span.extracting(range)
        switch vectorizer.columns {
        case .vocabulary:
            if let column = vocabulary?.category(ofText: term) { body(column, false) }
        case .hash(let count, let hasSign):
            let hash = Int32(bitPattern: MurmurHash3.hash(term))
            // The magnitude of the least number does not fit; the library takes 2^31 mod count as well.
            body(Int(hash.magnitude) % count, hasSign && hash < 0)
        }
    }
}
