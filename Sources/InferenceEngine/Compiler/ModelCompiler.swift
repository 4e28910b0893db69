package import ModelIR
internal import TensorCore

/// Takes a graph through its stages to a predictor.
package enum ModelCompiler {
    /// Types, optimises and builds. `forcing` names a stage to take wherever it can run, whatever it costs, or
    /// `reference` for the plain one throughout; for tests and `inspect`.
    ///
    /// - Throws: `ImportError` where the graph is refused, where it has no such output, or where the forced predictor
    ///   is unknown or cannot run it.
    package static func compile(
        _ graph: ImportedGraph, outputs: OutputSelection = .defaults, forcing name: String? = nil
    ) throws(ImportError) -> CompiledModel {
        let typed = try TypedGraph(graph, outputs: outputs)
        let signature = typed.signature
        return CompiledModel(
            signature: signature,
            layout: RowLayout(columns: signature.inputs, recordPolicy: signature.recordPolicy),
            predictor: try predictor(for: typed, forcing: name))
    }

    private static func predictor(
        for typed: TypedGraph, forcing name: String?
    ) throws(ImportError) -> any Predictor {
        if name == ReferencePredictor.name { return ReferencePredictor(typed) }
        let graph = OptimizedGraph(typed)
        return try TiledPredictor(graph, plan: TiledPlan(graph, forcing: name))
    }
}
