package import ByteCoding
package import InferenceAPI
internal import TensorCore

/// `GET /models` and `GET /models/{m}`.
package enum ModelPage {
    /// The list: name, version, format and digest of each.
    package static func writeList(_ models: [ModelStatus], generation: Int, into writer: inout JSONWriter) {
        writer.beginObject()
        writer.member("generation", generation)
        writer.key("models")
        writer.beginArray()
        for model in models {
            writer.beginObject()
            writeIdentity(model, &writer)
            writer.endObject()
        }
        writer.endArray()
        writer.endDocument()
    }

    /// One model whole.
    package static func write(_ model: ModelStatus, into writer: inout JSONWriter) {
        writer.beginObject()
        writeIdentity(model, &writer)
        writer.member("producer", model.producer)
        writer.member("loaded_at", model.loadedAt)
        if !model.notes.isEmpty {
            writer.key("metadata")
            writer.beginObject()
            for note in model.notes { writer.member(note.name, note.text) }
            writer.endObject()
        }
        writeSignature(model.signature, &writer)
        writer.key("steps")
        writer.beginArray()
        for step in model.steps {
            writer.beginObject()
            writer.member("path", step.path)
            writer.member("class", step.className)
            writer.member("detail", step.detail)
            writer.endObject()
        }
        writer.endArray()
        writer.key("predictor")
        writer.beginObject()
        writer.member("name", model.predictor.name)
        writer.member("reason", model.predictor.reason)
        writer.member("predicted_ns_per_row", model.predictor.nanosecondsPerRow)
        writer.endObject()
        if model.golden.rowCount > 0 {
            writer.key("golden")
            writer.beginObject()
            writer.member("rows", model.golden.rowCount)
            writer.member("worst_relative_error", model.golden.worstError)
            writer.endObject()
        }
        writer.key("memory")
        writer.beginObject()
        writer.member("table_bytes", model.tableBytes)
        writer.member("artifact_bytes", model.artifactBytes)
        writer.endObject()
        writer.key("timings")
        writer.beginObject()
        writer.member("receive_seconds", model.timings.receive)
        writer.member("import_seconds", model.timings.import)
        writer.member("compile_seconds", model.timings.compile)
        writer.member("golden_seconds", model.timings.golden)
        writer.member("warm_up_seconds", model.timings.warmUp)
        writer.member("publish_seconds", model.timings.publish)
        writer.endObject()
        writer.key("example")
        ExampleRequest.write(model.signature, into: &writer)
        writer.endDocument()
    }

    private static func writeIdentity(_ model: ModelStatus, _ writer: inout JSONWriter) {
        writer.member("name", model.name)
        writer.member("version", model.version)
        writer.key("default")
        writer.bool(model.isDefault)
        writer.member("state", "ready")
        writer.member("format", model.format)
        writer.member("digest", model.digest)
        writer.member("generation", model.generation)
    }

    private static func writeSignature(_ signature: Signature, _ writer: inout JSONWriter) {
        writer.key("signature")
        writer.beginObject()
        writer.key("inputs")
        writer.beginArray()
        for column in signature.inputs {
            writer.beginObject()
            writer.key("name")
            if let name = column.name { writer.string(name) } else { writer.null() }
            writer.member("type", column.kind.rawValue)
            writer.key("accepts_missing")
            writer.bool(column.acceptsMissing)
            if !column.categories.isEmpty { writer.member("categories", column.categories) }
            if let range = column.range {
                writer.member("minimum", range.lowerBound)
                writer.member("maximum", range.upperBound)
            }
            writer.endObject()
        }
        writer.endArray()
        writer.member("unknown_fields", signature.recordPolicy.unknownFields.rawValue)
        writer.member("absent_fields", signature.recordPolicy.absentFields.rawValue)
        writer.key("outputs")
        writer.beginArray()
        for output in signature.outputs {
            writer.beginObject()
            writer.member("name", output.name)
            switch output.kind {
            case .values(let element): writer.member("type", element.rawValue)
            case .label(let labels): writeClasses("label", labels, &writer)
            case .probabilities(let labels, let element): writeClasses(element.rawValue, labels, &writer)
            case .labels(let targets): writeTargets("label", targets, &writer)
            case .targetProbabilities(let targets, let element): writeTargets(element.rawValue, targets, &writer)
            }
            writer.member("width", output.width)
            writer.endObject()
        }
        writer.endArray()
        writer.endObject()
    }

    /// The classes of several targets, one list a target.
    private static func writeTargets(_ type: String, _ targets: [ClassLabels], _ writer: inout JSONWriter) {
        writer.member("type", type)
        writer.key("targets")
        writer.beginArray()
        for labels in targets {
            writer.beginArray()
            for index in 0..<labels.count { writer.string(labels.text(at: index)) }
            writer.endArray()
        }
        writer.endArray()
    }

    private static func writeClasses(_ type: String, _ labels: ClassLabels, _ writer: inout JSONWriter) {
        writer.member("type", type)
        writer.member("classes", (0..<labels.count).map { labels.text(at: $0) })
    }
}
