internal import ModelIR
internal import TensorCore

/// Makes `encode`: one-hot and ordinal encoders over numbers, or over texts of the record, imputed or not.
struct EncodeStageBuilder: StageBuilder {
    let name = "encode"

    func offer(for value: ValueID, of graph: OptimizedGraph) -> StageOffer? {
        let node = graph.node(value)
        let categories: [OneHotEncoder.Categories]
        switch node.operation {
        case .oneHotEncoder(let encoder): categories = encoder.features.map(\.categories)
        case .ordinalEncoder(let encoder): categories = encoder.features.map(\.categories)
        default: return nil
        }
        let inputKind = graph.type(node.inputs[0]).kind
        let texts = inputKind == .string ? TextColumns(node.inputs[0], of: graph) : nil
        if inputKind == .string, texts == nil {
            return .cannotRun(
                reason: "the encoded texts are not the record's, nor the record's with missing ones replaced")
        }
        let tables = categories.compactMap { CategoryIndex($0) }
        guard tables.count == categories.count else {
            return .cannotRun(reason: "an encoder's categories are too long to look up, or too many have one hash")
        }
        let width = Double(graph.type(value).width)
        let count = Double(categories.count)
        return .runs(
            StagePlan(
                inputs: texts == nil ? node.inputs : [], nanosecondsPerRow: 20 + 70 * count + 0.2 * width,
                nanosecondsPerRowOfMany: 4 + 16 * count + 0.2 * width,
                reason: "\(categories.count) columns, each category found in a table",
                tableBytes: tables.reduce(0) { $0 + $1.byteCount },
                make: { places, memory throws(ImportError) in
                    EncodeStage(
                        Self.features(of: node, categories, tables, texts: texts, input: places.inputs.first),
                        output: places.output, found: memory.take(places.tileRowCount, of: \.integers))
                }))
    }

    private static func features(
        of node: Node, _ categories: [OneHotEncoder.Categories], _ tables: [CategoryIndex], texts: TextColumns?,
        input: TilePlace?
    ) -> [EncodeStage.Feature] {
        var features: [EncodeStage.Feature] = []
        var next = 0
        for (index, known) in categories.enumerated() {
            let table = tables[index]
            let source: EncodeStage.Source
            let inputColumn: Int
            if let texts {
                let column = texts.columns[index]
                let missing = texts.replacements?[index]
                let replacement = missing.flatMap { known.position(ofText: $0) }
                source = .text(column: column, missing: missing == nil ? table.missingCategory : replacement)
                inputColumn = column
            } else if let input {
                source = .number(input, column: index)
                inputColumn = input.inputColumns[index] ?? 0
            } else {
                preconditionFailure("an encoder without texts reads the tile")
            }
            let (target, width) = target(of: node.operation, index)
            features.append(
                EncodeStage.Feature(
                    source: source, inputColumn: inputColumn, table: table, firstColumn: next, target: target))
            next += width
        }
        return features
    }

    private static func target(of operation: Operator, _ index: Int) -> (EncodeStage.Target, width: Int) {
        switch operation {
        case .oneHotEncoder(let encoder):
            let feature = encoder.features[index]
            let unknown: Int32? =
                switch encoder.unknown {
                case .refuse: nil
                case .allZero: -1
                case .infrequent: Int32(feature.infrequentIndicator ?? -1)
                }
            return (.indicator(feature.indicators.map { Int32($0) }, unknown: unknown), feature.width)
        case .ordinalEncoder(let encoder):
            return (.code(encoder.features[index].codes, unknown: encoder.features[index].unknownCode), 1)
        default: preconditionFailure("offer() takes encoders only")
        }
    }
}

/// Texts of the record, and what takes the place of missing ones.
private struct TextColumns {
    let columns: [Int]
    let replacements: [String]?

    init?(_ value: ValueID, of graph: OptimizedGraph) {
        let node = graph.node(value)
        switch node.operation {
        case .selectColumns(let columns):
            self.columns = columns
            replacements = nil
        case .stringImputer(let imputer):
            guard imputer.missingText == nil,
                case .selectColumns(let columns) = graph.node(node.inputs[0]).operation
            else { return nil }
            self.columns = columns
            replacements = imputer.replacements
        default: return nil
        }
    }
}
