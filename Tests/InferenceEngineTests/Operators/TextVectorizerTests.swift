import InferenceEngine
import ModelIR
import TensorCore
import Testing

/// Texts taken apart as Python does it. The expected terms are Python 3.11's.
@Suite struct TextVectorizerTests {
    static let words = TextVectorizer.TokenPattern(kind: .word, lengthMin: 2, isWholeWord: false)

    static func vectorizer(
        _ columns: TextVectorizer.Columns, _ analyzer: TextVectorizer.Analyzer = .words(words, stopWords: []),
        lengths: ClosedRange<Int> = 1...1, accents: TextVectorizer.Accents = .keep, isBinary: Bool = false
    ) -> TextVectorizer {
        TextVectorizer(
            isLowercased: true, accents: accents, analyzer: analyzer, lengths: lengths, columns: columns,
            isBinary: isBinary)
    }

    /// How often each term stands in the text.
    private func counts(
        _ text: String, _ terms: [String], _ analyzer: TextVectorizer.Analyzer = .words(words, stopWords: []),
        lengths: ClosedRange<Int> = 1...1, accents: TextVectorizer.Accents = .keep
    ) throws -> [Double] {
        let vectorizer = Self.vectorizer(.vocabulary(terms), analyzer, lengths: lengths, accents: accents)
        return try evaluate(
            .textVectorizer(vectorizer), columns: columns(1, .string), [[.text(text)]]
        ).doubles()
    }

    @Test(arguments: [
        ("ΟΔΟΣ", "οδος"), ("ΣΑΣ", "σας"), ("ΑΣ\u{301} Α", "ας"), ("ΑΣΒ", "ασβ"), ("ΑΣ_", "ας_"), ("ΑΣ.Α", "ασ"),
        ("STRASSE", "strasse"), ("GROẞ", "groß"), ("\u{130}I", "i"), ("ǅǅ", "ǆǆ"), ("Ⅷx", "ⅷx"), ("Ꭰ\u{13a0}", "ꭰꭰ"),
    ])
    func lowercasesAsPythonDoes(text: String, term: String) throws {
        let any = TextVectorizer.TokenPattern(kind: .word, lengthMin: 1, isWholeWord: false)
        let found = try counts(text, [term], .words(any, stopWords: []))
        #expect(found[0] >= 1, "\(text)")
    }

    @Test(arguments: [
        ("a_b 1d x² ½½", ["a_b", "1d", "x²", "½½"]), ("cafe\u{301} café", ["cafe", "café"]), ("中文,三二", ["中文", "三二"]),
        ("हिन्दी", []), ("don't co-op", ["don", "co", "op"]), ("१२३ ٤٥٦", ["१२३", "٤٥٦"]),
    ])
    func findsWordsAsPythonDoes(text: String, terms: [String]) throws {
        #expect(try counts(text, terms + ["\u{902}"]).dropLast().allSatisfy { $0 == 1 })
        let all = try evaluate(
            .textVectorizer(Self.vectorizer(.hash(count: 1, hasSign: false))), columns: columns(1, .string),
            [[.text(text)]])
        #expect(all.doubles() == [Double(terms.count)])
    }

    @Test(arguments: [
        ("Café ñandú", TextVectorizer.Accents.strip, ["cafe", "nandu"]), ("ﬁne x²", .strip, ["fine", "x2"]),
        ("한국", .strip, ["\u{1112}\u{1161}\u{11ab}\u{1100}\u{116e}\u{11a8}"]), ("ßé 한국 ﬁx", .ascii, ["fix"]),
        ("Å ÅÅ Ωω", .strip, ["aa", "ωω"]), ("\u{1e9b}\u{323}\u{1e9b}", .strip, ["ss"]),
    ])
    func stripsAccents(text: String, accents: TextVectorizer.Accents, terms: [String]) throws {
        #expect(try counts(text, terms, accents: accents).allSatisfy { $0 == 1 })
    }

    @Test func joinsWordsThatAreNotStopWords() throws {
        let analyzer = TextVectorizer.Analyzer.words(Self.words, stopWords: ["the", "of"])
        let found = try counts(
            "The end of the END end", ["the", "end", "end end", "end of", "end end end"], analyzer, lengths: 1...3)
        #expect(found == [0, 3, 2, 0, 1])
    }

    @Test func takesCharactersWithWhiteSpaceFoldedInRuns() throws {
        let found = try counts("A\t\tb\nc", ["a b", "b\nc", "\n", " ", "a"], .characters, lengths: 1...3)
        #expect(found == [1, 1, 1, 1, 1])
    }

    @Test func padsWordsAndTakesShortOnesOnce() throws {
        let found = try counts(
            "ab\u{3000}c", [" a", "ab", "b ", " ab", "ab ", " c ", " ab ", " c", "c "], .charactersInWords,
            lengths: 2...5)
        // " c " is as long as the 3-grams: whole, and no longer ones after it.
        #expect(found == [1, 1, 1, 1, 1, 1, 1, 1, 1])
    }

    @Test(arguments: [
        ("\\w{3,}", "ab abc abcd", 2.0), ("\\S+", "a,b c\u{a0}d", 3), ("[a-z]+", "ab1cd é", 2),
        ("\\b[a-z]{2,}\\b", "ab1 cd é ef", 2), ("\\b[a-z]+\\b", "aé é b", 1),
    ])
    func findsTokensOfOtherPatterns(pattern: String, text: String, count: Double) throws {
        let kind: TextVectorizer.TokenPattern =
            switch pattern {
            case "\\w{3,}": .init(kind: .word, lengthMin: 3, isWholeWord: false)
            case "\\S+": .init(kind: .notSpace, lengthMin: 1, isWholeWord: false)
            case "[a-z]+": .init(kind: .ascii(Set(0x61...0x7a)), lengthMin: 1, isWholeWord: false)
            case "\\b[a-z]{2,}\\b": .init(kind: .ascii(Set(0x61...0x7a)), lengthMin: 2, isWholeWord: true)
            default: .init(kind: .ascii(Set(0x61...0x7a)), lengthMin: 1, isWholeWord: true)
            }
        let vectorizer = Self.vectorizer(.hash(count: 1, hasSign: false), .words(kind, stopWords: []))
        let result = try evaluate(.textVectorizer(vectorizer), columns: columns(1, .string), [[.text(text)]])
        #expect(result.doubles() == [count])
    }

    @Test func comparesTermsByteForByte() throws {
        #expect(try counts("caféx", ["cafe\u{301}x", "caféx"]) == [0, 1])
    }

    @Test func refusesMissingTextsAndBrokenSettings() throws {
        let operation = Operator.textVectorizer(Self.vectorizer(.vocabulary(["aa"])))
        let result = try evaluate(operation, columns: columns(1, .string), [[""], [nil], ["aa"]])
        #expect(result.doubles() == [0, 0, 1])
        #expect(result.faults == [RowFault(row: 1, column: 0, reason: .missingValue)])
        for wrong in [
            Self.vectorizer(.vocabulary([])), Self.vectorizer(.hash(count: 1 << 23, hasSign: true)),
            Self.vectorizer(.vocabulary(["a"]), lengths: 0...1), Self.vectorizer(.vocabulary(["a"]), lengths: 1...65),
        ] {
            #expect(throws: ImportError.self) {
                try evaluate(.textVectorizer(wrong), columns: columns(1, .string), [["a"]])
            }
        }
        #expect(throws: ImportError.self) { try evaluate(operation, columns: columns(1), [[1]]) }
    }
}
