internal import ModelIR
internal import TensorCore

/// Imports the folder of an MLflow model (versions 1 to 3): `MLmodel`, the file of one flavour, perhaps an example.
struct MLflowImport: ~Escapable {
    private let folder: ModelFolder
    private let importers: ModelImporterList

    /// Flavours that are served, and the key of each that names its file.
    private static let flavours = [
        ("sklearn", "pickled_model"), ("xgboost", "data"), ("lightgbm", "data"), ("catboost", "data"),
    ]
    private static let wholeNumberTypes = ["integer", "long", "boolean"]
    private static let exampleBytesMax = 1 << 20
    private static let fileName = "MLmodel"

    @_lifetime(copy folder)
    init(_ folder: consuming ModelFolder, _ importers: ModelImporterList) {
        self.folder = folder
        self.importers = importers
    }

    func model(_ options: ImportOptions) throws(ImportError) -> ImportedModel {
        let bytes = try folder.contents(of: Self.fileName) ?? []
        let description = try YAMLReader.read(bytes, name: Self.fileName)
        let (flavour, file) = try self.file(description)
        let model = try folder.importModel(file, with: importers, options)

        var details = ["flavour \(flavour)"]
        var columns = model.graph.columns
        if let text = description["signature"]?["inputs"]?.text {
            let signature = try MLflowSignature(text, place: "\(Self.fileName), signature.inputs")
            columns = try merged(columns, with: signature.inputs)
            details.append("a signature of \(signature.inputs.count) inputs")
        }
        if let parameters = description["signature"]?["params"]?.text, let names = Self.parameterNames(parameters) {
            // Parameters change how a custom model predicts; those of the served flavours have none of their own.
            details.append("parameters \(names) are not used")
        }
        let version = description["mlflow_version"]?.text.map { "MLflow \($0.prefix(40))" } ?? "MLflow"
        let step = ModelStep(path: Self.fileName, className: version, detail: details.joined(separator: ", "))
        var graph = model.graph.replacing(columns: columns)
        if let example = try example(description, for: columns) { graph.example = example }
        return model.inFolder(format: "mlflow/" + model.format, graph: graph, steps: [step] + model.steps)
    }

    // MARK: The file

    /// The flavour that is served and its file.
    private func file(_ description: YAMLValue) throws(ImportError) -> (flavour: String, path: String) {
        guard let flavours = description["flavors"] else {
            throw ImportError(
                .malformed, at: Self.fileName, found: "no flavors", expected: "what MLflow's save_model writes")
        }
        for (name, key) in Self.flavours {
            guard let flavour = flavours[name] else { continue }
            guard
                let path = flavour[key]?.text ?? flavours["python_function"]?["model_path"]?.text
                    ?? flavours["python_function"]?["data"]?.text
            else {
                throw ImportError(
                    .malformed, at: "\(Self.fileName), flavors.\(name)", found: "no \(key)",
                    expected: "the path of the model's file")
            }
            return (name, path)
        }
        let names = flavours.keys.filter { $0 != "python_function" }.prefix(8)
        let found = names.isEmpty ? "a python_function only" : "the flavour " + names.joined(separator: ", ")
        throw ImportError(
            .unsupported, at: "\(Self.fileName), flavors", found: found,
            expected: Self.flavours.map(\.0).joined(separator: ", "),
            remedy: names.isEmpty
                ? "a custom Python model is code, which is not run; log the model within by mlflow.sklearn or its like"
                : "log the model by its own library's flavour, such as mlflow.sklearn or mlflow.xgboost")
    }

    /// The first record of the input that the model was logged with.
    private func example(_ description: YAMLValue, for columns: [Column]) throws(ImportError) -> [CellValue]? {
        let info = description["saved_input_example_info"]
        for path in [
            info?["serving_input_path"]?.text, "serving_input_example.json", info?["artifact_path"]?.text,
            "input_example.json",
        ] {
            guard let path, path.hasSuffix(".json") else { continue }
            guard let contents = try folder.contents(of: path, bytesMax: Self.exampleBytesMax) else { continue }
            if let cells = MLflowExample.read(contents.span, for: columns) { return cells }
        }
        return nil
    }

    /// The names in `[{"name": "a", ...}]`, for `inspect`; nil if there are none.
    private static func parameterNames(_ text: String) -> String? {
        guard let signature = try? MLflowSignature(text, place: "") else { return nil }
        let names = signature.inputs.compactMap(\.name)
        return names.isEmpty ? nil : names.prefix(8).map { "\"\($0.prefix(40))\"" }.joined(separator: ", ")
    }

    // MARK: The signature

    /// The model's columns with what the signature tells of them.
    ///
    /// The model's own names stand: a column that it reads has to be in the signature, and be of a type that it can
    /// read. A model without names takes the signature's, by position. Columns that only the signature has are added as
    /// columns that nothing reads, so that a record may hold them. A field that is `required` has to be in each record,
    /// as MLflow sees to; whether its value may be missing is up to the steps that read it, as it is in Python.
    private func merged(
        _ columns: [Column], with inputs: [MLflowSignature.Input]
    ) throws(ImportError) -> [Column] {
        let place = "\(Self.fileName), signature.inputs"
        if let tensor = inputs.first(where: { $0.shape != nil }) {
            guard inputs.count == 1, let shape = tensor.shape, shape.count == 2,
                shape[1] < 0 || shape[1] == Int64(columns.count)
            else {
                throw ImportError(
                    .unsupported, at: place,
                    found: inputs.count == 1 ? "a tensor of shape \(tensor.shape ?? [])" : "\(inputs.count) tensors",
                    expected: "one of shape [-1, \(columns.count)], as the model takes")
            }
            return columns
        }
        let isNamed = columns.allSatisfy { $0.name != nil }
        guard isNamed, inputs.allSatisfy({ $0.name != nil }) else {
            return try mergedByPosition(columns, with: inputs, place: place)
        }
        var byName: [String: MLflowSignature.Input] = [:]
        for input in inputs { byName[input.name ?? ""] = input }
        var result: [Column] = []
        for column in columns {
            let name = column.name ?? ""
            guard let input = byName.removeValue(forKey: name) else {
                guard !column.isUsed else {
                    throw ImportError(
                        .malformed, at: place, found: "no column \"\(name)\"", expected: "every column of the model",
                        remedy: "log the model again with the signature of the frame that it was fitted on")
                }
                result.append(column)
                continue
            }
            result.append(try typed(column, name: name, by: input, place: place))
        }
        for input in inputs {
            guard let name = input.name, byName.removeValue(forKey: name) != nil else { continue }
            var column = Column(name: name, kind: input.type == "string" ? .string : .float64, isUsed: false)
            column.isRequired = input.isRequired
            result.append(column)
        }
        return result
    }

    private func mergedByPosition(
        _ columns: [Column], with inputs: [MLflowSignature.Input], place: String
    ) throws(ImportError) -> [Column] {
        guard inputs.count == columns.count else {
            throw ImportError(
                .malformed, at: place, found: "\(inputs.count) columns",
                expected: "\(columns.count), as the model takes")
        }
        // Names that two columns share are no names.
        let names = inputs.compactMap(\.name)
        let isUnique = names.count == inputs.count && Set(names).count == names.count
        var result: [Column] = []
        for (column, input) in zip(columns, inputs) {
            let name = column.name ?? (isUnique ? input.name : nil)
            result.append(try typed(column, name: name, by: input, place: place))
        }
        return result
    }

    private func typed(
        _ column: Column, name: String?, by input: MLflowSignature.Input, place: String
    ) throws(ImportError) -> Column {
        let kind: ColumnKind?
        switch input.type {
        case _ where column.takesWholeNumbersAsText && Self.wholeNumberTypes.contains(input.type): kind = .string
        case "integer", "long": kind = column.kind == .string ? nil : .int64
        case "float", "double", "boolean": kind = column.kind == .string ? nil : .float64
        case "string": kind = column.kind == .string ? .string : nil
        default: kind = nil
        }
        guard let kind = kind ?? (column.isUsed ? nil : column.kind) else {
            throw ImportError(
                .unsupported, at: "\(place), \"\(name ?? "-")\"", found: "the type \(input.type.prefix(40))",
                expected: column.kind == .string ? "string, as the model reads it" : "a number, as the model reads it",
                remedy: "log the model again with the signature of the frame that it was fitted on")
        }
        var typed = Column(
            name: name, kind: kind, acceptsMissing: column.acceptsMissing, isUsed: column.isUsed,
            categories: column.categories)
        typed.range = column.range
        typed.takesWholeNumbersAsText = column.takesWholeNumbersAsText
        typed.takesBlanksForUnderscores = column.takesBlanksForUnderscores
        typed.isRequired = input.isRequired && typed.name != nil
        return typed
    }
}
