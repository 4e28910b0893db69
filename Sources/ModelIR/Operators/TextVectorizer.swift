/// How often each term stands in a text: one column a term of the vocabulary, or a hash of the term (scikit-learn
/// `CountVectorizer`, `TfidfVectorizer` up to its weights, `HashingVectorizer`).
package struct TextVectorizer: Sendable, Hashable {
    package enum Accents: Sendable, Hashable {
        case keep
        /// Compatibility decomposition without what combines.
        case strip
        /// Compatibility decomposition without what is not ASCII.
        case ascii
    }

    package enum Analyzer: Sendable, Hashable {
        /// n-grams of tokens, joined by a space.
        case words(TokenPattern, stopWords: [String])
        /// n-grams of characters, white space in a row taken for one space.
        case characters
        /// n-grams of the characters of each word with a space before and behind it.
        case charactersInWords
    }

    /// What a token is: as many characters of one kind as stand together.
    package struct TokenPattern: Sendable, Hashable {
        package enum Kind: Sendable, Hashable {
            /// Letters, digits and the underscore, of all scripts.
            case word
            /// Everything but white space.
            case notSpace
            /// These ASCII characters.
            case ascii(Set<UInt8>)
        }

        package let kind: Kind
        /// Shorter ones are no tokens.
        package let lengthMin: Int
        /// Whether it has to end where a word begins and ends.
        package let isWholeWord: Bool

        package init(kind: Kind, lengthMin: Int, isWholeWord: Bool) {
            self.kind = kind
            self.lengthMin = lengthMin
            self.isWholeWord = isWholeWord
        }
    }

    package enum Columns: Sendable, Hashable {
        /// A term's column is its place; a term that is not there does not count.
        case vocabulary([String])
        /// MurmurHash3 of the term's UTF-8. With `hasSign` the hash's sign counts as -1.
        case hash(count: Int, hasSign: Bool)
    }

    package let isLowercased: Bool
    package let accents: Accents
    package let analyzer: Analyzer
    package let lengths: ClosedRange<Int>
    package let columns: Columns
    /// Whether a term that occurs counts 1 however often.
    package let isBinary: Bool

    package init(
        isLowercased: Bool, accents: Accents, analyzer: Analyzer, lengths: ClosedRange<Int>, columns: Columns,
        isBinary: Bool
    ) {
        self.isLowercased = isLowercased
        self.accents = accents
        self.analyzer = analyzer
        self.lengths = lengths
        self.columns = columns
        self.isBinary = isBinary
    }

    /// The longest n-gram that is taken: it bounds the work that a model can make of a text.
    package static let lengthMax = 64

    package var width: Int {
        switch columns {
        case .vocabulary(let terms): terms.count
        case .hash(let count, _): count
        }
    }
}
