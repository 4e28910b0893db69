internal import ModelIR

/// A vectorizer as an operator, with its vocabulary ready to be looked up.
struct TextVectorization: Sendable {
    let vectorizer: TextVectorizer
    /// nil if the vocabulary is too long.
    let terms: TextTerms?

    init(_ vectorizer: TextVectorizer) {
        self.vectorizer = vectorizer
        terms = TextTerms(vectorizer)
    }
}

extension TextVectorization: OperatorTyping {
    func outputType(of inputs: [ValueType], in context: inout TypingContext) throws(ImportError) -> ValueType {
        let input = try context.single(inputs, .string, width: 1)
        guard terms != nil else { throw context.refusal("a vocabulary of gigabytes", "a shorter one") }
        let width = try context.totalWidth([vectorizer.width])
        guard width > 0, vectorizer.lengths.lowerBound >= 1,
            vectorizer.lengths.upperBound <= TextVectorizer.lengthMax
        else {
            throw context.refusal(
                "n-grams of \(vectorizer.lengths), \(width) columns", "1...\(TextVectorizer.lengthMax), some columns")
        }
        context.refuseMissing(input.origins[0])
        return ValueType(.float64, computedWidth: width)
    }
}
