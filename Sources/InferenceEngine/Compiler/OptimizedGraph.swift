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
    /// For each value whether a tree ensemble stands before it, or is it.
    let followsTrees: [Bool]
    /// For each value how many nodes and outputs read it.
    let useCounts: [Int]

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
        var followsTrees: [Bool] = []
        var useCounts = [Int](repeating: 0, count: nodes.count)
        for entry in nodes {
            var follows = false
            if case .treeEnsemble = entry.node.operation { follows = true }
            for input in entry.node.inputs {
                follows = follows || followsTrees[input.index]
                useCounts[input.index] += 1
            }
            followsTrees.append(follows)
        }
        for output in self.outputs { useCounts[output.value.index] += 1 }
        self.followsTrees = followsTrees
        self.useCounts = useCounts
    }

    /// The values that `value` is computed from, in order, itself included; `known` ones are there already, and what
    /// only they need is left out.
    /// - Complexity: O(those values and their inputs), however large the graph is.
    func values(for value: ValueID, from known: [ValueID] = []) -> [ValueID] {
        let known = Set(known.map(\.index))
        var reached: Set<Int> = [value.index]
        var waiting = [value.index]
        while let index = waiting.popLast() {
            for input in nodes[index].node.inputs where !known.contains(input.index) {
                if reached.insert(input.index).inserted { waiting.append(input.index) }
            }
        }
        return reached.sorted().map { ValueID(index: $0) }
    }

    func node(_ value: ValueID) -> Node { nodes[value.index].node }
    func type(_ value: ValueID) -> ValueType { nodes[value.index].type }
}
