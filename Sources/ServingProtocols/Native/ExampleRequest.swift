package import ByteCoding
package import TensorCore

/// A request that this model can answer, for error messages and the console: zeros for numbers, the first known category for
/// strings.
package enum ExampleRequest {
    /// Columns of an example; a wider model gets a row without names, cut in what people read.
    private static let namedColumnsMax = 64

    /// The body's JSON.
    package static func write(_ signature: Signature, into writer: inout JSONWriter) {
        let isNamed = signature.isNamed && signature.inputs.count <= namedColumnsMax
        if isNamed {
            writer.append(UInt8(ascii: "{"))
            for (index, column) in signature.inputs.enumerated() {
                if index > 0 { writer.append(UInt8(ascii: ",")) }
                writer.append(string: column.name ?? "")
                writer.append(UInt8(ascii: ":"))
                writeValue(column, &writer)
            }
            writer.append(UInt8(ascii: "}"))
        } else {
            writer.append(raw: "{\"instances\":[[")
            for (index, column) in signature.inputs.enumerated() {
                if index > 0 { writer.append(UInt8(ascii: ",")) }
                writeValue(column, &writer)
            }
            writer.append(raw: "]]}")
        }
    }

    package static func text(_ signature: Signature) -> String {
        var writer = JSONWriter()
        write(signature, into: &writer)
        return String(decoding: writer.bytes, as: UTF8.self)
    }

    private static func writeValue(_ column: Column, _ writer: inout JSONWriter) {
        switch column.kind {
        case .float64, .int64: writer.append(Int64(0))
        case .string: writer.append(string: column.categories.first ?? "text")
        }
    }
}
