internal import ModelIR
internal import TensorCore

/// `KBinsDiscretizer`, `PolynomialFeatures`, `SplineTransformer`, `PowerTransformer`, `QuantileTransformer`: other
/// shapes of a column.
extension GraphBuilder {
    /// A list or an array of objects: one array a column.
    mutating func vectors(
        _ estimator: EstimatorRecord, _ name: String, count: Int
    ) throws(ImportError) -> [[Double]] {
        let place = "\(estimator.path).\(name)"
        let value = try required(estimator, name)
        var result: [[Double]] = []
        if let array = document.array(value), array.shape.rank == 2 {
            // Equally many a column make one matrix.
            let elements = try numbers(value, place: place)
            guard elements.shape.extents[0] == count else {
                throw ImportError(.malformed, at: place, found: "shape \(elements.shape)", expected: "\(count) rows")
            }
            let width = elements.shape.extents[1]
            for row in 0..<count { result.append(Array(elements.values[row * width..<(row + 1) * width])) }
            return result
        }
        guard let items = items(value), items.count == count else {
            throw wrongType(value, place: place, expected: "a list of \(count)")
        }
        for (index, item) in items.enumerated() {
            let elements = try numbers(item, place: "\(place)[\(index)]")
            guard elements.shape.rank == 1 else {
                throw ImportError(
                    .malformed, at: "\(place)[\(index)]", found: "shape \(elements.shape)", expected: "one dimension")
            }
            result.append(elements.values)
        }
        return result
    }

    /// The values of a list, a tuple or an array of objects.
    func items(_ value: PickleValue) -> [PickleValue]? {
        if let items = document.sequence(value) { return items }
        guard let array = document.array(value), array.shape.rank == 1, case .values(let list) = array.storage else {
            return nil
        }
        return document.items(list)
    }

    // MARK: Bins

    mutating func discretize(_ estimator: EstimatorRecord, _ frame: Frame) throws(ImportError) -> Frame {
        if let value = attribute(estimator, "dtype"), value != .none,
            document.global(value).map({ document.fullName($0).hasSuffix("float64") }) != true
        {
            throw ImportError(
                .unsupported, at: estimator.path + ".dtype", found: document.describe(value), expected: "float64",
                remedy: "fit it again with dtype=None")
        }
        let place = estimator.path + ".bin_edges_"
        let edges = try vectors(estimator, "bin_edges_", count: frame.count)
        for (column, values) in edges.enumerated() {
            guard values.count >= 2, zip(values, values.dropFirst()).allSatisfy({ $0 <= $1 }) else {
                throw ImportError(
                    .malformed, at: "\(place)[\(column)]", found: "\(values.count) edges",
                    expected: "at least two, ascending")
            }
        }
        let binning = Binning(edges: edges.map { Array($0[1..<$0.count - 1]) }, isTolerant: !isAtLeast(1, 1))
        let input = try matrix(frame, as: .number, path: estimator.path)
        let bins = add(.binning(binning), [input], width: frame.count, path: estimator.path)
        let encode = text(estimator, "encode") ?? "onehot"
        try note(estimator, "\(frame.count) columns, \(encode)")
        switch encode {
        case "ordinal":
            return Frame(bins, width: frame.count, kind: .number, names: frame.columns.map(\.name))
        case "onehot", "onehot-dense":
            let features = edges.map { values in
                OneHotEncoder.Feature(
                    categories: .numbers((0..<values.count - 1).map { Double($0) }),
                    indicators: Array(0..<values.count - 1), width: values.count - 1, infrequentIndicator: nil)
            }
            let encoder = OneHotEncoder(features: features, unknown: .refuse)
            try spend(encoder.width, path: estimator.path)
            let value = add(.oneHotEncoder(encoder), [bins], width: encoder.width, path: estimator.path)
            return Frame(value, width: encoder.width, kind: .number)
        default:
            throw ImportError(
                .unsupported, at: estimator.path + ".encode", found: "\"\(encode)\"",
                expected: "ordinal, onehot or onehot-dense")
        }
    }

    // MARK: Polynomials

    /// All products of up to `degree` columns, each made from one of a column less: the library's order of columns and
    /// of operations.
    mutating func multiply(_ estimator: EstimatorRecord, _ frame: Frame) throws(ImportError) -> Frame {
        let path = estimator.path
        let degrees = try degreeRange(estimator)
        let isInteraction = flag(estimator, "interaction_only", default: false)
        let hasBias = flag(estimator, "include_bias", default: true)
        var terms: [ColumnProducts.Term] = []
        if hasBias { terms.append(ColumnProducts.Term(earlier: nil, column: nil)) }
        var kept = hasBias ? [0] : []
        // Where the terms of the last degree that begin with each column start, and where they end.
        var starts: [Int] = []
        if degrees.upperBound >= 1 {
            for column in 0..<frame.count {
                starts.append(terms.count)
                terms.append(ColumnProducts.Term(earlier: nil, column: column))
            }
            starts.append(terms.count)
            if degrees.lowerBound <= 1 { kept += starts[0]..<terms.count }
        }
        var degree = 2
        while degree <= degrees.upperBound {
            var newStarts: [Int] = []
            for column in 0..<frame.count {
                newStarts.append(terms.count)
                let start = isInteraction ? starts[column + 1] : starts[column]
                let end = starts[frame.count]
                try spend(end - start, path: path)
                for earlier in start..<end { terms.append(ColumnProducts.Term(earlier: earlier, column: column)) }
            }
            newStarts.append(terms.count)
            if degrees.lowerBound <= degree { kept += newStarts[0]..<terms.count }
            // Nothing more comes of a degree without terms.
            if newStarts[0] == terms.count { break }
            starts = newStarts
            degree += 1
        }
        if let count = scalarAttribute(estimator, "n_output_features_"), case .integer(let expected) = count,
            expected != Int64(kept.count)
        {
            throw ImportError(
                .malformed, at: path + ".n_output_features_", found: "\(expected)", expected: "\(kept.count)")
        }
        guard !kept.isEmpty else {
            throw ImportError(.malformed, at: path, found: "no products", expected: "at least one")
        }
        try note(estimator, "\(frame.count) columns, \(kept.count) products")
        let input = try matrix(frame, as: .number, path: path)
        let value = add(.columnProducts(ColumnProducts(terms: terms)), [input], width: terms.count, path: path)
        let columnNames = frame.columns.compactMap(\.name)
        let isNamed = columnNames.count == frame.count && terms.count <= Self.productsNamedMax
        return Frame(
            kept.map { index in
                FrameColumn(
                    source: .value(value, column: index), kind: .number,
                    name: isNamed ? productName(index, terms, columnNames) : nil)
            })
    }

    /// More products than this go without names.
    private static let productsNamedMax = 1 << 12

    /// Such as `a^2 b`.
    private func productName(_ index: Int, _ terms: [ColumnProducts.Term], _ names: [String]) -> String {
        var parts: [(column: Int, power: Int)] = []
        var next: Int? = index
        while let term = next {
            if let column = terms[term].column {
                if parts.last?.column == column {
                    parts[parts.count - 1].power += 1
                } else {
                    parts.append((column, 1))
                }
            }
            next = terms[term].earlier
        }
        if parts.isEmpty { return "1" }
        return parts.map { names[$0.column] + ($0.power > 1 ? "^\($0.power)" : "") }.joined(separator: " ")
    }

    /// `_min_degree` and `_max_degree` since 1.0; before that `degree` is the upper one. `degree` may be a pair.
    private func degreeRange(_ estimator: EstimatorRecord) throws(ImportError) -> ClosedRange<Int> {
        var low = 0
        var high = 0
        if attribute(estimator, "_max_degree") != nil {
            low = try count(estimator, "_min_degree")
            high = try count(estimator, "_max_degree")
        } else {
            high = try count(estimator, "degree")
        }
        guard low <= high, high <= 1 << 20 else {
            throw ImportError(
                .malformed, at: estimator.path + ".degree", found: "\(low) to \(high)", expected: "ascending degrees")
        }
        return low...high
    }

    // MARK: Splines

    mutating func expandSplines(_ estimator: EstimatorRecord, _ frame: Frame) throws(ImportError) -> Frame {
        let path = estimator.path
        let degree = try count(estimator, "degree")
        guard degree <= SplineBasis.degreeMax else {
            throw ImportError(
                .limit, at: path + ".degree", found: "\(degree)", expected: "at most \(SplineBasis.degreeMax)")
        }
        let extrapolation: SplineBasis.Extrapolation
        switch text(estimator, "extrapolation") ?? "constant" {
        case "error": extrapolation = .refuse
        case "constant": extrapolation = .constant
        case "linear": extrapolation = .linear
        case "continue": extrapolation = .continued
        case "periodic": extrapolation = .periodic
        case let other:
            throw ImportError(
                .unsupported, at: path + ".extrapolation", found: "\"\(other)\"",
                expected: "error, constant, linear, continue or periodic")
        }
        let value = try required(estimator, "bsplines_")
        guard let splines = document.sequence(value), splines.count == frame.count else {
            throw wrongType(value, place: path + ".bsplines_", expected: "a list of \(frame.count)")
        }
        var features: [SplineBasis.Feature] = []
        var splineCount = 0
        var margin = degree
        for (index, spline) in splines.enumerated() {
            let place = "\(path).bsplines_[\(index)]"
            // SciPy 1.15 renamed `t`.
            guard let record = document.record(spline), document.fullName(record).hasPrefix("scipy.interpolate"),
                let knotsValue = document.attribute("t", of: record) ?? document.attribute("_t", of: record),
                let degreeValue = document.attribute("k", of: record),
                document.scalar(degreeValue) == .integer(Int64(degree))
            else {
                throw wrongType(spline, place: place, expected: "a BSpline of degree \(degree)")
            }
            let knots = try numbers(knotsValue, place: place + ".t")
            guard knots.shape.rank == 1, knots.values.count > 2 * degree + 1,
                zip(knots.values, knots.values.dropFirst()).allSatisfy({ $0 <= $1 })
            else {
                throw ImportError(
                    .malformed, at: place + ".t", found: "\(knots.values.count) knots",
                    expected: "more than \(2 * degree + 1), ascending")
            }
            let count = knots.values.count - degree - 1 - (extrapolation == .periodic ? degree : 0)
            guard count > 0, index == 0 || count == splineCount else {
                throw ImportError(
                    .malformed, at: place + ".t", found: "\(knots.values.count) knots",
                    expected: "as many in every column")
            }
            splineCount = count
            // For degrees 0 and 1 the library counts its degree up from column to column, and the borders move in.
            let isShort = extrapolation == .linear && margin <= 1
            guard knots.values.count > 2 * margin + 1 else {
                throw ImportError(
                    .unsupported, at: place, found: "\(knots.values.count) knots",
                    expected: "more than \(2 * margin + 1) where a line goes on from the border")
            }
            features.append(
                SplineBasis.Feature(
                    knots: knots.values, degree: degree, margin: margin,
                    continuedCount: min(splineCount, isShort ? margin + 1 : margin)))
            if isShort { margin += 1 }
        }
        let basis = SplineBasis(
            features: features, degree: degree, splineCount: splineCount, extrapolation: extrapolation,
            acceptsMissing: text(estimator, "handle_missing") == "zeros")
        let width = splineCount * frame.count
        try spend(width, path: path)
        try note(estimator, "\(frame.count) columns, \(splineCount) splines each")
        let input = try matrix(frame, as: .number, path: path)
        let result = Frame(
            add(.splineBasis(basis), [input], width: width, path: path), width: width, kind: .number)
        if flag(estimator, "include_bias", default: true) { return result }
        // Without the last spline of each column.
        return Frame((0..<width).filter { ($0 + 1) % splineCount != 0 }.map { result.columns[$0] })
    }

    // MARK: Distributions

    mutating func transformPower(_ estimator: EstimatorRecord, _ frame: Frame) throws(ImportError) -> Frame {
        let lambdas = try vector(estimator, "lambdas_", count: frame.count)
        let method: PowerTransform.Method
        switch text(estimator, "method") ?? "yeo-johnson" {
        case "box-cox": method = .boxCox
        case "yeo-johnson": method = isAtLeast(1, 8) ? .yeoJohnsonExpm1 : .yeoJohnson
        case let other:
            throw ImportError(
                .unsupported, at: estimator.path + ".method", found: "\"\(other)\"",
                expected: "yeo-johnson or box-cox")
        }
        try note(estimator, "\(frame.count) columns")
        let transform = PowerTransform(method: method, lambdas: lambdas)
        let input = try matrix(frame, as: .number, path: estimator.path)
        let value = add(.powerTransform(transform), [input], width: frame.count, path: estimator.path)
        let result = Frame(value, width: frame.count, kind: .number, names: frame.columns.map(\.name))
        guard flag(estimator, "standardize", default: true) else { return result }
        return try scale(member("_scaler", of: estimator), result)
    }

    mutating func transformQuantiles(_ estimator: EstimatorRecord, _ frame: Frame) throws(ImportError) -> Frame {
        let path = estimator.path
        let elements = try numbers(estimator, "quantiles_")
        guard elements.shape.rank == 2, elements.shape.extents[1] == frame.count, elements.shape.extents[0] > 0 else {
            throw ImportError(
                .malformed, at: path + ".quantiles_", found: "shape \(elements.shape)",
                expected: "[quantiles, \(frame.count)]")
        }
        let count = elements.shape.extents[0]
        let references = try vector(estimator, "references_", count: count)
        var quantiles: [[Double]] = []
        for column in 0..<frame.count {
            quantiles.append((0..<count).map { elements.values[$0 * frame.count + column] })
        }
        let isNormal: Bool
        switch text(estimator, "output_distribution") ?? "uniform" {
        case "uniform": isNormal = false
        case "normal": isNormal = true
        case let other:
            throw ImportError(
                .unsupported, at: path + ".output_distribution", found: "\"\(other)\"", expected: "uniform or normal")
        }
        try note(estimator, "\(frame.count) columns, \(count) quantiles")
        let transform = QuantileTransform(quantiles: quantiles, references: references, isNormal: isNormal)
        let input = try matrix(frame, as: .number, path: path)
        let value = add(.quantileTransform(transform), [input], width: frame.count, path: path)
        return Frame(value, width: frame.count, kind: .number, names: frame.columns.map(\.name))
    }

    // MARK: Targets

    /// `TargetEncoder` (1.3): a category's mean of the target, for new data. With more than two classes one column a
    /// class.
    mutating func encodeTargets(_ estimator: EstimatorRecord, _ frame: Frame) throws(ImportError) -> Frame {
        let path = estimator.path
        let value = try required(estimator, "categories_")
        guard let categories = document.sequence(value), categories.count == frame.count else {
            throw wrongType(value, place: path + ".categories_", expected: "a list of \(frame.count)")
        }
        let means = try numbers(estimator, "target_mean_").values
        let classCount = text(estimator, "target_type_") == "multiclass" ? means.count : 1
        guard means.count == classCount, classCount > 0 else {
            throw ImportError(
                .malformed, at: path + ".target_mean_", found: "\(means.count) numbers", expected: "\(classCount)")
        }
        let encodings = try vectors(estimator, "encodings_", count: frame.count * classCount)
        try spend(encodings.count, path: path)
        var features: [OrdinalEncoder.Feature] = []
        var columns: [FrameColumn] = []
        for index in categories.indices {
            let place = "\(path).categories_[\(index)]"
            let known = try self.categories(list(categories[index], place: place), place: place)
            for number in 0..<classCount {
                let codes = encodings[index * classCount + number]
                guard codes.count == known.count else {
                    throw ImportError(
                        .malformed, at: "\(path).encodings_[\(index * classCount + number)]",
                        found: "shape [\(codes.count)]", expected: "[\(known.count)]")
                }
                features.append(
                    OrdinalEncoder.Feature(categories: known, codes: codes, unknownCode: means[number]))
                columns.append(frame.columns[index])
            }
        }
        try note(estimator, "\(frame.count) columns" + (classCount > 1 ? ", \(classCount) classes" : ""))
        return try encode(
            features, Frame(columns), names: classCount == 1 ? frame.columns.map(\.name) : nil, path: path)
    }
}
