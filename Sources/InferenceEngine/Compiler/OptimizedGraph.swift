package import ModelIR
package import TensorCore

/// A typed graph after rewriting: fewer nodes, the same results bit for bit. The third stage of
/// `ImportedGraph -> TypedGraph -> OptimizedGraph -> Predictor`; what fast predictors match against.
package struct OptimizedGraph: Sendable {
    /// The graph before rewriting, which the reference runs.
    package let typed: TypedGraph
    package let nodes: [Node]
    package let outputs: [GraphOutput]
    package var signature: Signature { typed.signature }

    package init(_ typed: TypedGraph) {
        self.typed = typed
        nodes = typed.nodes.map(\.node)
        outputs = typed.outputs
    }
}
