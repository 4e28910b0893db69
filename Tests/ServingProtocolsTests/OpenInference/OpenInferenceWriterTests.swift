import ByteCoding
import InferenceAPI
import TensorCore
import Testing

@testable import ServingProtocols

private let layout = RowLayout(columns: [Column(name: "x", kind: .float64)])

/// Two rows of a classifier: no with 0.75, yes with 0.875.
private func output() -> OutputBatch {
    let model = [
        OutputField(name: "prediction", kind: .label(.strings(["no", "yes"])), width: 1, isVector: false),
        OutputField(
            name: "probabilities", kind: .probabilities(.strings(["no", "yes"]), .float64), width: 2, isVector: true),
    ]
    var batch = OutputBatch(fields: model)
    batch.reset(rowCount: 3)
    batch.values[0].labels = [1, 0, 1]
    batch.values[1].float64 = [.nan, 0, 0.75, 0.25, 0.125, 0.875]
    return batch
}

private func request(_ body: String) throws -> OpenInferenceRequest {
    var decoder = OpenInferenceDecoder()
    var batch = RowBatch(layout: layout)
    let json = String(body.dropLast()) + #","inputs":[{"name":"x","shape":[2],"datatype":"FP64","data":[1,2]}]}"#
    let bytes = Array(json.utf8)
    return try decoder.decode(bytes.span, jsonBytes: nil, of: openInferenceModel(layout), into: &batch)
}

private func answer(_ body: String) throws -> (text: String, tail: [UInt8]) {
    var writer = OpenInferenceWriter()
    let request = try request(body)
    let headerBytes = try writer.write(output(), 1..<3, request, of: openInferenceModel(layout), layout)
    let length = headerBytes == 0 ? writer.bytes.count : headerBytes
    return (String(decoding: writer.bytes.prefix(length), as: UTF8.self), Array(writer.bytes.dropFirst(length)))
}

@Suite struct OpenInferenceWriterTests {
    private static let labels = #"{"name":"prediction","datatype":"BYTES","shape":[2,1],"data":["no","yes"]}"#
    private static let chances = #""datatype":"FP64","shape":[2,2],"data":[0.75,0.25,0.125,0.875]}"#
    private static let head = #"{"model_name":"m","model_version":"3","#

    @Test(arguments: [
        (#"{"a":1}"#, head + #""outputs":[\#(labels),{"name":"probabilities",\#(chances)]}"#),
        (#"{"id":"é\"1"}"#, head + #""id":"é\"1","outputs":[\#(labels),{"name":"probabilities",\#(chances)]}"#),
        (#"{"outputs":[{"name":"predict_proba"}]}"#, head + #""outputs":[{"name":"predict_proba",\#(chances)]}"#),
        (
            #"{"outputs":[{"name":"probabilities"},{"name":"prediction"}]}"#,
            head + #""outputs":[{"name":"probabilities",\#(chances),\#(labels)]}"#
        ),
        (
            #"{"outputs":[{"name":"predict"}],"parameters":{"content_type":"pd"}}"#,
            head + #""parameters":{"content_type":"pd"},"outputs":[{"name":"predict","datatype":"BYTES","#
                + #""shape":[2,1],"parameters":{"content_type":"str"},"data":["no","yes"]}]}"#
        ),
    ])
    func writesJSON(body: String, expected: String) throws {
        let (text, tail) = try answer(body)
        #expect(text == expected + "\n")
        #expect(tail.isEmpty)
    }

    @Test func binaryOutputsStandBehindTheJSON() throws {
        let (text, tail) = try answer(
            #"{"parameters":{"binary_data_output":true},"outputs":[{"name":"predict"},"#
                + #"{"name":"probabilities","parameters":{"binary_data":false}}]}"#
        )
        #expect(text.utf8.count % OpenInferenceWriter.headerStep == 0)
        #expect(
            text.trimmed == Self.head
                + #""outputs":[{"name":"predict","datatype":"BYTES","shape":[2,1],"#
                + #""parameters":{"binary_data_size":13}},"#
                + #"{"name":"probabilities",\#(Self.chances)]}"#)
        #expect(tail == [2, 0, 0, 0, 0x6E, 0x6F, 3, 0, 0, 0, 0x79, 0x65, 0x73])
        let (_, numbers) = try answer(#"{"outputs":[{"name":"probabilities","parameters":{"binary_data":true}}]}"#)
        #expect(
            numbers
                == [0.75, 0.25, 0.125, 0.875].flatMap { value in
                    (0..<8).map { UInt8(truncatingIfNeeded: value.bitPattern >> UInt64($0 * 8)) }
                })
    }

    @Test func whatIsNotFiniteIsNull() throws {
        var writer = OpenInferenceWriter()
        let request = try request(#"{"outputs":[{"name":"probabilities"}]}"#)
        _ = try writer.write(output(), 0..<1, request, of: openInferenceModel(layout), layout)
        #expect(String(decoding: writer.bytes, as: UTF8.self).contains(#""shape":[1,2],"data":[null,0.0]"#))
    }

    @Test func aFaultIsToldByRowAndColumn() throws {
        var batch = output()
        batch.faults = [RowFault(row: 2, column: 0, reason: .missingValue)]
        var writer = OpenInferenceWriter()
        let request = try request(#"{"a":1}"#)
        do {
            _ = try writer.write(batch, 1..<3, request, of: openInferenceModel(layout), layout)
            Issue.record("it was answered")
        } catch {
            #expect(OpenInferenceError.text(error).hasPrefix(#"row 2, column "x": x: the model has no rule"#))
        }
    }

    /// Each kind of class label as JSON, raw and typed.
    @Test(arguments: [
        (ClassLabels.integers([-7, 1 << 60]), "INT64", "[1152921504606846976,-7]"),
        (.doubles([0.5, 1.5]), "FP64", "[1.5,0.5]"), (.booleans([false, true]), "BOOL", "[true,false]"),
        (.strings(["a", "b"]), "BYTES", #"["b","a"]"#),
    ])
    func classesAreOfTheirType(labels: ClassLabels, type: String, data: String) throws {
        let field = OutputField(name: "prediction", kind: .label(labels), width: 1, isVector: false)
        let model = OpenInferenceModel(
            name: "m", version: 1, signature: Signature(inputs: layout.columns, outputs: [field]))
        var batch = OutputBatch(fields: [field])
        batch.reset(rowCount: 2)
        batch.values[0].labels = [1, 0]
        var writer = OpenInferenceWriter()
        _ = try writer.write(batch, 0..<2, OpenInferenceRequest(), of: model, layout)
        let text = String(decoding: writer.bytes, as: UTF8.self)
        #expect(text.contains(#""datatype":"\#(type)","shape":[2,1],"data":\#(data)"#))
    }

    @Test func targetsOfSeveralKindsAreText() {
        let (type, classes) = OpenInferenceClasses.make([.integers([1]), .strings(["a"])])
        #expect(type == .bytes)
        #expect(classes.map { $0.json.map { String(decoding: $0, as: UTF8.self) } } == [["\"1\""], ["\"a\""]])
    }
}

extension String {
    fileprivate var trimmed: String {
        var text = self
        while let last = text.last, last.isWhitespace { text.removeLast() }
        return text
    }
}
