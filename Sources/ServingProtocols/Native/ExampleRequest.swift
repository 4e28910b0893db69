package import ByteCoding
package import TensorCore

/// A request that this model can answer, for error messages and the console: zeros for numbers, the first known
/// category for strings.
package enum ExampleRequest {
    /// Columns of an example; a wider model gets a row without names, cut in what people read.
    private static let namedColumnsMax = 64

    /// The body's JSON.
    package static func write(_ signature: Signature, into writer: inout JSONWriter) {
        writer.beginObject()
        if signature.isNamed && signature.inputs.count <= namedColumnsMax {
            for column in signature.inputs {
                writer.key(column.name ?? "")
                writeValue(column, &writer)
            }
        } else {
            writer.key("instances")
            writer.beginArray()
            writer.beginArray()
            for column in signature.inputs { writeValue(column, &writer) }
            writer.endArray()
            writer.endArray()
        }
        writer.endObject()
    }

    package static func text(_ signature: Signature) -> String {
        var writer = JSONWriter()
        write(signature, into: &writer)
        return String(decoding: writer.bytes, as: UTF8.self)
    }

    private static func writeValue(_ column: Column, _ writer: inout JSONWriter) {
        switch column.kind {
        case .float64, .int64: writer.number(Int64(0))
        case .string: writer.string(column.categories.first ?? "text")
        }
    }
}
