internal import ByteCoding
package import Serving

/// A manifest as it lies in a store:
///
///     {"schema": 1, "generation": 7, "created": 1767225600, "default": "churn", "models": [
///       {"name": "churn", "version": 3, "digest": "sha256:...", "format": "xgboost-ubjson", "bytes": 52311,
///       "generation": 7}]}
///
/// Keys that are not known are passed over; a manifest of a later schema is refused as a whole.
package enum ManifestCoding {
    package static let schema = 1
    /// Bytes of a manifest, and models in it, that are read.
    package static let bytesMax = 16 << 20
    package static let modelsMax = 1 << 16

    package static func encode(_ manifest: StoreManifest) -> [UInt8] {
        var writer = JSONWriter()
        writer.beginObject()
        writer.key("schema")
        writer.number(Int64(schema))
        writer.key("generation")
        writer.number(Int64(manifest.generation))
        writer.key("created")
        writer.number(manifest.created)
        writer.key("default")
        if let name = manifest.defaultName { writer.string(name) } else { writer.null() }
        writer.key("models")
        writer.beginArray()
        for entry in manifest.models {
            writer.beginObject()
            writer.key("name")
            writer.string(entry.name)
            writer.key("version")
            writer.number(Int64(entry.version))
            writer.key("digest")
            writer.string(entry.digest.description)
            writer.key("format")
            writer.string(entry.format)
            writer.key("bytes")
            writer.number(Int64(entry.byteCount))
            writer.key("generation")
            writer.number(Int64(entry.generation))
            writer.endObject()
        }
        writer.endArray()
        writer.endObject()
        return writer.take() + [UInt8(ascii: "\n")]
    }

    /// What is wrong with a manifest, in one clause without its text.
    package struct Problem: Error, Sendable, Hashable {
        package let text: String

        init(_ text: String) {
            self.text = text
        }
    }

    /// Reads and checks a manifest; nothing of a manifest is used that is not right as a whole.
    package static func decode(_ bytes: [UInt8]) throws(Problem) -> StoreManifest {
        guard bytes.count <= bytesMax else { throw Problem("it is longer than \(bytesMax) bytes") }
        let fields: Fields
        do throws(JSONError) {
            var reader = JSONReader(bytes.span)
            fields = try readFields(&reader)
            try reader.finish()
        } catch {
            throw Problem("it is not the JSON of a manifest: \(error.description)")
        }
        return try manifest(of: fields)
    }

    // MARK: Reading

    /// The values as they stand in the file.
    private struct Fields {
        var schema: Int64?
        var generation: Int64?
        var created: Int64?
        var defaultName: String?
        var models: [EntryFields] = []
        var hasTooManyModels = false
    }

    private struct EntryFields {
        var name: String?
        var version: Int64?
        var digest: String?
        var format: String?
        var byteCount: Int64?
        var generation: Int64?
    }

    private static func readFields(_ reader: inout JSONReader) throws(JSONError) -> Fields {
        var fields = Fields()
        try reader.beginObject()
        while let key = try reader.nextKey() {
            if reader.equals(key, "schema") {
                fields.schema = try reader.readInt64()
            } else if reader.equals(key, "generation") {
                fields.generation = try reader.readInt64()
            } else if reader.equals(key, "created") {
                fields.created = try reader.readInt64()
            } else if reader.equals(key, "default") {
                if try reader.peek() == .null {
                    try reader.readNull()
                } else {
                    let token = try reader.readString()
                    fields.defaultName = reader.string(token)
                }
            } else if reader.equals(key, "models") {
                try reader.beginArray()
                while try reader.nextElement() {
                    let entry = try readEntry(&reader)
                    if fields.models.count < modelsMax {
                        fields.models.append(entry)
                    } else {
                        fields.hasTooManyModels = true
                    }
                }
            } else {
                _ = try reader.skipValue()
            }
        }
        return fields
    }

    private static func readEntry(_ reader: inout JSONReader) throws(JSONError) -> EntryFields {
        var fields = EntryFields()
        try reader.beginObject()
        while let key = try reader.nextKey() {
            if reader.equals(key, "name") {
                fields.name = try readText(&reader)
            } else if reader.equals(key, "version") {
                fields.version = try reader.readInt64()
            } else if reader.equals(key, "digest") {
                fields.digest = try readText(&reader)
            } else if reader.equals(key, "format") {
                fields.format = try readText(&reader)
            } else if reader.equals(key, "bytes") {
                fields.byteCount = try reader.readInt64()
            } else if reader.equals(key, "generation") {
                fields.generation = try reader.readInt64()
            } else {
                _ = try reader.skipValue()
            }
        }
        return fields
    }

    private static func readText(_ reader: inout JSONReader) throws(JSONError) -> String {
        let token = try reader.readString()
        return reader.string(token)
    }

    // MARK: Checking

    private static func manifest(of fields: Fields) throws(Problem) -> StoreManifest {
        guard let written = fields.schema else { throw Problem("it has no schema") }
        guard written == schema else {
            throw Problem("its schema is \(written); this server reads schema \(schema)")
        }
        guard let generation = fields.generation, generation >= 1 else { throw Problem("it has no generation") }
        guard !fields.hasTooManyModels else { throw Problem("it has more than \(modelsMax) models") }
        var names: Set<String> = []
        var models: [StoreManifest.Entry] = []
        for (index, entry) in fields.models.enumerated() {
            let place = "model \(index)"
            guard let name = entry.name, ModelName.isValid(name) else { throw Problem("\(place) has no valid name") }
            guard names.insert(name).inserted else { throw Problem("\(place) has the name of another one") }
            guard let version = entry.version, version >= 1 else { throw Problem("\(place) has no version") }
            guard let digest = entry.digest.flatMap({ ContentDigest($0) }) else {
                throw Problem("\(place) has no SHA-256 digest")
            }
            guard let byteCount = entry.byteCount, byteCount >= 0 else { throw Problem("\(place) has no size") }
            guard let brought = entry.generation, brought >= 0, brought <= generation else {
                throw Problem("\(place) has no generation up to that of the manifest")
            }
            models.append(
                StoreManifest.Entry(
                    name: name, version: Int(version), digest: digest, format: entry.format ?? "",
                    byteCount: Int(byteCount), generation: Int(brought)))
        }
        return StoreManifest(
            generation: Int(generation), created: fields.created ?? 0, models: models,
            defaultName: fields.defaultName)
    }
}
