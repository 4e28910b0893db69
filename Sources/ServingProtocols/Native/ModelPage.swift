package import ByteCoding
package import InferenceAPI
internal import TensorCore

/// `GET /models` and `GET /models/{m}`.
package enum ModelPage {
    /// The list: name, version, format and digest of each.
    package static func writeList(_ models: [ModelStatus], generation: Int, into writer: inout JSONWriter) {
        writer.append(raw: "{\"generation\":")
        writer.append(Int64(generation))
        writer.append(raw: ",\"models\":[")
        for (index, model) in models.enumerated() {
            if index > 0 { writer.append(UInt8(ascii: ",")) }
            writer.append(raw: "{")
            writeIdentity(model, &writer)
            writer.append(raw: "}")
        }
        writer.append(raw: "]}\n")
    }

    /// One model whole.
    package static func write(_ model: ModelStatus, into writer: inout JSONWriter) {
        writer.append(raw: "{")
        writeIdentity(model, &writer)
        member("producer", model.producer, &writer)
        writer.append(raw: ",\"loaded_at\":")
        writer.append(Int64(model.loadedAt))
        writer.append(raw: ",\"signature\":{\"inputs\":[")
        for (index, column) in model.signature.inputs.enumerated() {
            if index > 0 { writer.append(UInt8(ascii: ",")) }
            writeColumn(column, &writer)
        }
        writer.append(raw: "],\"outputs\":[")
        for (index, output) in model.signature.outputs.enumerated() {
            if index > 0 { writer.append(UInt8(ascii: ",")) }
            writeOutput(output, &writer)
        }
        writer.append(raw: "]},\"steps\":[")
        for (index, step) in model.steps.enumerated() {
            if index > 0 { writer.append(UInt8(ascii: ",")) }
            writer.append(raw: "{\"path\":")
            writer.append(string: step.path)
            member("class", step.className, &writer)
            member("detail", step.detail, &writer)
            writer.append(raw: "}")
        }
        writer.append(raw: "],\"predictor\":{\"name\":")
        writer.append(string: model.predictor.name)
        member("reason", model.predictor.reason, &writer)
        number("predicted_ns_per_row", model.predictor.nanosecondsPerRow, &writer)
        writer.append(raw: "},\"memory\":{\"table_bytes\":")
        writer.append(Int64(model.tableBytes))
        writer.append(raw: ",\"artifact_bytes\":")
        writer.append(Int64(model.artifactBytes))
        writer.append(raw: "},\"timings\":{\"receive_seconds\":")
        writer.append(model.timings.receive)
        number("import_seconds", model.timings.import, &writer)
        number("compile_seconds", model.timings.compile, &writer)
        number("warm_up_seconds", model.timings.warmUp, &writer)
        number("publish_seconds", model.timings.publish, &writer)
        writer.append(raw: "},\"example\":")
        ExampleRequest.write(model.signature, into: &writer)
        writer.append(raw: "}\n")
    }

    private static func writeIdentity(_ model: ModelStatus, _ writer: inout JSONWriter) {
        writer.append(raw: "\"name\":")
        writer.append(string: model.name)
        writer.append(raw: ",\"version\":")
        writer.append(Int64(model.version))
        writer.append(raw: ",\"default\":")
        writer.append(model.isDefault)
        member("state", "ready", &writer)
        member("format", model.format, &writer)
        member("digest", model.digest, &writer)
        writer.append(raw: ",\"generation\":")
        writer.append(Int64(model.generation))
    }

    private static func writeColumn(_ column: Column, _ writer: inout JSONWriter) {
        writer.append(raw: "{\"name\":")
        if let name = column.name { writer.append(string: name) } else { writer.append(raw: "null") }
        member("type", column.kind.rawValue, &writer)
        writer.append(raw: ",\"accepts_missing\":")
        writer.append(column.acceptsMissing)
        if !column.categories.isEmpty {
            writer.append(raw: ",\"categories\":")
            strings(column.categories, &writer)
        }
        writer.append(raw: "}")
    }

    private static func writeOutput(_ output: OutputField, _ writer: inout JSONWriter) {
        writer.append(raw: "{\"name\":")
        writer.append(string: output.name)
        switch output.kind {
        case .values(let element): member("type", element.rawValue, &writer)
        case .label(let labels):
            member("type", "label", &writer)
            writer.append(raw: ",\"classes\":")
            strings((0..<labels.count).map { labels.text(at: $0) }, &writer)
        case .probabilities(let labels, let element):
            member("type", element.rawValue, &writer)
            writer.append(raw: ",\"classes\":")
            strings((0..<labels.count).map { labels.text(at: $0) }, &writer)
        }
        writer.append(raw: ",\"width\":")
        writer.append(Int64(output.width))
        writer.append(raw: "}")
    }

    private static func strings(_ values: [String], _ writer: inout JSONWriter) {
        writer.append(raw: "[")
        for (index, value) in values.enumerated() {
            if index > 0 { writer.append(UInt8(ascii: ",")) }
            writer.append(string: value)
        }
        writer.append(raw: "]")
    }

    private static func member(_ name: StaticString, _ value: String, _ writer: inout JSONWriter) {
        writer.append(raw: ",\"")
        writer.append(raw: name)
        writer.append(raw: "\":")
        writer.append(string: value)
    }

    private static func number(_ name: StaticString, _ value: Double, _ writer: inout JSONWriter) {
        writer.append(raw: ",\"")
        writer.append(raw: name)
        writer.append(raw: "\":")
        writer.append(value)
    }
}
