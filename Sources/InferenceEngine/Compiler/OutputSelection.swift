internal import ModelIR

/// Which outputs of a graph a predictor computes. What no chosen output needs is not computed at all.
package enum OutputSelection: Sendable, Hashable {
    /// Those that are answered without being asked for.
    case defaults
    case all
    /// In the graph's order, whatever the order here.
    case named([String])

    /// - Throws: `ImportError` where the graph has no output, or none of a wanted name.
    func outputs(of graph: ImportedGraph) throws(ImportError) -> [GraphOutput] {
        let outputs: [GraphOutput]
        switch self {
        case .defaults: outputs = graph.outputs.filter(\.isDefault)
        case .all: outputs = graph.outputs
        case .named(let names):
            for name in names where !graph.outputs.contains(where: { $0.name == name }) {
                throw ImportError(
                    .unsupported, at: "output \"\(name)\"", found: "a model without it",
                    expected: graph.outputs.map(\.name).joined(separator: ", "))
            }
            outputs = graph.outputs.filter { names.contains($0.name) }
        }
        guard !outputs.isEmpty else {
            throw ImportError(.malformed, at: "graph", found: "no outputs", expected: "at least one output")
        }
        return outputs
    }
}
