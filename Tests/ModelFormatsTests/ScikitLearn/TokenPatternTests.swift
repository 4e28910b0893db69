import ModelIR
import Testing

@testable import ModelFormats

/// Which regular expressions are read, and as what.
@Suite struct TokenPatternTests {
    typealias Pattern = TextVectorizer.TokenPattern

    static let lowercase = Set(UInt8(ascii: "a")...UInt8(ascii: "z"))

    @Test(arguments: [
        ("(?u)\\b\\w\\w+\\b", Pattern(kind: .word, lengthMin: 2, isWholeWord: false)),
        ("\\w+", Pattern(kind: .word, lengthMin: 1, isWholeWord: false)),
        ("(?u)\\b\\w{3,}\\b", Pattern(kind: .word, lengthMin: 3, isWholeWord: false)),
        ("\\w\\w\\w*", Pattern(kind: .word, lengthMin: 2, isWholeWord: false)),
        ("\\S+", Pattern(kind: .notSpace, lengthMin: 1, isWholeWord: false)),
        ("[^\\s][^\\s]+", Pattern(kind: .notSpace, lengthMin: 2, isWholeWord: false)),
        ("[a-z]+", Pattern(kind: .ascii(lowercase), lengthMin: 1, isWholeWord: false)),
        ("\\b[a-z]{2,}\\b", Pattern(kind: .ascii(lowercase), lengthMin: 2, isWholeWord: true)),
        ("[a-z_9]+", Pattern(kind: .ascii(lowercase.union([0x5f, 0x39])), lengthMin: 1, isWholeWord: false)),
    ])
    func readsRunsOfOneKind(expression: String, pattern: Pattern) {
        #expect(Pattern(regularExpression: expression) == pattern)
    }

    @Test(arguments: [
        "", "\\w", "\\b\\w+", "\\w+\\b", "\\w*", "(\\w+)", "\\w+|\\S+", "(?i)\\w+", "\\b\\S+\\b", "\\w{2,4}", "\\w{2}",
        "\\w{0,}", "[^a-z]+", "[a-z", "[]+", "[z-a]+", "[a\\-z]+", "[à-ü]+", "\\w+?", "\\w++", "\\d+", ".+", "\\w+\\s",
        "(?u)", "(?u)(?u)\\w+", "[a-]+", "[.]+", "\\w+\\w",
    ])
    func refusesWhatMayMeanSomethingElse(expression: String) {
        #expect(Pattern(regularExpression: expression) == nil)
    }
}
