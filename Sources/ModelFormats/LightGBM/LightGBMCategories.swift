internal import ByteCoding
internal import ModelIR

/// The categories of a training frame, which the Python package keeps behind the model: `pandas_categorical`, a list of
/// values for each column of pandas' type category, in the columns' order. Before predicting, it puts a value's
/// position for the value, and NaN for one that is not in the list.
enum LightGBMCategories {
    /// Reads the JSON of the line; `null` and `[]` are no columns.
    static func read(_ bytes: Span<UInt8>, lineNumber: Int) throws(ImportError) -> [OneHotEncoder.Categories] {
        var reader = JSONReader(bytes, limits: JSONLimits(allowsNonFinite: true))
        var lists: [OneHotEncoder.Categories?] = []
        do throws(JSONError) {
            switch try reader.peek() {
            case .end: return []
            case .null: try reader.readNull()
            default:
                try reader.beginArray()
                while try reader.nextElement() { lists.append(try list(&reader)) }
            }
            try reader.finish()
        } catch {
            throw ImportError(
                .malformed, at: "pandas_categorical (line \(lineNumber), byte \(error.offset))",
                found: error.reason.found, expected: error.reason.expected)
        }
        var result: [OneHotEncoder.Categories] = []
        for (index, list) in lists.enumerated() {
            guard let list else {
                throw ImportError(
                    .unsupported, at: "pandas_categorical[\(index)] (line \(lineNumber))",
                    found: "categories of several types", expected: "text, numbers or truth values",
                    remedy: "convert the column to one type before training")
            }
            result.append(list)
        }
        return result
    }

    /// One list; nil if its values are of several types. Truth values count as 0 and 1, as in Python.
    private static func list(_ reader: inout JSONReader) throws(JSONError) -> OneHotEncoder.Categories? {
        var numbers: [Double] = []
        var strings: [String?] = []
        var count = 0
        try reader.beginArray()
        while try reader.nextElement() {
            count += 1
            switch try reader.peek() {
            case .string:
                let token = try reader.readString()
                strings.append(reader.string(token))
            case .bool: numbers.append(try reader.readBool() ? 1 : 0)
            case .number:
                switch try reader.readNumber() {
                case .int64(let value):
                    // Such an identifier has no double of its own.
                    if let number = Double(exactly: value) { numbers.append(number) }
                case .uint64(let value):
                    if let number = Double(exactly: value) { numbers.append(number) }
                case .double(let value): numbers.append(value)
                }
            default: _ = try reader.skipValue()
            }
        }
        if strings.count == count, count > 0 { return .strings(strings) }
        return numbers.count == count ? .numbers(numbers) : nil
    }

    /// Which columns the lists belong to, in order: those that the parameter `categorical_feature` names, or else those
    /// that the training data held categories in, or else those also that it held nothing in.
    ///
    /// - Throws: where no choice has as many columns as there are lists: an ordered category column is not marked as
    ///   categorical, so that the text does not tell which one it is.
    static func columns(
        of lists: [OneHotEncoder.Categories], header: LightGBMHeader, parameter: String?
    ) throws(ImportError) -> [Int: OneHotEncoder.Categories] {
        guard !lists.isEmpty else { return [:] }
        let infos = header.featureInfos
        let categorical = infos.indices.filter { if case .categorical = infos[$0] { true } else { false } }
        let perhaps = infos.indices.filter { !infos[$0].isNumeric }
        let named = parameter.flatMap { Self.indices($0, count: infos.count) } ?? []
        guard let chosen = [named, categorical, perhaps].first(where: { $0.count == lists.count }) else {
            throw ImportError(
                .unsupported, at: "pandas_categorical", found: "\(lists.count) lists for \(categorical.count) columns",
                expected: "a list for each categorical column",
                remedy: "train with codes (frame[column].cat.codes) in ordered category columns")
        }
        var result: [Int: OneHotEncoder.Categories] = [:]
        for (column, list) in zip(chosen, lists) {
            if case .categorical(let largest) = infos[column], largest >= list.count {
                throw ImportError(
                    .malformed, at: "feature_infos[\(column)]", found: "the category \(largest)",
                    expected: "0..<\(list.count), the places in its list of pandas_categorical")
            }
            result[column] = list
        }
        return result
    }

    /// The value of `categorical_feature`, such as `0,3`; nil where it is written another way.
    private static func indices(_ text: String, count: Int) -> [Int]? {
        var indices: [Int] = []
        for part in text.split(separator: ",") {
            guard let index = Int(part), index >= 0, index < count, !indices.contains(index), indices.count < 4096
            else { return nil }
            indices.append(index)
        }
        return indices.sorted()
    }
}
