package import ModelIR
package import TensorCore

/// A typed graph after rewriting: fewer nodes, the same results bit for bit. The third stage of
/// `ImportedGraph -> TypedGraph -> OptimizedGraph -> Predictor`; what fast predictors match against.
///
/// Columns that are only moved about are moved once: a gather of a gather, a gather of or a concatenation of input
/// columns become one selection; a concatenation of one value or a gather of all columns in order is that value.
package struct OptimizedGraph: Sendable {
    /// The graph before rewriting, which the reference runs.
    package let typed: TypedGraph
    /// In topological order, each with its type.
    package let nodes: [TypedGraph.TypedNode]
    package let outputs: [GraphOutput]
    package var signature: Signature { typed.signature }

    /// - Complexity: O(size of the graph).
    package init(_ typed: TypedGraph) {
        var rewriter = GraphRewriter()
        var newValues: [ValueID] = []
        for original in typed.nodes {
            let inputs = original.node.inputs.map { newValues[$0.index] }
            newValues.append(rewriter.add(original.node, inputs: inputs, type: original.type))
        }
        let outputs = typed.outputs.map { $0.moved(to: newValues[$0.value.index]) }
        self.typed = typed
        (nodes, self.outputs) = rewriter.pruned(outputs)
    }

    func node(_ value: ValueID) -> Node { nodes[value.index].node }
    func type(_ value: ValueID) -> ValueType { nodes[value.index].type }
}
