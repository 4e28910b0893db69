internal import ModelIR
internal import TensorCore

/// A preprocessing graph and the linear model behind it, folded into one table: terms of centred numbers, and for each
/// encoded column a row of weights a category. No scaled value and no one-hot vector is ever made.
struct LinearFold {
    /// One encoded input column.
    struct Encoding: Sendable {
        let inputColumn: Int
        let table: CategoryIndex
        /// The row of weights for an unknown category and for a missing value; nil where they are refused.
        let unknownRow: Int?
        let missingRow: Int?
        /// Row-major [categories + 1, outputs]; the last row is that of unknown categories.
        let weights: [Double]
    }

    let outputCount: Int
    private(set) var terms = LinearKernel.Terms()
    private(set) var encodings: [Encoding] = []
    private(set) var bias: [Double]

    /// An encoder's feature as it was met in the graph, with the change that each indicator makes to each output.
    private struct Lookup {
        let inputColumn: Int
        let textReplacement: String?
        let numberReplacement: Double?
        let feature: OneHotEncoder.Feature
        let unknown: OneHotEncoder.Unknown
        var deltas: [Double] = []
    }

    /// Categories of an encoder that others read, too, up to which it is folded all the same.
    private static let sharedCategoriesMax = 1024

    /// Why a graph cannot be folded.
    struct Obstacle: Error {
        let reason: String
    }

    /// Folds the linear model `gemm` and all that stands before it.
    init(_ model: Gemm, at gemm: ValueID, of graph: OptimizedGraph) throws(Obstacle) {
        outputCount = model.outputWidth
        bias = model.bias

        var lookups: [Lookup] = []
        var values: [Int: [LinearColumn]] = [:]
        let covered = graph.values(for: gemm).dropLast()
        for value in covered {
            let node = graph.node(value)
            let inputs = node.inputs.map { values[$0.index] ?? [] }
            values[value.index] = try Self.columns(of: node.operation, inputs, graph: graph, lookups: &lookups)
        }
        // Each of the readers would have its own table, and look up the same texts again.
        let categoryCount = lookups.reduce(0) { $0 + $1.feature.categories.count }
        guard categoryCount <= Self.sharedCategoriesMax || covered.allSatisfy({ graph.isReadOnceOrSelected($0) })
        else {
            throw Obstacle(reason: "others read what an encoder of \(categoryCount) categories makes, too")
        }
        for index in lookups.indices {
            let (count, overflow) = lookups[index].feature.width.multipliedReportingOverflow(by: outputCount)
            guard !overflow, count <= TypingContext.widthMax else {
                throw Obstacle(reason: "an encoder's weights are too many to fold")
            }
            lookups[index].deltas = [Double](repeating: 0, count: count)
        }
        let inputs = graph.signature.inputs
        for (position, column) in (values[graph.node(gemm).inputs[0].index] ?? []).enumerated() {
            switch column {
            case .text:
                throw Obstacle(reason: "text reaches the linear model")
            case .number(let number):
                try append(number, position: position, of: model, kind: inputs[number.inputColumn].kind)
            case .indicator(let table, let indicator, let off, let on):
                for output in 0..<outputCount {
                    let weight = model.weights[output * model.inputWidth + position]
                    bias[output] += weight * off
                    lookups[table].deltas[indicator * outputCount + output] += weight * (on - off)
                }
            }
        }
        finishTerms(of: model)
        for lookup in lookups { encodings.append(try encoding(lookup)) }
    }

    // MARK: Following columns

    private static func columns(
        of operation: Operator, _ inputs: [[LinearColumn]], graph: OptimizedGraph, lookups: inout [Lookup]
    ) throws(Obstacle) -> [LinearColumn] {
        switch operation {
        case .selectColumns(let columns):
            return columns.map { column in
                graph.signature.inputs[column].kind == .string
                    ? .text(inputColumn: column, replacement: nil) : .number(FoldedNumber(inputColumn: column))
            }
        case .gatherColumns(let columns):
            return columns.map { inputs[0][$0] }
        case .concat:
            return inputs.flatMap { $0 }
        case .imputer(let imputer):
            guard imputer.missingValue.isNaN else {
                throw Obstacle(reason: "an imputer takes \(imputer.missingValue) for missing")
            }
            return zip(inputs[0], imputer.replacements).map { column, replacement in
                guard case .number(var number) = column else { return column }
                number.impute(replacement)
                return .number(number)
            }
        case .stringImputer(let imputer):
            guard imputer.missingText == nil else {
                throw Obstacle(reason: "an imputer takes a text for missing")
            }
            return zip(inputs[0], imputer.replacements).map { column, replacement in
                guard case .text(let inputColumn, nil) = column else { return column }
                return .text(inputColumn: inputColumn, replacement: replacement)
            }
        case .scaler(let scaler):
            return inputs[0].enumerated().map { index, column in
                switch column {
                case .number(var number):
                    number.scale(scaler, column: index)
                    return .number(number)
                case .indicator(let table, let indicator, let off, let on):
                    return .indicator(
                        table: table, index: indicator, off: scaler.scaled(off, column: index),
                        on: scaler.scaled(on, column: index))
                case .text:
                    return column
                }
            }
        case .oneHotEncoder(let encoder):
            return try indicators(of: encoder, inputs[0], lookups: &lookups)
        default:
            throw Obstacle(reason: "\(operation.name) stands before the linear model")
        }
    }

    private static func indicators(
        of encoder: OneHotEncoder, _ input: [LinearColumn], lookups: inout [Lookup]
    ) throws(Obstacle) -> [LinearColumn] {
        var columns: [LinearColumn] = []
        for (feature, column) in zip(encoder.features, input) {
            switch column {
            case .text(let inputColumn, let replacement):
                lookups.append(
                    Lookup(
                        inputColumn: inputColumn, textReplacement: replacement, numberReplacement: nil,
                        feature: feature, unknown: encoder.unknown))
            case .number(let number):
                guard number.isIdentity else { throw Obstacle(reason: "scaled numbers are one-hot encoded") }
                lookups.append(
                    Lookup(
                        inputColumn: number.inputColumn, textReplacement: nil, numberReplacement: number.missing,
                        feature: feature, unknown: encoder.unknown))
            case .indicator:
                throw Obstacle(reason: "one encoder stands behind another")
            }
            for index in 0..<feature.width {
                columns.append(.indicator(table: lookups.count - 1, index: index, off: 0, on: 1))
            }
        }
        return columns
    }

    // MARK: Tables

    private mutating func append(
        _ number: FoldedNumber, position: Int, of model: Gemm, kind: ColumnKind
    ) throws(Obstacle) {
        guard number.isFoldable else { throw Obstacle(reason: "a scaler's factor is zero or not finite") }
        if kind == .int64 { terms.integerTerms.append(terms.count) }
        terms.columns.append(Int32(number.inputColumn))
        terms.centers.append(number.center)
        terms.missing.append(number.missing.map { ($0 - number.constant) / number.factor } ?? .nan)
        let lower = (number.lower - number.constant) / number.factor
        let upper = (number.upper - number.constant) / number.factor
        terms.lowerBounds.append(min(lower, upper))
        terms.upperBounds.append(max(lower, upper))
        for output in 0..<outputCount {
            let weight = model.weights[output * model.inputWidth + position]
            bias[output] += weight * number.constant
            // Term by term for now; `finishTerms` turns it round.
            terms.weights.append(weight * number.factor)
        }
    }

    private mutating func finishTerms(of model: Gemm) {
        let count = terms.count
        var weights = [Double](repeating: 0, count: terms.weights.count)
        for term in 0..<count {
            for output in 0..<outputCount {
                weights[output * count + term] = terms.weights[term * outputCount + output]
            }
        }
        terms.weights = weights
        terms.areInOrder = terms.columns.elementsEqual(0..<Int32(count))
        if !terms.lowerBounds.contains(where: { $0 > -.infinity }),
            !terms.upperBounds.contains(where: { $0 < .infinity })
        {
            terms.lowerBounds = []
            terms.upperBounds = []
        }
    }

    private func encoding(_ lookup: Lookup) throws(Obstacle) -> Encoding {
        let feature = lookup.feature
        guard let table = CategoryIndex(feature.categories) else {
            throw Obstacle(reason: "an encoder's categories are too long")
        }
        let (count, overflow) = (feature.categories.count + 1).multipliedReportingOverflow(by: outputCount)
        guard !overflow, count <= TypingContext.widthMax else {
            throw Obstacle(reason: "an encoder's weights are too many to fold")
        }
        var weights: [Double] = []
        weights.reserveCapacity(count)
        func append(_ indicator: Int) {
            for output in 0..<outputCount {
                weights.append(indicator < 0 ? 0 : lookup.deltas[indicator * outputCount + output])
            }
        }
        for indicator in feature.indicators { append(indicator) }
        append(lookup.unknown == .infrequent ? feature.infrequentIndicator ?? -1 : -1)

        let unknownRow = lookup.unknown == .refuse ? nil : feature.categories.count
        var missingRow = table.missingCategory ?? unknownRow
        if let text = lookup.textReplacement {
            missingRow = feature.categories.position(ofText: text) ?? unknownRow
        } else if let number = lookup.numberReplacement, !number.isNaN {
            missingRow = feature.categories.position(ofNumber: number) ?? unknownRow
        }
        return Encoding(
            inputColumn: lookup.inputColumn, table: table, unknownRow: unknownRow, missingRow: missingRow,
            weights: weights)
    }
}

extension OptimizedGraph {
    /// Whether one node alone reads the value; of the record's own columns it does not matter.
    fileprivate func isReadOnceOrSelected(_ value: ValueID) -> Bool {
        if case .selectColumns = node(value).operation { return true }
        return useCounts[value.index] == 1
    }
}
