/// A step of the saved model as its author sees it: for `inspect`, the model page and refusals.
package struct ModelStep: Sendable, Hashable {
    /// Where in the saved object, such as `pipeline/preprocess/numeric/scale`.
    package let path: String
    /// The class or booster, such as `StandardScaler` or `gbtree`.
    package let className: String
    /// What is worth telling, such as `13 features` or `100 trees, 10,626 nodes`.
    package let detail: String

    package init(path: String, className: String, detail: String) {
        self.path = path
        self.className = className
        self.detail = detail
    }
}

/// What an importer makes of a file.
package struct ImportedModel: Sendable {
    package let graph: ImportedGraph
    /// The file's format, such as `pickle` or `xgboost-ubjson`.
    package let format: String
    /// The library that wrote it, with its version where the file tells, such as `scikit-learn 1.7.2`.
    package let producer: String
    package let steps: [ModelStep]

    package init(graph: ImportedGraph, format: String, producer: String, steps: [ModelStep]) {
        self.graph = graph
        self.format = format
        self.producer = producer
        self.steps = steps
    }
}

/// Reads one family of model files. A pure function of the bytes: total, bounded, and it executes nothing.
package protocol ModelImporter: Sendable {
    /// The family, such as `xgboost`.
    var name: String { get }

    /// Whether the bytes look like this family's, decided by content and never by file name. Cheap: looks at the
    /// first bytes.
    func recognizes(_ bytes: Span<UInt8>) -> Bool

    func importModel(_ bytes: Span<UInt8>) throws(ImportError) -> ImportedModel
}

/// The importers of a process, in the order in which they are asked.
package struct ModelImporterList: Sendable {
    private let importers: [any ModelImporter]

    package init(_ importers: [any ModelImporter]) {
        self.importers = importers
    }

    /// Imports with the first importer that recognises the bytes.
    package func importModel(_ bytes: Span<UInt8>) throws(ImportError) -> ImportedModel {
        for importer in importers where importer.recognizes(bytes) {
            return try importer.importModel(bytes)
        }
        throw ImportError(
            .unknownFormat, at: "byte 0", found: bytes.isEmpty ? "an empty file" : Self.firstBytes(bytes),
            expected: "a model file that \(importers.map(\.name).joined(separator: " or ")) has saved",
            remedy:
                "pickle, joblib, XGBoost, LightGBM and CatBoost files are read; what a file is called does not matter")
    }

    private static func firstBytes(_ bytes: Span<UInt8>) -> String {
        let count = min(8, bytes.count)
        if (0..<count).allSatisfy({ (0x20...0x7e).contains(bytes[$0]) }) {
            return "the text \"" + String(decoding: (0..<count).map { bytes[$0] }, as: UTF8.self) + "...\""
        }
        var text = ""
        for index in 0..<count {
            let hex = String(bytes[index], radix: 16)
            text += (index == 0 ? "" : " ") + (hex.count == 1 ? "0" + hex : hex)
        }
        return "the bytes " + text
    }
}
