internal import ModelIR
internal import TensorCore

/// `CountVectorizer`, `TfidfVectorizer`, `HashingVectorizer`, `TfidfTransformer`.
extension GraphBuilder {
    mutating func vectorize(_ estimator: EstimatorRecord, _ frame: Frame) throws(ImportError) -> Frame {
        let path = estimator.path
        guard frame.count == 1 else {
            throw ImportError(
                .unsupported, at: path, found: "\(frame.count) columns", expected: "one column of text",
                remedy: "give each text column a vectorizer of its own, by the column's name alone")
        }
        try refuseCode(estimator)
        if case .single = try encodedPrecision(estimator) {
            throw ImportError(
                .unsupported, at: path + ".dtype", found: "float32", expected: "float64 or int64",
                remedy: "fit it again with dtype=numpy.float64")
        }
        let columns = try termColumns(estimator)
        let vectorizer = TextVectorizer(
            isLowercased: flag(estimator, "lowercase", default: true), accents: try accents(estimator),
            analyzer: try analyzer(estimator), lengths: try termLengths(estimator), columns: columns,
            isBinary: flag(estimator, "binary", default: false))
        let width = vectorizer.width
        guard width > 0 else {
            throw ImportError(.malformed, at: path + ".vocabulary_", found: "no terms", expected: "at least one")
        }
        try spend(width, path: path)
        try note(estimator, "\(width) terms")
        let input = try matrix(frame, as: .text, path: path)
        let value = add(.textVectorizer(vectorizer), [input], width: width, path: path)
        var result = Frame(value, width: width, kind: .number)
        result.isSparse = true
        switch estimator.className {
        case "TfidfVectorizer": return try weighTerms(member("_tfidf", of: estimator), result)
        case "HashingVectorizer":
            if flag(estimator, "non_negative", default: false) {
                throw ImportError(
                    .unsupported, at: path + ".non_negative", found: "True", expected: "False",
                    remedy: "fit it again with alternate_sign=False")
            }
            return try normalizeTerms(estimator, result)
        default: return result
        }
    }

    /// Counts times `idf_`, each row over its norm.
    mutating func weighTerms(_ estimator: EstimatorRecord, _ frame: Frame) throws(ImportError) -> Frame {
        let path = estimator.path
        var result = frame
        result.isSparse = true
        if flag(estimator, "sublinear_tf", default: false) {
            result = try map(.sublinearCount, result, path: path)
            result.isSparse = true
        }
        if flag(estimator, "use_idf", default: true) {
            let weights = try inverseFrequencies(estimator, count: frame.count)
            let scaler = Scaler(
                form: .multiplyAdd, offset: [Double](repeating: 0, count: frame.count), scale: weights)
            let input = try matrix(result, as: .number, path: path)
            let value = add(.scaler(scaler), [input], width: frame.count, path: path)
            result = Frame(value, width: frame.count, kind: .number)
            result.isSparse = true
        }
        return try normalizeTerms(estimator, result)
    }

    private mutating func normalizeTerms(_ estimator: EstimatorRecord, _ frame: Frame) throws(ImportError) -> Frame {
        guard let name = text(estimator, "norm") else {
            guard let value = attribute(estimator, "norm"), value != .none else { return frame }
            throw wrongType(value, place: estimator.path + ".norm", expected: "l1, l2 or None")
        }
        guard let norm = RowNormalizer.Norm(rawValue: name) else {
            throw ImportError(
                .unsupported, at: estimator.path + ".norm", found: "\"\(name)\"", expected: "l1, l2 or None")
        }
        let input = try matrix(frame, as: .number, path: estimator.path)
        let value = add(
            .rowNormalizer(RowNormalizer(norm: norm)), [input], width: frame.count, path: estimator.path)
        var result = Frame(value, width: frame.count, kind: .number)
        result.isSparse = true
        return result
    }

    /// `idf_`, or up to 1.3 the diagonal matrix `_idf_diag`.
    private mutating func inverseFrequencies(
        _ estimator: EstimatorRecord, count: Int
    ) throws(ImportError) -> [Double] {
        if attribute(estimator, "idf_") != nil { return try vector(estimator, "idf_", count: count) }
        let place = estimator.path + "._idf_diag"
        let value = try required(estimator, "_idf_diag")
        guard let record = document.record(value), document.fullName(record).hasPrefix("scipy.sparse"),
            let data = document.attribute("data", of: record)
        else {
            throw wrongType(value, place: place, expected: "a diagonal matrix")
        }
        let weights = try numbers(data, place: place + ".data").values
        guard weights.count == count else {
            throw ImportError(
                .malformed, at: place + ".data", found: "shape [\(weights.count)]", expected: "[\(count)]")
        }
        if let indices = document.attribute("indices", of: record) {
            // A general sparse matrix has its diagonal in order, and nothing else.
            let columns = try numbers(indices, place: place + ".indices").values
            guard columns.count == count, columns.indices.allSatisfy({ columns[$0] == Double($0) }) else {
                throw wrongType(value, place: place, expected: "a diagonal matrix")
            }
        }
        return weights
    }

    // MARK: What a term is

    /// Functions and files in place of plain text.
    private func refuseCode(_ estimator: EstimatorRecord) throws(ImportError) {
        for name in ["preprocessor", "tokenizer"] {
            guard let value = attribute(estimator, name), value != .none else { continue }
            throw ImportError(
                .unsupported, at: "\(estimator.path).\(name)", found: document.describe(value), expected: "None",
                remedy: "a function is code, which is not run: apply it to the texts before training, and before the "
                    + "request")
        }
        if let input = text(estimator, "input"), input != "content" {
            throw ImportError(
                .unsupported, at: estimator.path + ".input", found: "\"\(input)\"", expected: "content",
                remedy: "fit it on texts, not on files")
        }
    }

    private func accents(_ estimator: EstimatorRecord) throws(ImportError) -> TextVectorizer.Accents {
        guard let value = attribute(estimator, "strip_accents"), value != .none else { return .keep }
        switch document.scalar(value) {
        case .text("unicode"): return .strip
        case .text("ascii"): return .ascii
        default:
            throw ImportError(
                .unsupported, at: estimator.path + ".strip_accents", found: document.describe(value),
                expected: "None, unicode or ascii",
                remedy: "a function is code, which is not run: apply it to the texts before training, and before the "
                    + "request")
        }
    }

    private mutating func analyzer(_ estimator: EstimatorRecord) throws(ImportError) -> TextVectorizer.Analyzer {
        let value = attribute(estimator, "analyzer") ?? .none
        switch document.scalar(value) {
        case .text("char"): return .characters
        case .text("char_wb"): return .charactersInWords
        case .text("word"), .none: break
        default:
            throw ImportError(
                .unsupported, at: estimator.path + ".analyzer", found: document.describe(value),
                expected: "word, char or char_wb", remedy: "a function is code, which is not run")
        }
        let expression = text(estimator, "token_pattern") ?? ""
        guard let pattern = TextVectorizer.TokenPattern(regularExpression: expression) else {
            throw ImportError(
                .unsupported, at: estimator.path + ".token_pattern", found: "\"\(expression)\"",
                expected: "one kind of character in a row, such as (?u)\\b\\w\\w+\\b, \\w+, \\S+ or [a-z0-9]{2,}",
                remedy: "fit it again with one of those patterns")
        }
        return .words(pattern, stopWords: try stopWords(estimator))
    }

    private mutating func stopWords(_ estimator: EstimatorRecord) throws(ImportError) -> [String] {
        let place = estimator.path + ".stop_words"
        guard let value = attribute(estimator, "stop_words"), value != .none else { return [] }
        if case .text(let name) = document.scalar(value) {
            guard name == "english" else {
                throw ImportError(.unsupported, at: place, found: "\"\(name)\"", expected: "english, or a list")
            }
            return EnglishStopWords.all
        }
        let scalars: [PickleScalar]
        if let members = document.members(value) {
            try spend(members.count, path: place)
            scalars = members.map { document.scalar($0) }
        } else {
            scalars = try list(value, place: place)
        }
        var words: [String] = []
        for case .text(let word) in scalars { words.append(word) }
        return words
    }

    private func termLengths(_ estimator: EstimatorRecord) throws(ImportError) -> ClosedRange<Int> {
        guard let value = attribute(estimator, "ngram_range") else { return 1...1 }
        let place = estimator.path + ".ngram_range"
        guard let bounds = document.sequence(value), bounds.count == 2,
            case .integer(let low) = document.scalar(bounds[0]), case .integer(let high) = document.scalar(bounds[1]),
            low >= 1, low <= high
        else {
            throw wrongType(value, place: place, expected: "two ascending numbers from 1 on")
        }
        guard high <= Int64(TextVectorizer.lengthMax) else {
            throw ImportError(.limit, at: place, found: "\(high)", expected: "at most \(TextVectorizer.lengthMax)")
        }
        return Int(low)...Int(high)
    }

    // MARK: Columns

    private mutating func termColumns(_ estimator: EstimatorRecord) throws(ImportError) -> TextVectorizer.Columns {
        let path = estimator.path
        if estimator.className == "HashingVectorizer" {
            let columnCount = try count(estimator, "n_features")
            guard columnCount > 0, columnCount <= Self.columnsInAllMax else {
                throw ImportError(
                    .limit, at: path + ".n_features", found: "\(columnCount)",
                    expected: "1 to \(Self.columnsInAllMax)")
            }
            return .hash(count: columnCount, hasSign: flag(estimator, "alternate_sign", default: true))
        }
        // A vectorizer with a vocabulary of its own need not be fitted.
        let name = attribute(estimator, "vocabulary_") == nil ? "vocabulary" : "vocabulary_"
        let place = "\(path).\(name)"
        let value = try required(estimator, name)
        guard let pairs = document.pairs(value) else {
            var terms: [String] = []
            for scalar in try list(value, place: place) {
                guard case .text(let term) = scalar else {
                    throw ImportError(.malformed, at: place, found: scalar.description, expected: "a term")
                }
                terms.append(term)
            }
            return .vocabulary(terms)
        }
        let termCount = pairs.count / 2
        var cost = termCount
        for case .text(let slice) in pairs { cost += Int(slice.count) / 16 }
        try spend(cost, path: place)
        var terms = [String?](repeating: nil, count: termCount)
        for index in 0..<termCount {
            guard case .text(let term) = document.scalar(pairs[2 * index]),
                case .integer(let column) = document.scalar(pairs[2 * index + 1]), column >= 0,
                column < Int64(termCount), terms[Int(column)] == nil
            else {
                throw ImportError(
                    .malformed, at: place,
                    found: "the term \(document.describe(pairs[2 * index])) in column "
                        + document.describe(pairs[2 * index + 1]),
                    expected: "a text, and a column of its own below \(termCount)")
            }
            terms[Int(column)] = term
        }
        return .vocabulary(terms.compactMap { $0 })
    }
}
