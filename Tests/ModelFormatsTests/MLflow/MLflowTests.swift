import Compression
import InferenceEngine
import ModelIR
import SeededRandom
import TensorCore
import Testing

@testable import ModelFormats

/// Folders of models: MLflow's, SageMaker's, and what is none.
@Suite struct MLflowTests {
    static let cases = ParityCase.committed("mlflow")

    @Test(arguments: cases)
    func agreesWithTheLibrary(fixture: ParityCase) throws {
        let comparison = try ParityComparison(fixture)
        #expect(comparison.differences.isEmpty, "\(comparison.differences.prefix(10).joined(separator: "\n"))")
    }

    static func load(_ name: String) throws -> ImportedModel {
        let bytes = try #require(cases.first { $0.name.hasSuffix("/" + name) }).modelBytes
        return try SupportedFormats.importers.importModel(bytes.span)
    }

    @Test(arguments: [
        ("pickle_in_a_zip", "mlflow/pickle"), ("skops_in_a_compressed_tar", "mlflow/skops"),
        ("cloudpickle_of_an_array", "mlflow/pickle"), ("sagemaker", "tar-gzip/joblib"),
    ])
    func namesTheFormat(name: String, format: String) throws {
        #expect(try Self.load(name).format == format)
    }

    @Test func keepsWhatTheFolderTells() throws {
        let model = try Self.load("pickle_in_a_zip")
        #expect(
            model.steps.first
                == ModelStep(
                    path: "MLmodel", className: "MLflow 3.17.0", detail: "flavour sklearn, a signature of 6 inputs"))
        #expect(
            model.graph.example == [
                .number(6), .number(135.11), .text("wood"), .text("west"), .number(1992), .text("Bob"),
            ])
        #expect(try Self.load("without_signature").graph.example == nil)
        let parameters = try Self.load("integers_and_parameters")
        #expect(parameters.steps.first?.detail.contains("parameters \"threshold\" are not used") == true)
        #expect(parameters.graph.columns.map(\.kind) == [.int64, .float64])
    }

    /// What MLflow refuses to miss: a field that is required. One that is optional may be absent.
    @Test func tellsWhichFieldsARecordMustHave() throws {
        let all = try Self.load("pickle_in_a_zip").graph.columns
        #expect(all.contains { $0.isRequired })
        let inputs =
            "[{\"type\": \"double\", \"name\": \"a\", \"required\": true}, "
            + "{\"type\": \"double\", \"name\": \"b\", \"required\": false}]"
        let folder = Self.folder(Self.signature(inputs))
        let columns = try SupportedFormats.importers.importModel(folder.span).graph.columns
        #expect(columns.map(\.name) == ["a", "b"])
        #expect(columns.map(\.isRequired) == [true, false])
        let compiled = try ModelCompiler.compile(SupportedFormats.importers.importModel(folder.span).graph)
        #expect(compiled.layout.columns.map(\.isRequired) == [true, false])
    }

    // MARK: Folders made here

    /// An array model with two columns, as a pickle.
    private static let scaler = ScikitLearnRefusalTests.scaler(2).pickled

    private static func folder(
        _ description: String, _ files: [(path: String, contents: [UInt8])] = [("model.pkl", scaler)]
    ) -> [UInt8] {
        FolderPacking.pack([("MLmodel", Array(description.utf8))] + files)
    }

    private static func signature(_ inputs: String) -> String {
        "flavors:\n  sklearn:\n    pickled_model: model.pkl\nsignature:\n  inputs: '\(inputs)'\n"
    }

    private static func columns(_ inputs: String) throws(ImportError) -> [Column] {
        try SupportedFormats.importers.importModel(folder(signature(inputs)).span).graph.columns
    }

    @Test func takesNamesAndTypesFromTheSignature() throws {
        let columns = try Self.columns(
            #"[{"type": "long", "name": "a"}, {"type": "boolean", "name": "bé", "required": false}]"#)
        #expect(columns.map(\.name) == ["a", "bé"])
        #expect(columns.map(\.kind) == [.int64, .float64])
        #expect(try Self.columns(#"[{"type": "double"}, {"type": "float"}]"#).map(\.name) == [nil, nil])
        #expect(
            try Self.columns(#"[{"type": "double", "name": "a"}, {"type": "float", "name": "a"}]"#).map(\.name) == [
                nil, nil,
            ])
        let tensor = #"[{"type": "tensor", "tensor-spec": {"dtype": "float64", "shape": [-1, 2]}}]"#
        #expect(try Self.columns(tensor).map(\.kind) == [.float64, .float64])
    }

    @Test(arguments: [
        "", "{", "[]", "[1]", #"[{"type": "double", "name": "a"}]"#,
        #"[{"type": "double", "name": "a"}, {"type": "string", "name": "b"}]"#,
        #"[{"type": "double", "name": "a"}, {"type": "datetime", "name": "b"}]"#,
        #"[{"type": "tensor", "tensor-spec": {"dtype": "float64", "shape": [-1, 3]}}]"#,
        #"[{"type": "tensor", "tensor-spec": {"dtype": "float64", "shape": [-1]}}]"#,
    ])
    func refusesASignatureThatIsNotTheModels(inputs: String) throws {
        let error = try #require(importError { _ = try Self.columns(inputs) })
        #expect(error.place.hasPrefix("MLmodel, signature.inputs"), "\(error)")
    }

    @Test func keepsColumnsThatOnlyTheSignatureHas() throws {
        let named = PythonValue.estimator(
            "preprocessing._data.StandardScaler",
            [
                ("with_mean", .boolean(true)), ("with_std", .boolean(true)), ("n_features_in_", .integer(1)),
                ("feature_names_in_", .objects([.text("x")])), ("mean_", .vector([0])), ("scale_", .vector([1])),
            ]
        ).pickled
        let inputs = #"[{"type": "string", "name": "id"}, {"type": "double", "name": "x"}]"#
        let bytes = Self.folder(Self.signature(inputs), [("model.pkl", named)])
        let columns = try SupportedFormats.importers.importModel(bytes.span).graph.columns
        #expect(columns.map(\.name) == ["x", "id"])
        #expect(columns.map(\.isUsed) == [true, false])
        let other = Self.folder(Self.signature(#"[{"type": "double", "name": "y"}]"#), [("model.pkl", named)])
        let error = try #require(importError { _ = try SupportedFormats.importers.importModel(other.span) })
        #expect(error.found == "no column \"x\"")
    }

    @Test(arguments: [
        ("flavors:\n  python_function:\n    loader_module: mlflow.pyfunc.model\n", "a python_function only"),
        ("flavors:\n  onnx:\n    data: model.onnx\n  python_function: {}\n", "the flavour onnx"),
        ("flavors:\n  pytorch:\n    model_data: data\n", "the flavour pytorch"), ("a: 1\n", "no flavors"),
        ("", "no flavors"),
        ("flavors:\n  sklearn:\n    code: null\n", "no pickled_model"),
        ("flavors:\n  sklearn:\n    pickled_model: gone.pkl\n", "no such file in the folder"),
        ("flavors:\n  sklearn:\n    pickled_model: ../model.pkl\n", "no such file in the folder"),
    ])
    func refusesOtherFlavours(description: String, found: String) throws {
        let bytes = Self.folder(description)
        let error = try #require(importError { _ = try SupportedFormats.importers.importModel(bytes.span) })
        #expect(error.found == found)
        #expect(error.place.contains("MLmodel") || error.place.contains(".pkl"))
    }

    @Test func appliesABundlesDescription() throws {
        let description = Array(#"{"vencejo": 1, "name": "scaled", "artifact": "b.pkl"}"#.utf8)
        let bundle = FolderPacking.pack([("vencejo.json", description), ("a.pkl", Self.scaler), ("b.pkl", Self.scaler)])
        let model = try SupportedFormats.importers.importModel(bundle.span)
        #expect(model.metadata.name == "scaled")
        #expect(model.format == "tar/pickle")
        let mlflow = Self.folder(
            Self.signature(#"[{"type": "long", "name": "a"}, {"type": "double", "name": "b"}]"#),
            [
                ("model.pkl", Self.scaler), ("vencejo.json", Array(#"{"vencejo": 1, "name": "x"}"#.utf8)),
                ("input_example.json", Array(#"{"columns": ["b", "a"], "data": [[1.5, 2], [0, 0]]}"#.utf8)),
            ])
        let other = try SupportedFormats.importers.importModel(mlflow.span)
        #expect(other.metadata.name == "x")
        #expect(other.format == "mlflow/pickle")
        #expect(other.graph.example == [.integer(2), .number(1.5)])
    }

    @Test(arguments: [
        "", "[1]", "[[1]]", "{", #"{"columns": ["a", "b"], "data": [["x", 1]]}"#, #"{"inputs": {"a": [1]}}"#,
        #"{"dataframe_split": {"dataframe_split": {"data": {"data": [[1, 2]]}}}}"#,
    ])
    func leavesOutExamplesThatDoNotFit(text: String) throws {
        let columns = [Column(name: "a", kind: .float64), Column(name: "b", kind: .float64)]
        #expect(MLflowExample.read(Array(text.utf8).span, for: columns) == nil)
        #expect(MLflowExample.read(Array("[[1, null], [2]]".utf8).span, for: columns) == [.integer(1), .missing])
    }

    @Test func routesTheFileByItsContent() throws {
        let xgboost = try XGBoostFixture(#require(XGBoostFixture.names.first))
        let bytes = Self.folder(
            "flavors:\n  xgboost:\n    data: model.xgb\n    model_format: ubj\n", [("model.xgb", xgboost.model)])
        #expect(try SupportedFormats.importers.importModel(bytes.span).format.hasPrefix("mlflow/xgboost"))
    }

    @Test func namesTheFileOfAnError() throws {
        let bytes = Self.folder(Self.signature("[]"), [("model.pkl", Array("cos\nsystem\n.".utf8))])
        let error = try #require(importError { _ = try SupportedFormats.importers.importModel(bytes.span) })
        #expect(error.place == "model.pkl, byte 0 (GLOBAL)")
    }

    @Test func refusesFoldersWithoutOneModel() throws {
        let files: [[(path: String, contents: [UInt8])]] = [
            [], [("readme.txt", Array("click\nnumpy".utf8) + [0x20])],
            [("a.pkl", Self.scaler), ("b.pkl", Self.scaler)],
        ]
        for folder in files {
            let bytes = FolderPacking.pack(folder)
            #expect(importError { _ = try SupportedFormats.importers.importModel(bytes.span) } != nil)
        }
        let one = FolderPacking.pack([("._a.pkl", [1]), ("x/a.pkl", Self.scaler), ("x/code/a.py", Array("(".utf8))])
        #expect(try SupportedFormats.importers.importModel(one.span).format == "tar/pickle")
    }

    @Test(arguments: ["pickle_in_a_zip", "skops_in_a_compressed_tar", "cloudpickle_of_an_array", "sagemaker"])
    func refusesEveryTruncation(name: String) throws {
        let bytes = try #require(Self.cases.first { $0.name.hasSuffix("/" + name) }).modelBytes
        for length in stride(from: 0, to: bytes.count, by: 11) {
            let cut = Array(bytes[..<length])
            #expect(importError { try SkopsTests.load(cut) } != nil, "\(length) of \(bytes.count) bytes")
        }
    }

    @Test(.timeLimit(.minutes(5))) func survivesMutation() throws {
        let original = Self.folder(
            Self.signature(#"[{"type": "long", "name": "a"}, {"type": "double", "name": "b"}]"#))
        let seed = UInt64.random(in: 0..<1 << 32)
        print("mutating a folder from seed \(seed)")
        var generator = SeededGenerator(seed: seed)
        let text = Self.signature("").utf8.count
        for _ in 0..<500 {
            var bytes = original
            // The description stands in the second block.
            bytes[512 + Int.random(in: 0..<text + 60, using: &generator)] = UInt8.random(in: 0...255, using: &generator)
            _ = importError { try SkopsTests.load(bytes) }
        }
    }
}
