internal import ModelIR
internal import TensorCore

/// `OrdinalEncoder`.
extension GraphBuilder {
    /// A category's place in `categories_`, after grouping of the infrequent ones (since 1.3).
    mutating func encodeOrdinals(_ estimator: EstimatorRecord, _ frame: Frame) throws(ImportError) -> Frame {
        let place = estimator.path + ".categories_"
        let value = try required(estimator, "categories_")
        guard let categories = document.sequence(value), categories.count == frame.count else {
            throw ImportError(
                .malformed, at: place, found: document.describe(value), expected: "a list of \(frame.count)")
        }
        let precision = try encodedPrecision(estimator)
        let groups = try grouping(estimator, count: frame.count)
        var unknownCode: Double?
        switch text(estimator, "handle_unknown") {
        case "error", nil: break
        case "use_encoded_value":
            unknownCode = try encodedValue(estimator, "unknown_value", precision, default: nil)
        case let other?:
            throw ImportError(
                .unsupported, at: estimator.path + ".handle_unknown", found: "\"\(other)\"",
                expected: "error or use_encoded_value")
        }
        // Before 1.1 a missing value stays NaN.
        let missingCode = try encodedValue(estimator, "encoded_missing_value", precision, default: .nan) ?? .nan
        var features: [OrdinalEncoder.Feature] = []
        for index in categories.indices {
            let scalars = try list(categories[index], place: "\(place)[\(index)]")
            let codes = try ordinals(
                of: scalars, missingCode: missingCode, grouping: groups.map { $0[index] } ?? .none,
                path: "\(estimator.path)[\(index)]")
            features.append(
                OrdinalEncoder.Feature(
                    categories: try self.categories(scalars, place: "\(place)[\(index)]"),
                    codes: codes.map { precision.rounded($0) }, unknownCode: unknownCode))
        }
        try note(estimator, "\(frame.count) columns")
        return try encode(features, frame, names: frame.columns.map(\.name), path: estimator.path)
    }

    /// A node for each run of columns of the same kind: text or numbers.
    mutating func encode(
        _ features: [OrdinalEncoder.Feature], _ frame: Frame, names: [String?]?, path: String
    ) throws(ImportError) -> Frame {
        var result = Frame([])
        var start = 0
        while start < features.count {
            let kind = features[start].categories.kind
            var end = start + 1
            while end < features.count, features[end].categories.kind == kind { end += 1 }
            let encoder = OrdinalEncoder(features: Array(features[start..<end]))
            let input = try matrix(frame[start..<end], as: kind, path: path)
            let value = add(.ordinalEncoder(encoder), [input], width: end - start, path: path)
            result.columns +=
                Frame(value, width: end - start, kind: .number, names: names.map { Array($0[start..<end]) }).columns
            start = end
        }
        return result
    }

    /// One code a category. NaN is outside the count where the infrequent ones are grouped; None is a category as
    /// any other.
    private mutating func ordinals(
        of scalars: [PickleScalar], missingCode: Double, grouping: PickleValue, path: String
    ) throws(ImportError) -> [Double] {
        var codes = scalars.indices.map { Double($0) }
        let missing = scalars.firstIndex { if case .float(let value) = $0 { value.isNaN } else { false } }
        let count = scalars.count - (missing == nil ? 0 : 1)
        if let mapping = try infrequentMapping(grouping, count: count, path: path) {
            for (index, code) in mapping.enumerated() { codes[index] = Double(code) }
        }
        if let missing { codes[missing] = missingCode }
        return codes
    }

    // MARK: The type of the codes

    /// How the attribute `dtype` rounds.
    enum EncodedPrecision {
        case double, single
        /// Exact within the bounds.
        case integer(ClosedRange<Double>)

        func rounded(_ value: Double) -> Double {
            if case .single = self { return Double(Float(value)) }
            return value
        }
    }

    func encodedPrecision(_ estimator: EstimatorRecord) throws(ImportError) -> EncodedPrecision {
        guard let value = attribute(estimator, "dtype"), value != .none else { return .double }
        let name = global(named: value) ?? document.dataType(value)?.description ?? document.describe(value)
        switch name {
        case "float64", "float", "double", "float_", "f8", "<f8": return .double
        case "float32", "single", "f4", "<f4": return .single
        case "int64", "int", "intp", "int_", "longlong", "i8", "<i8": return .integer(-0x1p53...0x1p53)
        case "int32", "intc", "i4", "<i4": return .integer(-0x1p31...(0x1p31 - 1))
        default:
            throw ImportError(
                .unsupported, at: estimator.path + ".dtype", found: name,
                expected: "float64, float32, int64 or int32", remedy: "fit it again with dtype=numpy.float64")
        }
    }

    /// The last part of the name of a class, such as `numpy.float64`.
    private func global(named value: PickleValue) -> String? {
        document.global(value).map { document.fullName($0) }?.split(separator: ".").last.map { String($0) }
    }

    private func encodedValue(
        _ estimator: EstimatorRecord, _ name: String, _ precision: EncodedPrecision, default standard: Double?
    ) throws(ImportError) -> Double? {
        guard let value = attribute(estimator, name), value != .none else {
            if let standard { return standard }
            throw ImportError(
                .malformed, at: "\(estimator.path).\(name)", found: "nothing", expected: "a number",
                remedy: "call fit before saving the model")
        }
        guard let number = document.scalar(value).number else {
            throw wrongType(value, place: "\(estimator.path).\(name)", expected: "a number")
        }
        if case .integer(let bounds) = precision, !number.isNaN {
            guard bounds.contains(number), number == number.rounded() else {
                throw ImportError(
                    .unsupported, at: "\(estimator.path).\(name)", found: "\(number)",
                    expected: "a whole number that the encoder's dtype holds")
            }
        }
        return precision.rounded(number)
    }
}
