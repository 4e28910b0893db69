internal import ByteCoding
internal import InferenceAPI

/// One entry of the parameters of a tensor in a gRPC message, as far as it could change the tensor's meaning.
struct TensorParameter {
    enum Name {
        case sharedMemory, classification, contentType, other

        init(_ name: Span<UInt8>) {
            self =
                name.isEqual(to: "shared_memory_region")
                ? .sharedMemory
                : name.isEqual(to: "classification")
                    ? .classification : name.isEqual(to: "content_type") ? .contentType : .other
        }
    }

    private(set) var name = Name.other
    /// It is there in name only: 0, false or an empty text, as over HTTP.
    private(set) var isNothing = true
    /// Its value is a content type that is not served.
    private(set) var isRefusedContentType = false

    /// Reads `string key = 1, InferParameter value = 2`, whose value is one of `bool = 1, int64 = 2, string = 3,
    /// double = 4, uint64 = 5`.
    init(_ entry: inout MessageReader) throws(InferenceError) {
        while let field = try entry.nextField() {
            switch field.number {
            case 1: name = Name(try entry.bytes(field))
            case 2:
                var value = try entry.message(field)
                while let choice = try value.nextField() { try take(choice, &value) }
            default: try entry.skip(field)
            }
        }
    }

    /// The last choice is the one that counts.
    private mutating func take(_ choice: ProtobufField, _ value: inout MessageReader) throws(InferenceError) {
        switch choice.number {
        case 1, 2, 5: isNothing = try value.uint64(choice) == 0
        case 3:
            let text = try value.bytes(choice)
            isNothing = text.isEmpty
            isRefusedContentType = OpenInferenceDecoder.isRefusedContentType(text)
        case 4:
            isNothing = try value.double(choice) == 0
        default: try value.skip(choice)
        }
    }
}
