package import ModelIR

/// Imports the model texts of LightGBM, formats v2 to v4: every objective, random forests and DART, categories, linear
/// trees, and the category tables that the Python package writes behind them.
///
/// Memory is proportional to the file. Nothing in it is trusted: see `LightGBMTree` and `TreeEnsemble.verify`.
package struct LightGBMImporter: ModelImporter {
    package init() {}

    package var name: String { "lightgbm" }

    /// Whether the first line is `tree`.
    package func recognizes(_ bytes: Span<UInt8>) -> Bool {
        let start = Array("tree".utf8)
        guard bytes.count > start.count, start.indices.allSatisfy({ bytes[$0] == start[$0] }) else { return false }
        return bytes[4] == UInt8(ascii: "\n") || bytes[4] == UInt8(ascii: "\r")
    }

    package func importModel(_ bytes: Span<UInt8>) throws(ImportError) -> ImportedModel {
        try importModel(bytes, options: ImportOptions())
    }

    package func importModel(_ bytes: Span<UInt8>, options: ImportOptions) throws(ImportError) -> ImportedModel {
        let model = try LightGBMModel(LightGBMText(bytes), rounds: options.iterationRange)
        var graph = BoosterGraph(model.columns)
        let input = graph.input()
        let methods = try model.methods(on: input, as: .booster, path: "model", in: &graph)
        graph.add(outputs: methods.outputs)
        return ImportedModel(
            graph: graph.graph, format: "lightgbm-text", producer: "LightGBM \(model.version)",
            steps: model.steps(path: "model"))
    }
}
