internal import ModelIR

/// Builds the rewritten graph node by node; a node may turn into another, or into a value that is already there.
struct GraphRewriter {
    private var nodes: [TypedGraph.TypedNode] = []

    /// Adds a node, whose inputs are values of this rewriter, in its simplest form.
    mutating func add(_ original: TypedGraph.TypedNode, inputs: [ValueID]) -> ValueID {
        let node = original.node
        let type = original.type
        switch node.operation {
        case .gatherColumns(let columns):
            return gather(columns, of: inputs[0], node: node, type: type)
        case .concat:
            return concatenate(inputs, node: node, type: type)
        default:
            return append(node.operation, inputs, path: node.path, type: type, inputCheck: original.inputCheck)
        }
    }

    private mutating func gather(_ columns: [Int], of input: ValueID, node: Node, type: ValueType) -> ValueID {
        let source = nodes[input.index]
        switch source.node.operation {
        case .selectColumns(let selected):
            return append(.selectColumns(columns.map { selected[$0] }), [], path: node.path, type: type)
        case .gatherColumns(let inner):
            return gather(columns.map { inner[$0] }, of: source.node.inputs[0], node: node, type: type)
        default:
            guard columns != Array(0..<source.type.width) else { return input }
            return append(.gatherColumns(columns), [input], path: node.path, type: type)
        }
    }

    private mutating func concatenate(_ inputs: [ValueID], node: Node, type: ValueType) -> ValueID {
        var flat: [ValueID] = []
        for input in inputs {
            let source = nodes[input.index].node
            if case .concat = source.operation { flat += source.inputs } else { flat.append(input) }
        }
        guard flat.count > 1 else { return flat[0] }
        var selected: [Int] = []
        for input in flat {
            guard case .selectColumns(let columns) = nodes[input.index].node.operation else {
                return append(.concat, flat, path: node.path, type: type)
            }
            selected += columns
        }
        return append(.selectColumns(selected), [], path: node.path, type: type)
    }

    private mutating func append(
        _ operation: Operator, _ inputs: [ValueID], path: String, type: ValueType, inputCheck: InputCheck = .none
    ) -> ValueID {
        nodes.append(
            TypedGraph.TypedNode(
                node: Node(path: path, operation: operation, inputs: inputs), type: type, inputCheck: inputCheck))
        return ValueID(index: nodes.count - 1)
    }

    /// The nodes that the outputs still need, and the outputs that name them.
    func pruned(_ outputs: [GraphOutput]) -> ([TypedGraph.TypedNode], [GraphOutput]) {
        var isNeeded = [Bool](repeating: false, count: nodes.count)
        for output in outputs { isNeeded[output.value.index] = true }
        for index in nodes.indices.reversed() where isNeeded[index] {
            for input in nodes[index].node.inputs { isNeeded[input.index] = true }
        }
        var newIndex = [Int](repeating: -1, count: nodes.count)
        var kept: [TypedGraph.TypedNode] = []
        for (index, entry) in nodes.enumerated() where isNeeded[index] {
            newIndex[index] = kept.count
            let inputs = entry.node.inputs.map { ValueID(index: newIndex[$0.index]) }
            kept.append(
                TypedGraph.TypedNode(
                    node: Node(path: entry.node.path, operation: entry.node.operation, inputs: inputs),
                    type: entry.type, inputCheck: entry.inputCheck))
        }
        let moved = outputs.map { $0.moved(to: ValueID(index: newIndex[$0.value.index])) }
        return (kept, moved)
    }
}
