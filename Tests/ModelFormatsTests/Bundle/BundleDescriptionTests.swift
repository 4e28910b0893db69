import InferenceEngine
import ModelIR
import TensorCore
import Testing

@testable import ModelFormats

/// `vencejo.json` and what it makes of the model beside it.
@Suite struct BundleDescriptionTests {
    /// Two named columns; their sum's logistic function is the second class's probability.
    private static func model() -> ImportedModel {
        var graph = ImportedGraph(columns: [
            Column(name: "a", kind: .float64), Column(name: "b", kind: .float64),
        ])
        let input = graph.append(.selectColumns([0, 1]), path: "model")
        let gemm = Gemm(weights: [1, 1], bias: [0], inputWidth: 2)
        let score = graph.append(.gemm(gemm), [input], path: "model")
        let label = graph.append(.greater(threshold: 0), [score], path: "model")
        let one = graph.append(.activation(.logistic), [score], path: "model")
        let both = graph.append(.binaryProbabilities, [one], path: "model")
        let labels = ClassLabels.integers([0, 1])
        graph.addOutput(GraphOutput(name: "prediction", value: label, meaning: .label(labels)))
        graph.addOutput(
            GraphOutput(name: "probabilities", value: both, meaning: .probabilities(labels), isVector: true))
        graph.addOutput(
            GraphOutput(name: "decision_function", value: score, meaning: .values, isDefault: false))
        return ImportedModel(graph: graph, format: "test", producer: "test", steps: [])
    }

    private static func apply(_ members: String) throws(ImportError) -> ImportedModel {
        let text = Array("{\"vencejo\": 1\(members.isEmpty ? "" : ", ")\(members)}".utf8)
        return try BundleDescription(text.span).applied(to: model())
    }

    private static func label(_ model: ImportedModel, _ cells: [CellValue]) throws -> String {
        let compiled = try ModelCompiler.compile(model.graph)
        var batch = RowBatch(layout: compiled.layout)
        #expect(batch.append(cells) == nil)
        var output = OutputBatch(fields: compiled.signature.outputs)
        compiled.predictor.predict(batch, into: &output, using: compiled.predictor.makeWorkspace())
        let field = try #require(compiled.signature.outputs.firstIndex { $0.name == "prediction" })
        guard case .label(let labels) = compiled.signature.outputs[field].kind else { return "" }
        return labels.text(at: Int(output.values[field].labels[0]))
    }

    @Test func changesNothingByItself() throws {
        let model = try Self.apply("")
        #expect(model.graph.outputs.map(\.name) == ["prediction", "probabilities", "decision_function"])
        #expect(model.graph.outputs.map(\.isDefault) == [true, true, false])
        #expect(model.graph.recordPolicy == RecordPolicy())
        #expect(model.metadata.goldenRows.isEmpty)
    }

    @Test func tellsNameNotesRangesAndPolicies() throws {
        let model = try Self.apply(
            """
            "name": "churn", "metadata": {"owner": "growth", "commit": "ab12"}, "unknown_fields": "ignore",
            "absent_fields": "refuse", "columns": {"b": {"minimum": -1, "maximum": 2.5}},
            "histograms": {"a": {"edges": [0, 1, 2], "counts": [3, 4], "missing": 1}}
            """)
        #expect(model.metadata.name == "churn")
        #expect(model.metadata.notes.map(\.name) == ["owner", "commit"])
        #expect(model.graph.recordPolicy == RecordPolicy(unknownFields: .ignore, absentFields: .refuse))
        #expect(model.graph.columns[1].range == -1...2.5)
        #expect(model.metadata.histograms.first?.counts == [3, 4])
    }

    @Test func choosesTheOutputs() throws {
        let model = try Self.apply("\"outputs\": [\"decision_function\"]")
        let compiled = try ModelCompiler.compile(model.graph)
        #expect(compiled.signature.outputs.map(\.name) == ["decision_function"])
    }

    /// The threshold belongs to the second class, as in `FixedThresholdClassifier`.
    @Test func predictsTheSecondClassFromTheThresholdOn() throws {
        // The logistic function of 0 is exactly one half.
        #expect(try Self.label(Self.apply("\"threshold\": 0.5"), [.number(0), .number(0)]) == "1")
        #expect(try Self.label(Self.apply(""), [.number(0), .number(0)]) == "0")
        #expect(try Self.label(Self.apply("\"threshold\": 0.9"), [.number(1), .number(1)]) == "0")
        #expect(try Self.label(Self.apply("\"threshold\": 0.1"), [.number(-1), .number(-1)]) == "1")
    }

    /// A booster's own prediction is a value: no threshold would change it.
    @Test func refusesAThresholdForAModelWithoutALabel() throws {
        var model = Self.model()
        model.graph.setOutputs(model.graph.outputs.filter { $0.name != "prediction" })
        let text = Array("{\"vencejo\": 1, \"threshold\": 0.5}".utf8)
        let error = try #require(throws: ImportError.self) { try BundleDescription(text.span).applied(to: model) }
        #expect(error.place == "vencejo.json threshold")
    }

    /// A row takes a value a column, however few of them it names.
    @Test func boundsTheValuesOfGoldenRows() throws {
        let columns = (0..<1_000).map { Column(name: "c\($0)", kind: .float64) }
        var graph = ImportedGraph(columns: columns)
        let input = graph.append(.selectColumns([0]), path: "model")
        graph.addOutput(GraphOutput(name: "prediction", value: input, meaning: .values))
        let model = ImportedModel(graph: graph, format: "test", producer: "test", steps: [])
        let rows = [String](repeating: "{\"input\": {}}", count: 1_100).joined(separator: ",")
        let text = Array("{\"vencejo\": 1, \"golden\": {\"rows\": [\(rows)]}}".utf8)
        let error = try #require(throws: ImportError.self) { try BundleDescription(text.span).applied(to: model) }
        #expect(error.kind == .limit)
    }

    @Test func renamesLabels() throws {
        let model = try Self.apply("\"labels\": {\"0\": \"stays\", \"1\": \"leaves\"}, \"threshold\": 0.3")
        #expect(try Self.label(model, [.number(1), .number(1)]) == "leaves")
        let outputs = try ModelCompiler.compile(model.graph).signature.outputs
        #expect(outputs[1].kind == .probabilities(.strings(["stays", "leaves"]), .float64))
    }

    @Test func checksGoldenRows() throws {
        let rows = """
            {"input": {"a": 0, "b": 0}, "expected": {"probabilities": {"0": 0.5, "1": 0.5}, "prediction": 0}},
            {"input": [1, 1], "expected": {"prediction": 1,
                "probabilities": [0.11920292202211755, 0.8807970779778824]}},
            {"input": [3, 1]}
            """
        let model = try Self.apply("\"golden\": {\"tolerance\": 1e-9, \"rows\": [\(rows)]}")
        let report = try GoldenCheck.run(model.metadata, on: ModelCompiler.compile(model.graph))
        #expect(report.rowCount == 3)
        #expect(report.worstError < 1e-14)
        // The first one is the example.
        #expect(model.graph.example == [.integer(0), .integer(0)])
    }

    @Test(arguments: [
        ("{\"input\": [1, 1], \"expected\": {\"prediction\": 0}}", "golden.rows[0].expected.prediction"),
        ("{\"input\": [1, 1], \"expected\": {\"probabilities\": [0.5, 0.5]}}", "golden.rows[0].expected.probabilities"),
        (
            "{\"input\": [1, 1], \"expected\": {\"probabilities\": {\"1\": 0.5}}}",
            "golden.rows[0].expected.probabilities.1"
        ),
        (
            "{\"input\": [1, 1], \"expected\": {\"probabilities\": {\"2\": 0.5}}}",
            "golden.rows[0].expected.probabilities"
        ),
        ("{\"input\": [1, \"x\"]}", "golden.rows[0].input.b"), ("{\"input\": [1, null]}", "golden.rows[0].input.b"),
    ])
    func refusesAModelThatAnswersOtherwise(row: String, place: String) throws {
        let model = try Self.apply("\"golden\": {\"rows\": [\(row)]}")
        let compiled = try ModelCompiler.compile(model.graph)
        let error = #expect(throws: ImportError.self) { try GoldenCheck.run(model.metadata, on: compiled) }
        #expect(error?.place == place)
    }

    @Test(arguments: [
        ("\"nme\": \"x\"", "nme"), ("\"name\": 1", "name"), ("\"name\": \"x\", \"name\": \"y\"", "name"),
        ("\"threshold\": 1", "threshold"), ("\"threshold\": \"x\"", "threshold"),
        ("\"outputs\": [\"score\"]", "outputs"), ("\"outputs\": []", "outputs"),
        ("\"labels\": {\"2\": \"x\"}", "labels"), ("\"labels\": {\"0\": \"1\"}", "labels"),
        ("\"unknown_fields\": \"maybe\"", "unknown_fields"),
        ("\"columns\": {\"c\": {\"minimum\": 0, \"maximum\": 1}}", "columns.c"),
        ("\"columns\": {\"a\": {\"minimum\": 2, \"maximum\": 1}}", "columns.a"),
        ("\"columns\": {\"a\": {\"min\": 2}}", "columns.a.min"),
        ("\"golden\": {\"rows\": [{}]}", "golden.rows[0]"),
        ("\"golden\": {\"rows\": [{\"input\": [1]}]}", "golden.rows[0].input"),
        ("\"golden\": {\"rows\": [{\"input\": {\"z\": 1}}]}", "golden.rows[0].input.z"),
        ("\"golden\": {\"rows\": [{\"input\": [1, 2], \"expected\": {\"x\": 1}}]}", "golden.rows[0].expected.x"),
        ("\"golden\": {\"rows\": [{\"input\": [1, 2], \"expected\": {}}]}", "golden.rows[0].expected"),
        (
            "\"golden\": {\"rows\": [{\"input\": [1, 2], \"expected\": {\"probabilities\": {}}}]}",
            "golden.rows[0].expected.probabilities"
        ),
        ("\"golden\": {\"tolerance\": -1}", "golden.tolerance"),
        ("\"histograms\": {\"a\": {\"edges\": [0, 1], \"counts\": [1, 2]}}", "histograms.a"),
        ("\"histograms\": {\"a\": {\"edges\": [1, 0], \"counts\": [1]}}", "histograms.a"),
        ("\"histograms\": {\"a\": {\"counts\": [1]}}", "histograms.a"),
        ("\"histograms\": {\"q\": {\"edges\": [0, 1], \"counts\": [1]}}", "histograms.q"),
    ])
    func refusesWithTheKey(members: String, key: String) throws {
        let error = try #require(throws: ImportError.self) { try Self.apply(members) }
        #expect(error.place.hasPrefix("vencejo.json \(key)"), "\(error)")
    }

    @Test(arguments: ["{}", "{\"vencejo\": 2}", "[]", "", "{\"vencejo\": 1} x", "{\"vencejo\": 1"])
    func refusesAnotherVersionOrNoJSON(text: String) throws {
        let bytes = Array(text.utf8)
        let error = try #require(throws: ImportError.self) { try BundleDescription(bytes.span) }
        #expect(error.place.hasPrefix("vencejo.json"), "\(error)")
    }

    @Test func tellsOptionsOfTheImport() throws {
        func options(_ text: String) throws(ImportError) -> ImportOptions {
            let bytes = Array("{\"vencejo\": 1, \"options\": \(text)}".utf8)
            return try BundleDescription(bytes.span).options
        }
        #expect(try options("{\"iteration_range\": [2, 50]}") == ImportOptions(iterationRange: 2..<50))
        #expect(try options("{}") == ImportOptions())
        for broken in [
            "[1]", "[1, 2, 3]", "[3, 3]", "[4, 3]", "[-1, 3]", "[0, 2147483648]", "[0, 1.5]", "{}", "\"0:3\"", "null",
        ] {
            let error = importError { _ = try options("{\"iteration_range\": \(broken)}") }
            #expect(error?.place.contains("options.iteration_range") == true, "\(broken)")
        }
        #expect(importError { _ = try options("{\"rounds\": 3}") }?.place.contains("options.rounds") == true)
    }
}
