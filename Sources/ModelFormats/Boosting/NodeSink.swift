internal import ModelIR

/// Where the operators of a boosted model go: a graph of its own, or that of the pipeline around it.
protocol NodeSink: ~Escapable {
    /// Adds a node whose value has `width` columns.
    mutating func add(_ operation: Operator, _ inputs: [ValueID], width: Int, path: String) -> ValueID
}

extension GraphBuilder: NodeSink {}
