package import ModelIR
internal import TensorCore

/// Takes a graph through its stages to a predictor.
package enum ModelCompiler {
    /// Types, optimises and builds. `forcing` names the predictor to use whatever its rank, for tests and `inspect`.
    ///
    /// - Throws: `ImportError` where the graph is refused, where it has no such output, or where the forced predictor
    ///   is unknown or cannot run it.
    package static func compile(
        _ graph: ImportedGraph, outputs: OutputSelection = .defaults, forcing name: String? = nil
    ) throws(ImportError) -> CompiledModel {
        let optimized = OptimizedGraph(try TypedGraph(graph, outputs: outputs))
        let fits = Self.fits(of: optimized)
        let chosen = try choose(among: fits, forcing: name)
        let layout = RowLayout(
            columns: optimized.signature.inputs, recordPolicy: optimized.signature.recordPolicy)
        let predictor = try PredictorList.all[chosen].makePredictor(for: optimized)
        var candidates: [PredictorCandidate] = []
        for (index, builder) in PredictorList.all.enumerated() {
            candidates.append(
                PredictorCandidate(name: builder.name, isChosen: index == chosen, reason: fits[index].reason))
        }
        return CompiledModel(
            signature: optimized.signature, layout: layout, predictor: predictor, candidates: candidates)
    }

    /// What each predictor says. Numbers that a step computed and the next one checks are seen by the reference alone.
    private static func fits(of graph: OptimizedGraph) -> [PredictorFit] {
        let hasChecks = graph.typed.nodes.contains { $0.inputCheck != .none }
        return PredictorList.all.map { builder in
            guard hasChecks, builder.name != ReferencePredictorBuilder.predictorName else { return builder.fit(graph) }
            return .cannotRun(reason: "a step checks the numbers that another one computes")
        }
    }

    /// The place in the list of the predictor to use.
    private static func choose(
        among fits: [PredictorFit], forcing name: String?
    ) throws(ImportError) -> Int {
        guard let name else {
            // The reference is the last of the list and runs everything.
            var best = fits.count - 1
            for index in fits.indices {
                if let rank = fits[index].rank, let bestRank = fits[best].rank, rank < bestRank { best = index }
            }
            return best
        }
        guard let index = PredictorList.all.firstIndex(where: { $0.name == name }) else {
            throw ImportError(
                .unsupported, at: "predictor", found: "\"\(name)\"",
                expected: PredictorList.all.map(\.name).joined(separator: ", "))
        }
        guard fits[index].rank != nil else {
            throw ImportError(
                .unsupported, at: "predictor \"\(name)\"", found: "a model that it cannot run: \(fits[index].reason)",
                expected: "another predictor")
        }
        return index
    }
}
