/// What a decoded request of the Open Inference Protocol wants of its answer; its rows are in the model's batch.
package struct OpenInferenceRequest: Sendable {
    /// How it came, and so how its answer goes.
    package enum Wire: Sendable {
        /// HTTP: JSON, with binary tensors behind it where they are asked for.
        case http
        /// gRPC with `raw_input_contents`: so are the outputs.
        case rawCall
        /// gRPC with typed contents: so are the outputs.
        case typedCall
    }

    /// What it calls itself, in UTF-8; empty for nothing.
    package internal(set) var id: [UInt8] = []
    package internal(set) var wire = Wire.http
    package internal(set) var terms = OpenInferenceTerms()
    var outputs = RequestedOutputs()
    /// Whether outputs of which nothing is said are binary.
    var wantsBinary = false
    /// Whether its inputs are the columns of a data frame (`content_type` `pd`), and so its outputs.
    var isFrame = false

    package init() {}
}
