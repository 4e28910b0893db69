internal import ModelIR
internal import TensorCore

/// A description applied to the model of its artifact.
extension BundleDescription {
    /// - Throws: `ImportError` where the description speaks of columns, outputs or labels that the model does not have.
    func applied(to model: consuming ImportedModel) throws(ImportError) -> ImportedModel {
        var model = model
        try chooseOutputs(&model.graph)
        if let threshold { try apply(threshold: threshold, to: &model.graph) }
        if !labels.isEmpty { try renameLabels(of: &model.graph) }
        try describeColumns(of: &model.graph)
        model.graph.recordPolicy = policy
        model.metadata.name = name
        model.metadata.notes = notes
        model.metadata.goldenRows = try goldenRows(for: model.graph)
        if let tolerance { model.metadata.goldenTolerance = tolerance }
        model.metadata.histograms = try knownHistograms(model.graph)
        if let example = model.metadata.goldenRows.first { model.graph.example = example.cells }
        return model
    }

    // MARK: Outputs

    private func chooseOutputs(_ graph: inout ImportedGraph) throws(ImportError) {
        guard let outputs else { return }
        let known = graph.outputs.map(\.name)
        for name in outputs where !known.contains(name) {
            throw Self.refusal("outputs", "\"\(name)\"", "some of \(known.joined(separator: ", "))")
        }
        guard !outputs.isEmpty else { throw Self.refusal("outputs", "an empty list", known.joined(separator: ", ")) }
        graph.setOutputs(
            graph.outputs.map {
                GraphOutput(
                    name: $0.name, value: $0.value, meaning: $0.meaning, isVector: $0.isVector,
                    isDefault: outputs.contains($0.name))
            })
    }

    /// The second class is predicted from this probability on, as scikit-learn's `FixedThresholdClassifier` does.
    private func apply(threshold: Double, to graph: inout ImportedGraph) throws(ImportError) {
        var candidates: [ValueID] = []
        var labelCount = 0
        for output in graph.outputs {
            switch output.meaning {
            case .probabilities(let labels) where labels.count == 2: candidates.append(output.value)
            case .label: labelCount += 1
            case .probabilities, .values, .labels, .targetProbabilities: break
            }
        }
        guard candidates.count == 1, labelCount == 1 else {
            throw Self.refusal(
                "threshold", "a model that does not predict one of two labels by their probabilities",
                "a binary classifier")
        }
        let probabilities = candidates[0]
        let node = graph.nodes[probabilities.index]
        let second: ValueID
        if case .binaryProbabilities = node.operation {
            second = node.inputs[0]
        } else {
            second = graph.append(.gatherColumns([1]), [probabilities], path: node.path)
        }
        // p >= t is p > the next number below t.
        let label = graph.append(.greater(threshold: threshold.nextDown), [second], path: Self.fileName)
        graph.setOutputs(
            graph.outputs.map { output in
                guard case .label = output.meaning else { return output }
                return output.moved(to: label)
            })
    }

    private func renameLabels(of graph: inout ImportedGraph) throws(ImportError) {
        var isUsed: Set<String> = []
        var outputs: [GraphOutput] = []
        for output in graph.outputs {
            var meaning = output.meaning
            switch output.meaning {
            case .label(let labels): meaning = .label(try renamed(labels, &isUsed))
            case .probabilities(let labels): meaning = .probabilities(try renamed(labels, &isUsed))
            case .labels(let targets): meaning = .labels(try renamed(targets, &isUsed))
            case .targetProbabilities(let targets): meaning = .targetProbabilities(try renamed(targets, &isUsed))
            case .values: break
            }
            outputs.append(
                GraphOutput(
                    name: output.name, value: output.value, meaning: meaning, isVector: output.isVector,
                    isDefault: output.isDefault))
        }
        guard let unused = labels.keys.sorted().first(where: { !isUsed.contains($0) }) else {
            graph.setOutputs(outputs)
            return
        }
        throw Self.refusal("labels", "the label \"\(unused)\"", "the model's own labels")
    }

    private func renamed(_ old: ClassLabels, _ isUsed: inout Set<String>) throws(ImportError) -> ClassLabels {
        var names: [String] = []
        for index in 0..<old.count {
            let label = old.text(at: index)
            isUsed.insert(label)
            names.append(labels[label] ?? label)
        }
        guard Set(names).count == names.count else {
            throw Self.refusal("labels", "one name for two labels", "a name of its own for each")
        }
        return .strings(names)
    }

    /// The same names in every target.
    private func renamed(
        _ targets: [ClassLabels], _ isUsed: inout Set<String>
    ) throws(ImportError) -> [ClassLabels] {
        var result: [ClassLabels] = []
        for labels in targets { result.append(try renamed(labels, &isUsed)) }
        return result
    }

    // MARK: Columns

    private func describeColumns(of graph: inout ImportedGraph) throws(ImportError) {
        let names = Self.positions(of: graph)
        for (name, range) in ranges {
            let index = try Self.column(named: name, of: graph, names, place: "columns.\(name)")
            graph.describe(column: index) { $0.range = range }
        }
    }

    private func knownHistograms(_ graph: ImportedGraph) throws(ImportError) -> [ReferenceHistogram] {
        let names = Self.positions(of: graph)
        for histogram in histograms {
            _ = try Self.column(named: histogram.column, of: graph, names, place: "histograms.\(histogram.column)")
        }
        return histograms
    }

    /// A column by its name, or by the one it had before the library wrote underscores for its blanks: a request may
    /// use either, too.
    private static func position(of name: String, in graph: ImportedGraph, _ names: [String: Int]) -> Int? {
        if let index = names[name] { return index }
        guard let index = names[String(name.map { $0 == " " ? "_" : $0 })] else { return nil }
        return graph.columns[index].takesBlanksForUnderscores ? index : nil
    }

    private static func positions(of graph: ImportedGraph) -> [String: Int] {
        var positions: [String: Int] = [:]
        for (index, column) in graph.columns.enumerated() {
            if let name = column.name { positions[name] = index }
        }
        return positions
    }

    /// By its name or, where the model has no names, its position.
    private static func column(
        named name: String, of graph: ImportedGraph, _ names: [String: Int], place: String
    ) throws(ImportError) -> Int {
        if let index = Self.position(of: name, in: graph, names) { return index }
        if let index = Int(name), graph.columns.indices.contains(index), graph.columns[index].name == nil {
            return index
        }
        throw refusal(place, "a column that the model does not have", "one of its \(graph.columns.count) columns")
    }

    // MARK: Golden rows

    private func goldenRows(for graph: ImportedGraph) throws(ImportError) -> [GoldenRow] {
        let positions = Self.positions(of: graph)
        guard rows.count <= Self.goldenCellsMax / max(1, graph.columns.count) else {
            throw ImportError(
                .limit, at: "\(Self.fileName) golden.rows",
                found: "\(rows.count) rows of \(graph.columns.count) columns",
                expected: "at most \(Self.goldenCellsMax) values in all")
        }
        let outputs = Set(graph.outputs.filter(\.isDefault).map(\.name))
        var golden: [GoldenRow] = []
        for (index, row) in rows.enumerated() {
            let place = "golden.rows[\(index)]"
            var cells = [CellValue](repeating: .missing, count: graph.columns.count)
            switch row.input {
            case .list(let values):
                guard values.count == cells.count else {
                    throw Self.refusal("\(place).input", "\(values.count) values", "\(cells.count), one a column")
                }
                cells = values
            case .record(let fields):
                for field in fields {
                    guard let position = Self.position(of: field.name, in: graph, positions) else {
                        if policy.unknownFields == .ignore { continue }
                        throw Self.refusal(
                            "\(place).input.\(field.name)", "a field that the model does not have",
                            "one of its \(cells.count) columns")
                    }
                    cells[position] = field.cell
                }
            case nil: break
            }
            for name in row.expected.keys.sorted() where !outputs.contains(name) {
                throw Self.refusal(
                    "\(place).expected.\(name)", "an output that the model does not answer",
                    outputs.sorted().joined(separator: ", "))
            }
            golden.append(GoldenRow(cells: cells, expected: row.expected))
        }
        return golden
    }
}
