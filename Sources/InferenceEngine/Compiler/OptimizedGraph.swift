package import ModelIR
package import TensorCore

/// A typed graph after rewriting: fewer nodes, the same results bit for bit. The third stage of
/// `ImportedGraph -> TypedGraph -> OptimizedGraph -> Predictor`; what fast predictors match against.
///
/// Columns that are only moved about are moved once: a gather of a gather, a gather of or a concatenation of input
/// columns become one selection; a concatenation of one value or a gather of all columns in order is that value.
package struct OptimizedGraph: Sendable {
    /// In topological order, each with its type.
    package let nodes: [TypedGraph.TypedNode]
    package let outputs: [GraphOutput]
    package let signature: Signature

    /// - Complexity: O(size of the graph).
    package init(_ typed: TypedGraph) {
        var rewriter = GraphRewriter()
        var newValues: [ValueID] = []
        for original in typed.nodes {
            let inputs = original.node.inputs.map { newValues[$0.index] }
            newValues.append(rewriter.add(original, inputs: inputs))
        }
        let outputs = typed.outputs.map { $0.moved(to: newValues[$0.value.index]) }
        signature = typed.signature
        (nodes, self.outputs) = rewriter.pruned(outputs)
    }

    /// For each value whether `value` depends on it; `value` itself included.
    func ancestors(of value: ValueID) -> [Bool] {
        var isNeeded = [Bool](repeating: false, count: nodes.count)
        isNeeded[value.index] = true
        for index in (0...value.index).reversed() where isNeeded[index] {
            for input in nodes[index].node.inputs { isNeeded[input.index] = true }
        }
        return isNeeded
    }

    func node(_ value: ValueID) -> Node { nodes[value.index].node }
    func type(_ value: ValueID) -> ValueType { nodes[value.index].type }
}
