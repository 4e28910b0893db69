package import ByteCoding
package import InferenceAPI
internal import TensorCore

/// `GET /models` and `GET /models/{m}`.
package enum ModelPage {
    /// The list: name, version, format and digest of each; and which of them are not what the store has.
    package static func writeList(
        _ models: [ModelStatus], generation: Int, store: StoreStanding = StoreStanding(), into writer: inout JSONWriter
    ) {
        writer.beginObject()
        writer.member("generation", generation)
        if let since = store.fromCacheSince { writer.member("from_cache_since", since) }
        if store.laggingCount > 0 {
            writer.member("lagging_models", store.laggingCount)
            writer.key("lagging")
            writer.beginArray()
            for model in store.lagging {
                writer.beginObject()
                writer.member("name", model.name)
                write(model, &writer)
                writer.endObject()
            }
            writer.endArray()
        }
        writer.key("models")
        writer.beginArray()
        for model in models {
            writer.beginObject()
            writeIdentity(model, "ready", &writer)
            writer.endObject()
        }
        writer.endArray()
        writer.endDocument()
    }

    /// `GET /models/{m}/versions`.
    /// - Parameter versions: in ascending order.
    package static func writeVersions(
        of model: ModelStatus, _ versions: [ModelStatus], into writer: inout JSONWriter
    ) {
        writer.beginObject()
        writer.member("name", model.name)
        writer.member("current", model.version)
        writeNames(model, &writer)
        writer.key("versions")
        writer.beginArray()
        for version in versions {
            writer.beginObject()
            writer.member("version", version.version)
            writer.key("current")
            writer.bool(version.version == model.version)
            writer.member("aliases", model.aliases.filter { $0.version == version.version }.map(\.name))
            writer.member("state", "ready")
            writer.member("format", version.format)
            writer.member("digest", version.digest)
            writer.member("generation", version.generation)
            writer.member("artifact_bytes", version.artifactBytes)
            writer.member("memory_bytes", version.memoryBytes)
            writer.member("loaded_at", version.loadedAt)
            writer.endObject()
        }
        writer.endArray()
        writer.endDocument()
    }

    /// One model whole.
    /// - Parameter isPublished: false for what a dry run found: nothing of it serves.
    package static func write(_ model: ModelStatus, isPublished: Bool = true, into writer: inout JSONWriter) {
        writer.beginObject()
        writeIdentity(model, isPublished ? "ready" : "not published", &writer)
        if !model.versions.isEmpty {
            writer.key("versions")
            writer.beginArray()
            for version in model.versions { writer.number(Int64(version)) }
            writer.endArray()
            writeNames(model, &writer)
        }
        if let lagging = model.lagging {
            writer.key("lagging")
            writer.beginObject()
            write(lagging, &writer)
            writer.endObject()
        }
        if let policy = model.policy {
            writer.key("shadow_policy")
            write(policy, &writer)
        }
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
        writer.key("memory")
        writer.beginObject()
        writer.member("total_bytes", model.memoryBytes)
        writer.member("table_bytes", model.tableBytes)
        writer.member("artifact_bytes", model.artifactBytes)
        writer.endObject()
        writer.key("certificate")
        writer.beginObject()
        writeTimings(model.timings, &writer)
        if model.golden.rowCount > 0 {
            writer.key("golden")
            writer.beginObject()
            writer.member("rows", model.golden.rowCount)
            writer.member("worst_relative_error", model.golden.worstError)
            writer.endObject()
        }
        if let shadow = model.shadow {
            writer.key("shadow")
            write(shadow, &writer)
        }
        writer.endObject()
        writer.key("example")
        ExampleRequest.write(model.signature, into: &writer)
        writer.endDocument()
    }

    private static func write(_ model: StoreStanding.LaggingModel, _ writer: inout JSONWriter) {
        writer.member("version", model.version)
        if let serving = model.servingVersion { writer.member("serving_version", serving) }
        writer.member("since", model.since)
        writer.member("reason", model.reason)
    }

    private static func writeTimings(_ timings: ModelStatus.Timings, _ writer: inout JSONWriter) {
        writer.key("timings")
        writer.beginObject()
        writer.member("receive_seconds", timings.receive)
        writer.member("import_seconds", timings.import)
        writer.member("compile_seconds", timings.compile)
        writer.member("golden_seconds", timings.golden)
        writer.member("warm_up_seconds", timings.warmUp)
        writer.member("shadow_seconds", timings.shadow)
        writer.member("publish_seconds", timings.publish)
        writer.endObject()
    }

    private static func writeNames(_ model: ModelStatus, _ writer: inout JSONWriter) {
        writer.key("aliases")
        writer.beginObject()
        for alias in model.aliases { writer.member(alias.name, alias.version) }
        writer.endObject()
    }

    private static func write(_ policy: ModelStatus.Policy, _ writer: inout JSONWriter) {
        writer.beginObject()
        writer.member("action", policy.action)
        writer.member("label_flips_max", policy.labelFlipsMax)
        if let change = policy.changeMax { writer.member("change_max", change) }
        writer.endObject()
    }

    /// How a version answered the rows of another one.
    package static func write(_ shadow: ModelStatus.Shadow, _ writer: inout JSONWriter) {
        writer.beginObject()
        writer.member("compared_with_version", shadow.version)
        writer.key("policy")
        write(shadow.policy, &writer)
        writer.member("rows", shadow.rowCount)
        if let obstacle = shadow.obstacle { writer.member("not_compared", obstacle) }
        if shadow.rowCount > 0 {
            writer.member("rows_with_another_label", shadow.flippedRows)
            writer.member("rows_lost", shadow.rowsLost)
            writer.member("rows_won", shadow.rowsWon)
            writer.key("outputs")
            writer.beginArray()
            for output in shadow.outputs {
                writer.beginObject()
                writer.member("name", output.name)
                writer.member("label_flips", output.labelFlips)
                writer.member("largest_difference", output.largestDifference)
                writer.member("largest_relative_change", output.largestChange)
                writer.endObject()
            }
            writer.endArray()
            writer.member("ns_per_row_before", shadow.nanosecondsBefore)
            writer.member("ns_per_row_after", shadow.nanosecondsAfter)
        }
        if !shadow.broken.isEmpty { writer.member("broken_limits", shadow.broken) }
        writer.endObject()
    }

    private static func writeIdentity(
        _ model: ModelStatus, _ state: String, _ writer: inout JSONWriter
    ) {
        writer.member("name", model.name)
        writer.member("version", model.version)
        writer.key("default")
        writer.bool(model.isDefault)
        writer.member("state", state)
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
