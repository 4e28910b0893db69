internal import ByteCoding
internal import ModelIR

/// The inputs of a signature as MLflow writes them: JSON in the text of `signature.inputs`.
///
///     [{"type": "double", "name": "a", "required": true}, ...]
///     [{"type": "tensor", "tensor-spec": {"dtype": "float64", "shape": [-1, 4]}}]
struct MLflowSignature: Sendable, Equatable {
    struct Input: Sendable, Equatable {
        var name: String?
        /// `boolean`, `integer`, `long`, `float`, `double`, `string`, `binary`, `datetime`, `tensor`, `array`, ...
        var type = ""
        /// False if a record may leave it out.
        var isRequired = true
        /// Of a tensor; nil for a column.
        var shape: [Int64]?
    }

    var inputs: [Input] = []

    static let inputsMax = 1 << 18

    /// - Parameter place: of the text, for messages.
    init(_ text: String, place: String) throws(ImportError) {
        do throws(JSONError) {
            let bytes = Array(text.utf8)
            var reader = JSONReader(bytes.span)
            try reader.beginArray()
            while try reader.nextElement() {
                guard inputs.count < Self.inputsMax else {
                    throw JSONError(offset: reader.offset, reason: .unexpectedEnd(expected: .end))
                }
                inputs.append(try Self.input(&reader))
            }
            try reader.finish()
        } catch {
            throw ImportError(error, at: place)
        }
    }

    private static func input(_ reader: inout JSONReader) throws(JSONError) -> Input {
        var input = Input()
        try reader.beginObject()
        while let key = try reader.nextKey() {
            switch try reader.peek() {
            case .string where reader.equals(key, "name"):
                let token = try reader.readString()
                input.name = reader.string(token)
            case .string where reader.equals(key, "type"):
                let token = try reader.readString()
                input.type = reader.string(token)
            case .bool where reader.equals(key, "required"): input.isRequired = try reader.readBool()
            // The old word for it.
            case .bool where reader.equals(key, "optional"): input.isRequired = try !reader.readBool()
            case .object where reader.equals(key, "tensor-spec"): input.shape = try shape(&reader)
            default: _ = try reader.skipValue()
            }
        }
        return input
    }

    private static func shape(_ reader: inout JSONReader) throws(JSONError) -> [Int64] {
        var shape: [Int64] = []
        try reader.beginObject()
        while let key = try reader.nextKey() {
            guard reader.equals(key, "shape"), try reader.peek() == .array else {
                _ = try reader.skipValue()
                continue
            }
            try reader.beginArray()
            while try reader.nextElement() { shape.append(try reader.readInt64()) }
        }
        return shape
    }
}
