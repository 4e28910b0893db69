import ByteCoding
import InferenceAPI
import SeededRandom
import TensorCore

@testable import ServingProtocols

/// A request's inputs, to be written in any of the forms that the protocol has.
struct TestTensor {
    enum Elements {
        case doubles([Double])
        case floats([Float])
        case integers([Int64])
        case texts([String])
    }

    let name: String
    let shape: [Int]
    let elements: Elements

    var type: String {
        switch elements {
        case .doubles: "FP64"
        case .floats: "FP32"
        case .integers: "INT64"
        case .texts: "BYTES"
        }
    }

    /// The elements in JSON.
    var texts: [String] {
        func number(_ value: Double) -> String { value.isNaN ? "null" : "\(value)" }
        switch elements {
        case .doubles(let values): return values.map { number($0) }
        case .floats(let values): return values.map { number(Double($0)) }
        case .integers(let values): return values.map { "\($0)" }
        case .texts(let values): return values.map { "\"\($0)\"" }
        }
    }

    /// The elements as a binary tensor.
    var binary: [UInt8] {
        func bytes(_ bits: UInt64, _ count: Int) -> [UInt8] {
            (0..<count).map { UInt8(truncatingIfNeeded: bits >> UInt64($0 * 8)) }
        }
        switch elements {
        case .doubles(let values): return values.flatMap { bytes($0.bitPattern, 8) }
        case .floats(let values): return values.flatMap { bytes(UInt64($0.bitPattern), 4) }
        case .integers(let values): return values.flatMap { bytes(UInt64(bitPattern: $0), 8) }
        case .texts(let values): return values.flatMap { bytes(UInt64($0.utf8.count), 4) + Array($0.utf8) }
        }
    }

    /// In JSON, its members in a random order, its data flat or nested.
    func json(nested: Bool, using generator: inout SeededGenerator) -> String {
        var data = texts.joined(separator: ", ")
        if nested, shape.count == 2, shape[1] > 0 {
            data = stride(from: 0, to: texts.count, by: shape[1]).map {
                "[" + texts[$0..<$0 + shape[1]].joined(separator: ",") + "]"
            }.joined(separator: ",")
        }
        let members = [
            #""name": "\#(name)""#, #""shape": \#(shape)"#, #""datatype": "\#(type)""#, "\"data\": [\(data)]",
            #""parameters": {"any": [1, {"thing": null}]}"#,
        ]
        return "{" + members.shuffled(using: &generator).joined(separator: ", ") + "}"
    }

    func jsonOfBinary() -> String {
        #"{"name":"\#(name)","shape":\#(shape),"datatype":"\#(type)","#
            + #""parameters":{"binary_data_size":\#(binary.count)}}"#
    }

    func write(_ writer: inout ProtobufWriter, isRaw: Bool) {
        let part = writer.beginMessage(5)
        writer.string(1, name)
        writer.string(2, type)
        let lengths = shape.map { Int64($0) }
        writer.packed(3, lengths.span)
        if !isRaw {
            let contents = writer.beginMessage(5)
            switch elements {
            case .doubles(let values): writer.packed(7, values.span)
            case .floats(let values): for value in values { writer.float(6, value) }
            case .integers(let values): writer.packed(3, values.span)
            case .texts(let values): for value in values { writer.string(8, value) }
            }
            writer.endMessage(contents)
        }
        writer.endMessage(part)
    }
}

/// One of the ways of a request to the decoder.
enum TestWire: CaseIterable {
    case json, nestedJSON, binary, typedMessage, rawMessage
}

/// Rows as their identity; nil where the request was refused, after a check that it left nothing behind.
func openInferenceRows(
    _ tensors: [TestTensor], _ wire: TestWire, _ layout: RowLayout, using generator: inout SeededGenerator,
    seen: (OpenInferenceRequest) -> Void = { _ in }
) throws(InferenceError) -> [UInt8] {
    var decoder = OpenInferenceDecoder()
    var batch = RowBatch(layout: layout)
    batch.appendRow()
    let model = openInferenceModel(layout)
    switch wire {
    case .json, .nestedJSON:
        let inputs = tensors.map { $0.json(nested: wire == .nestedJSON, using: &generator) }
        let members = [
            "\"inputs\": [\(inputs.joined(separator: ", "))]", #""id": "r1""#, #""parameters": {"x": true}"#,
            #""outputs": [{"name": "prediction"}]"#, #""model_name": "m""#,
        ]
        let body = Array(("{" + members.shuffled(using: &generator).joined(separator: ",") + "}").utf8)
        seen(try decoder.decode(body.span, jsonBytes: nil, of: model, into: &batch))
    case .binary:
        let json = Array("{\"inputs\":[\(tensors.map { $0.jsonOfBinary() }.joined(separator: ","))]}".utf8)
        let body = json + tensors.flatMap(\.binary)
        seen(try decoder.decode(body.span, jsonBytes: json.count, of: model, into: &batch))
    case .typedMessage, .rawMessage:
        var writer = ProtobufWriter()
        writer.string(1, "m")
        writer.string(3, "r1")
        for tensor in tensors { tensor.write(&writer, isRaw: wire == .rawMessage) }
        if wire == .rawMessage {
            for tensor in tensors {
                let bytes = tensor.binary
                writer.bytes(7, bytes.span)
            }
        }
        let message = writer.bytes
        seen(try decoder.decode(message: message.span, of: model, into: &batch))
    }
    var identity: [UInt8] = []
    batch.appendIdentity(of: 1..<batch.rowCount, to: &identity)
    return identity
}

/// A model of these columns with one number and a class for an answer.
func openInferenceModel(_ layout: RowLayout) -> OpenInferenceModel {
    let outputs = [
        OutputField(name: "prediction", kind: .label(.strings(["no", "yes"])), width: 1, isVector: false),
        OutputField(
            name: "probabilities", kind: .probabilities(.strings(["no", "yes"]), .float64), width: 2, isVector: true),
    ]
    return OpenInferenceModel(name: "m", version: 3, signature: Signature(inputs: layout.columns, outputs: outputs))
}
