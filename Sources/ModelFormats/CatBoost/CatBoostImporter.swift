package import ModelIR

/// Imports CatBoost's models, `.cbm` and the JSON export: numeric and categorical features, one-hot and by target
/// statistics, trees symmetric or not.
///
/// Memory is proportional to the file. Nothing in it is trusted: see `FlatBuffer` and `TreeEnsemble.verify`.
package struct CatBoostImporter: ModelImporter {
    package init() {}

    package var name: String { "catboost" }

    package func recognizes(_ bytes: Span<UInt8>) -> Bool {
        Self.isBinary(bytes) || Self.isDocument(bytes)
    }

    package func importModel(_ bytes: Span<UInt8>) throws(ImportError) -> ImportedModel {
        try importModel(bytes, options: ImportOptions())
    }

    package func importModel(_ bytes: Span<UInt8>, options: ImportOptions) throws(ImportError) -> ImportedModel {
        let isBinary = Self.isBinary(bytes)
        let model = try CatBoostModel(
            isBinary ? CatBoostBinaryReader.read(bytes) : CatBoostJSONReader.read(bytes),
            rounds: options.iterationRange)
        var graph = BoosterGraph(model.columns)
        func select(_ columns: [Int], _ graph: inout BoosterGraph) -> ValueID? {
            columns.isEmpty ? nil : graph.add(.selectColumns(columns), [], width: columns.count, path: "input")
        }
        let numbers = select(model.floatColumns, &graph)
        let texts = select(model.categoryColumns, &graph)
        graph.add(outputs: try model.methods(numbers: numbers, texts: texts, path: "model", in: &graph).outputs)
        return ImportedModel(
            graph: graph.graph, format: isBinary ? "catboost-cbm" : "catboost-json", producer: "CatBoost",
            steps: model.steps)
    }

    static func isBinary(_ bytes: Span<UInt8>) -> Bool { hasText("CBM1", bytes, at: 0) }

    /// Whether the document's first key is one of CatBoost's.
    private static func isDocument(_ bytes: Span<UInt8>) -> Bool {
        func endOfSpaces(from start: Int) -> Int {
            var index = start
            while index < bytes.count, [0x20, 0x09, 0x0A, 0x0D].contains(bytes[index]) { index += 1 }
            return index
        }
        var index = endOfSpaces(from: 0)
        guard index < bytes.count, bytes[index] == UInt8(ascii: "{") else { return false }
        index = endOfSpaces(from: index + 1)
        let keys = ["ctr_data", "features_info", "model_info", "oblivious_trees", "scale_and_bias", "trees"]
        return keys.contains { hasText("\"\($0)\"", bytes, at: index) }
    }

    private static func hasText(_ text: String, _ bytes: Span<UInt8>, at start: Int) -> Bool {
        var index = start
        for byte in text.utf8 {
            guard index < bytes.count, bytes[index] == byte else { return false }
            index += 1
        }
        return true
    }
}
