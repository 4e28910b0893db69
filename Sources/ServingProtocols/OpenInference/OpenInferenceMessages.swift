internal import ByteCoding
package import InferenceAPI

/// The messages of `inference.GRPCInferenceService` but for the tensors of ModelInfer.
///
///     ServerLiveResponse       bool live = 1
///     ServerReadyResponse      bool ready = 1
///     ModelReadyRequest        string name = 1, string version = 2
///     ModelReadyResponse       bool ready = 1
///     ServerMetadataResponse   string name = 1, string version = 2, repeated string extensions = 3
///     ModelMetadataRequest     string name = 1, string version = 2
///     ModelMetadataResponse    string name = 1, repeated string versions = 2, string platform = 3,
///                              repeated TensorMetadata inputs = 4, outputs = 5, map<string, string> properties = 6
///     TensorMetadata           string name = 1, string datatype = 2, repeated int64 shape = 3
///     ModelInferRequest        string model_name = 1, string model_version = 2, ..., map parameters = 4, ...
package enum OpenInferenceMessages {
    /// Which model and version a request names, and what it asks of serving.
    package struct Target: Sendable {
        package var name = 0..<0
        /// Empty where it asks for the current one.
        package var version = 0..<0
        package var terms = OpenInferenceTerms()
    }

    /// Fields of a request, on which a loop spends its time before anybody knows what they ask: a model's inputs, which
    /// may be one a column, and their raw contents.
    static let fieldsMax = 16 << 10
    /// Bytes of a request's parameters, for the same reason.
    static let parameterBytesMax = 64 << 10

    /// Reads the name and the version of any of the requests, which have them in the same fields.
    /// - Parameter hasTerms: whether it is a ModelInferRequest.
    package static func target(of message: Span<UInt8>, hasTerms: Bool) throws(InferenceError) -> Target {
        var target = Target()
        var reader = MessageReader(message)
        var fields = 0
        var parameterBytes = 0
        while let field = try reader.nextField() {
            fields += 1
            guard fields <= fieldsMax else { throw .tooLarge(limit: "\(fieldsMax) fields in a message") }
            switch field.number {
            case 1: target.name = try reader.range(field)
            case 2: target.version = try reader.range(field)
            case 4 where hasTerms:
                let range = try reader.range(field)
                parameterBytes += range.count
                guard parameterBytes <= parameterBytesMax else {
                    throw .tooLarge(limit: "\(parameterBytesMax) bytes of parameters")
                }
                var entry = MessageReader(message.extracting(range))
                try OpenInferenceDecoder.readParameter(&entry, &target.terms)
            default: try reader.skip(field)
            }
        }
        return target
    }

    /// Of ServerLive, ServerReady and ModelReady.
    package static func state(_ isSo: Bool) -> [UInt8] {
        var writer = ProtobufWriter(capacity: 2)
        if isSo { writer.bool(1, true) }
        return writer.take()
    }

    package static func server() -> [UInt8] {
        var writer = ProtobufWriter()
        writer.string(1, OpenInferencePage.serverName)
        writer.string(2, OpenInferencePage.serverVersion)
        for name in OpenInferencePage.extensions { writer.string(3, name) }
        return writer.take()
    }

    /// The metadata of a model, with the classes of probability outputs among the properties, as JSON.
    package static func model(_ model: OpenInferenceModel, versions: [Int], format: String) -> [UInt8] {
        var writer = ProtobufWriter()
        writer.string(1, model.name)
        for version in versions { writer.string(2, "\(version)") }
        writer.string(3, OpenInferencePage.platform(format))
        for input in model.inputs { write(input, 4, &writer) }
        for output in model.outputs { write(output.tensor, 5, &writer) }
        for output in model.outputs {
            guard let columns = output.columns else { continue }
            let pair = writer.beginMessage(6)
            writer.string(1, "classes.\(output.tensor.name)")
            writer.bytes(2, columns.span)
            writer.endMessage(pair)
        }
        return writer.take()
    }

    private static func write(_ tensor: OpenInferenceModel.Tensor, _ number: UInt32, _ writer: inout ProtobufWriter) {
        let part = writer.beginMessage(number)
        writer.string(1, tensor.name)
        writer.string(2, "\(tensor.type.name)")
        let shape = tensor.shape.map { Int64($0) }
        writer.packed(3, shape.span)
        writer.endMessage(part)
    }
}
