package import ModelIR
package import TensorCore

/// A graph whose every value has a type, whose operators fit their inputs, and whose tree ensembles are proven
/// walkable. Only nodes that some output needs are checked and run; the second stage of
/// `ImportedGraph -> TypedGraph -> OptimizedGraph -> Predictor`.
package struct TypedGraph: Sendable {
    /// One node with the type of its value.
    package struct TypedNode: Sendable {
        package let node: Node
        package let type: ValueType
        /// What only a look at each row can tell of its inputs.
        var inputCheck = InputCheck.none
    }

    /// In topological order; `ValueID`s count these.
    package let nodes: [TypedNode]
    package let outputs: [GraphOutput]
    /// Inputs, with what the graph tells about them (missing values, categories), and outputs with their types.
    package let signature: Signature

    /// - Throws: `ImportError` with the node's path where an operator does not fit its inputs or an output its meaning.
    /// - Complexity: O(size of the graph).
    package init(_ graph: ImportedGraph, outputs selection: OutputSelection = .defaults) throws(ImportError) {
        let wanted = try selection.outputs(of: graph)
        let needed = Self.neededNodes(of: graph, for: wanted)
        var newIndex = [Int](repeating: -1, count: graph.nodes.count)
        var nodes: [TypedNode] = []
        var context = TypingContext(columns: graph.columns)
        for (index, node) in graph.nodes.enumerated() where needed[index] {
            let inputs = node.inputs.map { ValueID(index: newIndex[$0.index]) }
            context.enter(path: node.path, operatorName: node.operation.name)
            let type = try node.operation.rule.outputType(of: inputs.map { nodes[$0.index].type }, in: &context)
            newIndex[index] = nodes.count
            nodes.append(
                TypedNode(
                    node: Node(path: node.path, operation: node.operation, inputs: inputs), type: type,
                    inputCheck: context.inputCheck))
        }

        var outputs: [GraphOutput] = []
        var fields: [OutputField] = []
        for output in wanted {
            let moved = output.moved(to: ValueID(index: newIndex[output.value.index]))
            outputs.append(moved)
            fields.append(try Self.field(for: moved, type: nodes[moved.value.index].type))
        }
        self.nodes = nodes
        self.outputs = outputs
        signature = Signature(
            inputs: context.describedColumns, outputs: fields, recordPolicy: graph.recordPolicy, example: graph.example)
    }

    /// Nodes that an output depends on. Inputs stand before their node, so that one pass backwards finds them all.
    private static func neededNodes(of graph: ImportedGraph, for outputs: [GraphOutput]) -> [Bool] {
        var needed = [Bool](repeating: false, count: graph.nodes.count)
        for output in outputs { needed[output.value.index] = true }
        for index in graph.nodes.indices.reversed() where needed[index] {
            for input in graph.nodes[index].inputs { needed[input.index] = true }
        }
        return needed
    }

    /// The outside view of an output.
    private static func field(for output: GraphOutput, type: ValueType) throws(ImportError) -> OutputField {
        func refusal(_ expected: String) -> ImportError {
            ImportError(.malformed, at: "output \"\(output.name)\"", found: type.text, expected: expected)
        }
        let kind: OutputField.Kind
        switch output.meaning {
        case .values:
            guard type.kind.isNumber else { throw refusal("numbers") }
            kind = .values(type.kind == .float32 ? .float32 : .float64)
        case .label(let labels):
            guard type.kind == .classIndex else { throw refusal("a class index") }
            try checkLabels([labels], of: type, output: output)
            kind = .label(labels)
        case .probabilities(let labels):
            guard type.kind.isNumber, type.width == labels.count else {
                throw refusal("numbers of width \(labels.count), one a label")
            }
            kind = .probabilities(labels, type.kind == .float32 ? .float32 : .float64)
        case .labels(let targets):
            guard type.kind == .classIndex, !targets.isEmpty else { throw refusal("a class index of each target") }
            try checkLabels(targets, of: type, output: output)
            kind = .labels(targets)
        case .targetProbabilities(let targets):
            let width = targets.reduce(0) { $0 + $1.count }
            guard type.kind.isNumber, type.width == width, !targets.isEmpty else {
                throw refusal("numbers of width \(width), one a label of each target")
            }
            kind = .targetProbabilities(targets, type.kind == .float32 ? .float32 : .float64)
        }
        return OutputField(name: output.name, kind: kind, width: type.width, isVector: output.isVector)
    }

    /// - Throws: `ImportError` unless there are as many labels as the value's indices have classes.
    private static func checkLabels(
        _ targets: [ClassLabels], of type: ValueType, output: GraphOutput
    ) throws(ImportError) {
        func list(_ counts: [Int]) -> String { counts.map { String($0) }.joined(separator: ", ") }
        guard type.classCounts == targets.map(\.count) else {
            throw ImportError(
                .malformed, at: "output \"\(output.name)\"", found: "\(list(targets.map(\.count))) labels",
                expected: "\(list(type.classCounts)), one a class")
        }
    }
}
