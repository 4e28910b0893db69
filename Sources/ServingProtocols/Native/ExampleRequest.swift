package import ByteCoding
package import TensorCore

/// A request that this model can answer, for error messages and the console: the bundle's example or, without one, the
/// middle of each column's range, zero, or the first known category.
package enum ExampleRequest {
    /// Columns of an example; a wider model gets a row without names, cut in what people read.
    private static let namedColumnsMax = 64

    /// The body's JSON.
    package static func write(_ signature: Signature, into writer: inout JSONWriter) {
        writer.beginObject()
        if signature.isNamed && signature.inputs.count <= namedColumnsMax {
            for (index, column) in signature.inputs.enumerated() {
                writer.key(column.name ?? "")
                writeValue(column, signature.example?[index], &writer)
            }
        } else {
            writer.key("instances")
            writer.beginArray()
            writer.beginArray()
            for (index, column) in signature.inputs.enumerated() {
                writeValue(column, signature.example?[index], &writer)
            }
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

    private static func writeValue(_ column: Column, _ example: CellValue?, _ writer: inout JSONWriter) {
        switch (example, column.kind) {
        case (.missing?, _): writer.null()
        case (.integer(let value)?, _): writer.number(value)
        case (.number(let value)?, _): value.isFinite ? writer.number(value) : writer.null()
        case (.text(let text)?, _): writer.string(text)
        case (nil, .float64), (nil, .int64): writeMiddle(of: column.range, &writer)
        case (nil, .string): writer.string(column.categories.first ?? "text")
        }
    }

    private static func writeMiddle(of range: ClosedRange<Double>?, _ writer: inout JSONWriter) {
        let middle = range.map { ($0.lowerBound / 2 + $0.upperBound / 2).rounded() } ?? 0
        if let integer = Int64(exactly: middle) { writer.number(integer) } else { writer.number(middle) }
    }
}
