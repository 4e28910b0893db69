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
    package var graph: ImportedGraph
    /// The file's format, such as `pickle` or `xgboost-ubjson`.
    package let format: String
    /// The library that wrote it, with its version where the file tells, such as `scikit-learn 1.7.2`.
    package let producer: String
    package let steps: [ModelStep]
    /// What the bundle around the file tells, if there is one.
    package var metadata = ModelMetadata()

    package init(graph: ImportedGraph, format: String, producer: String, steps: [ModelStep]) {
        self.graph = graph
        self.format = format
        self.producer = producer
        self.steps = steps
    }

    /// The same model with what the folder tells that its file lay in.
    package func inFolder(
        format: String, graph: ImportedGraph? = nil, steps: [ModelStep]? = nil
    ) -> ImportedModel {
        var model = ImportedModel(
            graph: graph ?? self.graph, format: format, producer: producer, steps: steps ?? self.steps)
        model.metadata = metadata
        return model
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

    /// The same with options; a family that does not know one refuses it.
    func importModel(_ bytes: Span<UInt8>, options: ImportOptions) throws(ImportError) -> ImportedModel
}

extension ModelImporter {
    package func importModel(_ bytes: Span<UInt8>, options: ImportOptions) throws(ImportError) -> ImportedModel {
        if let range = options.iterationRange {
            throw ImportOptions.refusal(
                of: range, found: "a model without boosting rounds", expected: "XGBoost, LightGBM or CatBoost")
        }
        return try importModel(bytes)
    }
}

/// The importers of a process, in the order in which they are asked.
package struct ModelImporterList: Sendable {
    private let importers: [any ModelImporter]
    private let strangers: [StrangeFile]

    /// - Parameter strangers: files that come instead of a model's, for refusals that say what they are.
    package init(_ importers: [any ModelImporter], strangers: [StrangeFile] = []) {
        self.importers = importers
        self.strangers = strangers
    }

    /// The importers of both, in this order.
    package static func + (first: ModelImporterList, second: ModelImporterList) -> ModelImporterList {
        ModelImporterList(first.importers + second.importers, strangers: first.strangers + second.strangers)
    }

    /// Whether one of the importers recognises the bytes.
    package func recognizes(_ bytes: Span<UInt8>) -> Bool {
        for importer in importers where importer.recognizes(bytes) { return true }
        return false
    }

    /// Imports with the first importer that recognises the bytes.
    package func importModel(
        _ bytes: Span<UInt8>, options: ImportOptions = ImportOptions()
    ) throws(ImportError) -> ImportedModel {
        for importer in importers where importer.recognizes(bytes) {
            return try importer.importModel(bytes, options: options)
        }
        let stranger = strangers.first { $0.recognizes(bytes) }
        throw ImportError(
            .unknownFormat, at: "byte 0",
            found: bytes.isEmpty ? "an empty file" : stranger?.title ?? Self.firstBytes(bytes),
            expected: "a model file that \(names) has saved",
            remedy: stranger?.remedy ?? "`vencejo formats` lists what is read; what a file is called does not matter")
    }

    /// Such as `skops, xgboost or catboost`.
    private var names: String {
        let names = importers.map(\.name)
        return names.dropLast().joined(separator: ", ") + (names.count > 1 ? " or " : "") + (names.last ?? "")
    }

    private static let textBytesShown = 32

    /// The first word if it is text, else the first eight bytes. No more of it: an answer repeats no paths.
    private static func firstBytes(_ bytes: Span<UInt8>) -> String {
        var word: [UInt8] = []
        while word.count < min(textBytesShown, bytes.count), (0x21...0x7e).contains(bytes[word.count]) {
            word.append(bytes[word.count])
        }
        let isAll = word.count == bytes.count
        let isLine = !isAll && (bytes[word.count] == 0x0a || bytes[word.count] == 0x0d)
        let isWord = !isAll && bytes[word.count] == 0x20
        if word.count >= 8 || isAll || isLine || (isWord && !word.isEmpty) {
            return "the text \"\(String(decoding: word, as: UTF8.self))\(isAll || isLine ? "" : "...")\""
        }
        var text = ""
        for index in 0..<min(8, bytes.count) {
            let hex = String(bytes[index], radix: 16)
            text += (index == 0 ? "" : " ") + (hex.count == 1 ? "0" + hex : hex)
        }
        return "the bytes " + text
    }
}
