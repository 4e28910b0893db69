package import ByteCoding

/// What the Open Inference Protocol tells of the server and its models, as JSON.
package enum OpenInferencePage {
    static let serverName = "vencejo"
    /// Of this protocol's service; clients show it and compare it with nothing.
    static let serverVersion = "1"
    /// Of those that other servers name, the ones that are served here.
    static let extensions = ["binary_tensor_data", "parameters", "schedule_policy"]

    package static func writeServer(into writer: inout JSONWriter) {
        writer.beginObject()
        writer.member("name", serverName)
        writer.member("version", serverVersion)
        writer.member("extensions", extensions)
        writer.endDocument()
    }

    /// - Parameter state: `live` or `ready`.
    package static func write(_ state: String, into writer: inout JSONWriter) {
        writer.beginObject()
        writer.key(state)
        writer.bool(true)
        writer.endDocument()
    }

    package static func writeModels(_ names: [String], into writer: inout JSONWriter) {
        writer.beginObject()
        writer.member("models", names)
        writer.endDocument()
    }

    package static func writeReady(_ name: String, into writer: inout JSONWriter) {
        writer.beginObject()
        writer.member("name", name)
        writer.key("ready")
        writer.bool(true)
        writer.endDocument()
    }

    /// Writes a model's metadata. The classes of a probability output's columns stand in its parameters, as JSON in a
    /// text, since parameters are texts, numbers and truth values.
    /// - Parameters:
    ///   - versions: that can be asked for.
    ///   - format: of its file, such as `skops`.
    package static func writeModel(
        _ model: OpenInferenceModel, versions: [Int], format: String, into writer: inout JSONWriter
    ) {
        writer.beginObject()
        writer.member("name", model.name)
        writer.member("versions", versions.map { "\($0)" })
        writer.member("platform", platform(format))
        writer.key("inputs")
        writer.beginArray()
        for input in model.inputs {
            writer.beginObject()
            write(input, into: &writer)
            writer.endObject()
        }
        writer.endArray()
        writer.key("outputs")
        writer.beginArray()
        for output in model.outputs {
            writer.beginObject()
            write(output.tensor, into: &writer)
            if let columns = output.columns {
                writer.key("parameters")
                writer.beginObject()
                writer.key("classes")
                writer.string(utf8: columns.span)
                writer.endObject()
            }
            writer.endObject()
        }
        writer.endArray()
        writer.endDocument()
    }

    private static func write(_ tensor: OpenInferenceModel.Tensor, into writer: inout JSONWriter) {
        writer.member("name", tensor.name)
        writer.member("datatype", "\(tensor.type.name)")
        writer.key("shape")
        writer.beginArray()
        for length in tensor.shape { writer.number(Int64(length)) }
        writer.endArray()
    }

    /// The format in the letters of other servers' platforms: `vencejo_xgboost_ubjson`.
    static func platform(_ format: String) -> String {
        let name = format.lowercased().map { $0.isASCII && ($0.isLetter || $0.isNumber) ? $0 : "_" }
        return "vencejo_" + String(name)
    }
}
