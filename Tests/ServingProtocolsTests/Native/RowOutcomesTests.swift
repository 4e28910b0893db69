import ByteCoding
import InferenceAPI
import TensorCore
import Testing

@testable import ServingProtocols

/// Answers in which each row has a line of its own, or its own outcome.
@Suite struct RowOutcomesTests {
    private static let layout = RowLayout(columns: [Column(name: "age", kind: .float64)])
    private static let request = NativeRequest(form: .table, hasArrayRows: true, rowCount: 2, firstLine: 2)

    /// A row of somebody else, and two of the request's, the second of which the model refuses.
    private static func outputs() -> OutputBatch {
        let classes = ClassLabels.strings(["no, never", "=yes"])
        var batch = OutputBatch(fields: [
            OutputField(name: "prediction", kind: .label(classes), width: 1, isVector: false),
            OutputField(name: "probabilities", kind: .probabilities(classes, .float32), width: 2, isVector: true),
        ])
        batch.reset(rowCount: 3)
        batch.values[0].labels = [9, 0, 1]
        batch.values[1].float32 = [9, 9, 0.75, 0.25, .nan, 0.5]
        batch.faults = [RowFault(row: 2, column: 0, reason: .exceedsFloat32)]
        return batch
    }

    /// A row between them that could not be decoded.
    private static func failures() throws -> RowIsolation {
        var isolation = RowIsolation()
        try isolation.append(
            1,
            InferenceProblem(
                pointer: "", detail: "the value has the wrong type", expected: "a number", found: "\"x\"",
                line: .line(3), column: "age"))
        return isolation
    }

    private func outcomes(_ isolation: RowIsolation?, _ rows: Range<Int>) -> RowOutcomes {
        RowOutcomes(rows, isolation, Self.request, Self.layout)
    }

    @Test func writesATableWithAColumnForErrors() throws {
        let batch = Self.outputs()
        let isolation = try Self.failures()
        var writer = CSVWriter()
        NativeTableEncoder(outputs: batch.fields).encode(
            batch, outcomes(isolation, 1..<3), isolatesRows: true, into: &writer)
        let lines = String(decoding: writer.take(), as: UTF8.self).split(separator: "\n").map { String($0) }
        #expect(
            lines.prefix(3) == [
                "prediction,\"probabilities.no, never\",probabilities.=yes,error",
                "\"no, never\",0.75,0.25,",
                ",,,\"line 3, column \"\"age\"\": the value has the wrong type; expected a number, got \"\"x\"\"\"",
            ])
        #expect(lines.last?.hasPrefix(",,,\"line 4, column \"\"age\"\": age: the model computes in float32") == true)
        #expect(lines.count == 4)
    }

    @Test func writesATableOfEveryKindOfOutput() {
        let targets = [ClassLabels.booleans([false, true]), .doubles([0.5, 2])]
        let fields = [
            OutputField(name: "prediction", kind: .labels(targets), width: 2, isVector: true),
            OutputField(name: "probabilities", kind: .targetProbabilities(targets, .float64), width: 4, isVector: true),
            OutputField(name: "transform", kind: .values(.float32), width: 2, isVector: true),
            OutputField(name: "score", kind: .values(.float64), width: 1, isVector: false),
            OutputField(name: "count", kind: .label(.integers([7])), width: 1, isVector: false),
        ]
        var batch = OutputBatch(fields: fields)
        batch.reset(rowCount: 1)
        batch.values[0].labels = [1, 0]
        batch.values[1].float64 = [0.1, 0.9, 1, 0]
        batch.values[2].float32 = [0.1, .infinity]
        batch.values[3].float64 = [-0.0]
        var writer = CSVWriter()
        NativeTableEncoder(outputs: fields).encode(batch, outcomes(nil, 0..<1), isolatesRows: false, into: &writer)
        let names = [
            "prediction.0", "prediction.1", "probabilities.0.false", "probabilities.0.true", "probabilities.1.0.5",
            "probabilities.1.2.0", "transform.0", "transform.1", "score", "count",
        ]
        let values = "true,0.5,0.1,0.9,1.0,0.0,0.1,,-0.0,7"
        let text = String(decoding: writer.take(), as: UTF8.self)
        #expect(text == names.joined(separator: ",") + "\n" + values + "\n")
    }

    @Test func writesADocumentALine() throws {
        let batch = Self.outputs()
        let isolation = try Self.failures()
        let encoder = NativeResponseEncoder(outputs: batch.fields)
        var writer = JSONWriter()
        encoder.encodeLines(batch, outcomes(isolation, 1..<3), into: &writer)
        let lines = String(decoding: writer.bytes, as: UTF8.self).split(separator: "\n").map { String($0) }
        #expect(lines.count == 3)
        #expect(lines[0] == #"{"prediction":"no, never","probabilities":{"no, never":0.75,"=yes":0.25}}"#)
        let place = #""line":3,"column":"age","expected":"a number","got":"\"x\"""#
        #expect(lines[1] == #"{"error":{"detail":"the value has the wrong type","# + place + "}}")
        #expect(lines[2].hasPrefix(#"{"error":{"detail":"age: the model computes in float32"#))
        #expect(lines[2].contains(#""line":4,"column":"age""#))

        var whole = JSONWriter()
        encoder.encode(batch, outcomes(isolation, 1..<3), into: &whole)
        let expected = "{\"results\":[" + lines.joined(separator: ",") + "],\"errors\":2}\n"
        #expect(String(decoding: whole.bytes, as: UTF8.self) == expected)
    }
}
