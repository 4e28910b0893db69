internal import ModelIR

/// `FunctionTransformer`, and transformers that are one function of each element or row.
extension GraphBuilder {
    /// NumPy's universal functions are known by name; every other function is code, which is not run.
    ///
    /// Since 1.4 a ColumnTransformer keeps "passthrough" as a FunctionTransformer without a function.
    mutating func applyFunction(_ estimator: EstimatorRecord, _ frame: Frame) throws(ImportError) -> Frame {
        if try checksOnly(estimator) { return frame }
        let value = attribute(estimator, "func") ?? .none
        guard value != .none else { return frame }
        guard let function = function(value) else {
            throw ImportError(
                .unsupported, at: estimator.path + ".func", found: "the function \(document.describe(value))",
                expected: "a universal function of NumPy, such as numpy.log1p",
                remedy: Remedies.remedy(for: estimator))
        }
        if let arguments = attribute(estimator, "kw_args"), arguments != .none,
            document.pairs(arguments)?.isEmpty != true
        {
            throw ImportError(
                .unsupported, at: estimator.path + ".kw_args", found: document.describe(arguments),
                expected: "no arguments", remedy: Remedies.remedy(for: estimator))
        }
        try note(estimator, "\(document.describe(value)) of \(frame.count) columns")
        guard frame.count > 0 else { return frame }
        return try map(function, frame, path: estimator.path)
    }

    /// Ufuncs pickle as a name (NumPy 2), or as a call of `numpy.core._ufunc_reconstruct` with module and name.
    private func function(_ value: PickleValue) -> ElementwiseFunction? {
        if let global = document.global(value), let name = document.text(global.name) {
            guard isNumPy(document.text(global.module)) else { return nil }
            return ElementwiseFunction(numPyName: name)
        }
        guard let record = document.record(value), document.fullName(record).hasSuffix("._ufunc_reconstruct"),
            isNumPy(document.fullName(record)), let arguments = document.sequence(.node(record.arguments)),
            arguments.count == 2, case .text(let name) = document.scalar(arguments[1]),
            case .text(let module) = document.scalar(arguments[0]), isNumPy(module)
        else { return nil }
        return ElementwiseFunction(numPyName: name)
    }

    private func isNumPy(_ module: String?) -> Bool {
        module == "numpy" || module?.hasPrefix("numpy.") == true
    }

    /// A function of each number of a frame, which keeps its names.
    mutating func map(
        _ function: ElementwiseFunction, _ frame: Frame, path: String
    ) throws(ImportError) -> Frame {
        let input = try matrix(frame, as: .number, path: path)
        let value = add(.elementwise(function), [input], width: frame.count, path: path)
        return Frame(value, width: frame.count, kind: .number, names: frame.columns.map(\.name))
    }

    /// The frame, in whose columns nothing may be missing.
    mutating func refuseMissing(_ frame: Frame, path: String) throws(ImportError) -> Frame {
        guard frame.count > 0 else { return frame }
        var result = Frame([])
        var start = 0
        while start < frame.count {
            let kind = assumedKind(of: frame.columns[start])
            var end = start + 1
            while end < frame.count, assumedKind(of: frame.columns[end]) == kind { end += 1 }
            let part = frame[start..<end]
            let input = try matrix(part, as: kind, path: path)
            let value = add(.refuseMissing, [input], width: part.count, path: path)
            result.columns += Frame(value, width: part.count, kind: kind, names: part.columns.map(\.name)).columns
            start = end
        }
        return result
    }

    /// Text where that is known, else numbers.
    func assumedKind(of column: FrameColumn) -> FrameKind { column.kind ?? (isText(column) ? .text : .number) }

    /// `Binarizer`: 1 where greater than the threshold.
    mutating func binarize(_ estimator: EstimatorRecord, _ frame: Frame) throws(ImportError) -> Frame {
        let threshold = try scalarNumber(estimator, "threshold", default: 0)
        try note(estimator, "\(frame.count) columns, above \(threshold)")
        let checked = try refuseMissing(frame, path: estimator.path)
        return try map(.isGreater(threshold: threshold), checked, path: estimator.path)
    }

    /// `Normalizer`: each row over its norm.
    mutating func normalize(_ estimator: EstimatorRecord, _ frame: Frame) throws(ImportError) -> Frame {
        let name = text(estimator, "norm") ?? "l2"
        guard let norm = RowNormalizer.Norm(rawValue: name) else {
            throw ImportError(
                .unsupported, at: estimator.path + ".norm", found: "\"\(name)\"", expected: "l1, l2 or max")
        }
        try note(estimator, "\(name) norm of \(frame.count) columns")
        // A dense row whose norm is about zero stays as it is, a sparse one only if it is zero.
        let isDense = !frame.isSparse
        let normalizer = RowNormalizer(norm: norm, normMin: isDense ? 10 * Double.ulpOfOne : 0)
        let input = try matrix(frame, as: .number, path: estimator.path)
        let value = add(.rowNormalizer(normalizer), [input], width: frame.count, path: estimator.path)
        var result = Frame(value, width: frame.count, kind: .number, names: frame.columns.map(\.name))
        result.isSparse = frame.isSparse
        return result
    }

    /// A parameter that is a number.
    func scalarNumber(
        _ estimator: EstimatorRecord, _ name: String, default standard: Double
    ) throws(ImportError) -> Double {
        guard let value = attribute(estimator, name), value != .none else { return standard }
        if let number = document.scalar(value).number { return number }
        throw wrongType(value, place: "\(estimator.path).\(name)", expected: "a number")
    }

    /// A parameter or attribute that is a whole number from 0 on.
    func count(_ estimator: EstimatorRecord, _ name: String) throws(ImportError) -> Int {
        let value = try required(estimator, name)
        guard case .integer(let integer) = document.scalar(value), let count = Int(exactly: integer), count >= 0 else {
            throw wrongType(value, place: "\(estimator.path).\(name)", expected: "a whole number")
        }
        return count
    }
}
