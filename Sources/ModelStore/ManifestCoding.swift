internal import ByteCoding
package import Serving

/// A manifest as it lies in a store:
///
///     {"schema": 2, "generation": 7, "created": 1767225600, "default": "churn", "models": [
///       {"name": "churn", "generation": 7, "current": 3, "previous": 2, "highest": 3, "aliases": {"champion": 2},
///        "shadow": {"action": "refuse", "label_flips_max": 0.01, "change_max": 0.5},
///        "versions": [
///         {"version": 2, "digest": "sha256:...", "format": "xgboost-ubjson", "bytes": 52311, "memory": 81920,
///          "generation": 5},
///         {"version": 3, "digest": "sha256:...", "format": "xgboost-ubjson", "bytes": 60112, "memory": 90112,
///          "generation": 7}]}],
///      "retired": {"floor": 4, "names": [{"name": "fraud", "highest": 9}]}}
///
/// `retired` tells the last numbers of models that are gone, in the order of their removal, and may be missing. Servers
/// that do not know the key read the manifest all the same, and write the next one without it; those that do add what
/// they remember.
///
/// `memory` is what the version's predictor held where it was published, and may be missing. In schema 1, which is
/// still read, a model has one version, whose members stand beside its name. Keys that are not known are passed over;
/// a manifest of a later schema is refused as a whole.
package enum ManifestCoding {
    package static let schema = 2
    /// Bytes of a manifest, models in it, and versions and aliases of a model, that are read.
    package static let bytesMax = 16 << 20
    package static let modelsMax = 1 << 16
    package static let versionsMax = 1 << 10
    /// Generations and versions: what the names of manifests hold, and one can always be added.
    package static let numberMax = 999_999_999_999_999

    package static func encode(_ manifest: StoreManifest) -> [UInt8] {
        var writer = JSONWriter()
        writer.beginObject()
        write("schema", schema, &writer)
        write("generation", manifest.generation, &writer)
        writer.key("created")
        writer.number(manifest.created)
        writer.key("default")
        if let name = manifest.defaultName { writer.string(name) } else { writer.null() }
        writer.key("models")
        writer.beginArray()
        for model in manifest.models { encode(model, &writer) }
        writer.endArray()
        encode(manifest.retired, &writer)
        writer.endObject()
        return writer.take() + [UInt8(ascii: "\n")]
    }

    private static func encode(_ retired: RetiredNumbers, _ writer: inout JSONWriter) {
        guard retired != .none else { return }
        writer.key("retired")
        writer.beginObject()
        write("floor", retired.floor, &writer)
        writer.key("names")
        writer.beginArray()
        for entry in retired.entries {
            writer.beginObject()
            writer.key("name")
            writer.string(entry.name)
            write("highest", entry.highest, &writer)
            writer.endObject()
        }
        writer.endArray()
        writer.endObject()
    }

    private static func encode(_ model: StoredModel, _ writer: inout JSONWriter) {
        writer.beginObject()
        writer.key("name")
        writer.string(model.name)
        write("generation", model.generation, &writer)
        write("current", model.currentNumber, &writer)
        write("highest", model.highestNumber, &writer)
        if let previous = model.previousNumber { write("previous", previous, &writer) }
        if !model.aliases.isEmpty {
            writer.key("aliases")
            writer.beginObject()
            for (name, number) in model.aliases.sorted(by: { $0.key < $1.key }) { write(name, number, &writer) }
            writer.endObject()
        }
        if let policy = model.shadowPolicy {
            writer.key("shadow")
            writer.beginObject()
            writer.key("action")
            writer.string(policy.action.rawValue)
            writer.key("label_flips_max")
            writer.number(policy.labelFlipsMax)
            if let change = policy.changeMax {
                writer.key("change_max")
                writer.number(change)
            }
            writer.endObject()
        }
        writer.key("versions")
        writer.beginArray()
        for version in model.versions {
            writer.beginObject()
            write("version", version.number, &writer)
            writer.key("digest")
            writer.string(version.digest.description)
            writer.key("format")
            writer.string(version.format)
            write("bytes", version.byteCount, &writer)
            if let memoryBytes = version.memoryBytes { write("memory", memoryBytes, &writer) }
            write("generation", version.generation, &writer)
            writer.endObject()
        }
        writer.endArray()
        writer.endObject()
    }

    private static func write(_ key: String, _ number: Int, _ writer: inout JSONWriter) {
        writer.key(key)
        writer.number(Int64(number))
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
        let fields: ManifestFields
        do throws(JSONError) {
            var reader = JSONReader(bytes.span)
            fields = try ManifestFields(&reader)
            try reader.finish()
        } catch {
            throw Problem("it is not the JSON of a manifest: \(error.description)")
        }
        return try manifest(of: fields)
    }

    // MARK: Checking

    private static func manifest(of fields: ManifestFields) throws(Problem) -> StoreManifest {
        guard let written = fields.schema else { throw Problem("it has no schema") }
        guard written == 1 || written == schema else {
            throw Problem("its schema is \(written); this server reads schemas 1 and \(schema)")
        }
        guard let generation = fields.generation, (1...Int64(numberMax)).contains(generation) else {
            throw Problem("it has no generation")
        }
        guard !fields.hasTooMany else {
            throw Problem("it has more than \(modelsMax) models, or \(versionsMax) versions or aliases of one")
        }
        var names: Set<String> = []
        var models: [StoredModel] = []
        for (index, entry) in fields.models.enumerated() {
            let model = try model(of: entry, schema: written, upTo: Int(generation), place: "model \(index)")
            guard names.insert(model.name).inserted else { throw Problem("model \(index) has the name of another one") }
            models.append(model)
        }
        return StoreManifest(
            generation: Int(generation), created: fields.created ?? 0, models: models,
            defaultName: fields.defaultName, retired: try retired(of: fields.retired))
    }

    private static func retired(of fields: ManifestFields.Retired) throws(Problem) -> RetiredNumbers {
        let numbers = 0...Int64(numberMax)
        guard numbers.contains(fields.floor ?? 0) else { throw Problem("it has no number for new names") }
        var entries: [RetiredNumbers.Entry] = []
        for (index, entry) in fields.names.enumerated() {
            guard let name = entry.name, ModelName.isValid(name), let highest = entry.highest,
                numbers.contains(highest)
            else { throw Problem("retired name \(index) has no name or no number") }
            entries.append(RetiredNumbers.Entry(name: name, highest: Int(highest)))
        }
        return RetiredNumbers(entries: entries, floor: Int(fields.floor ?? 0))
    }

    private static func model(
        of fields: ManifestFields.Model, schema: Int64, upTo generation: Int, place: String
    ) throws(Problem) -> StoredModel {
        guard let name = fields.name, ModelName.isValid(name) else { throw Problem("\(place) has no valid name") }
        let brought = try Self.generation(fields.version.generation, upTo: generation, place)
        guard schema > 1 else {
            let version = try version(of: fields.version, upTo: generation, place)
            return StoredModel(
                name: name, versions: [version], currentNumber: version.number, generation: brought)
        }
        var versions: [StoredModel.Version] = []
        for (index, entry) in fields.versions.enumerated() {
            versions.append(try version(of: entry, upTo: generation, "version \(index) of \(place)"))
        }
        let numbers = Set(versions.map(\.number))
        guard numbers.count == versions.count else { throw Problem("\(place) has a version twice") }
        guard let current = fields.current.map({ Int($0) }), numbers.contains(current) else {
            throw Problem("\(place) has no current version")
        }
        guard fields.highest ?? 0 <= Int64(numberMax) else {
            throw Problem("\(place) has no number for its next version")
        }
        var aliases: [String: Int] = [:]
        for (alias, number) in fields.aliases {
            guard ModelName.isValid(alias), numbers.contains(Int(number)), aliases[alias] == nil else {
                throw Problem("\(place) has an alias of no version")
            }
            aliases[alias] = Int(number)
        }
        return StoredModel(
            name: name, versions: versions, currentNumber: current, previousNumber: fields.previous.map { Int($0) },
            highestNumber: fields.highest.map { Int($0) },
            aliases: aliases, shadowPolicy: try policy(of: fields.policy, place), generation: brought)
    }

    private static func policy(
        of fields: ManifestFields.Policy?, _ place: String
    ) throws(Problem) -> ShadowPolicy? {
        guard let fields else { return nil }
        guard let action = fields.action.flatMap({ ShadowPolicy.Action(rawValue: $0) }),
            let flips = fields.labelFlipsMax, flips >= 0, flips <= 1, fields.changeMax ?? 0 >= 0
        else { throw Problem("\(place) has no valid shadow policy") }
        return ShadowPolicy(action: action, labelFlipsMax: flips, changeMax: fields.changeMax)
    }

    private static func version(
        of fields: ManifestFields.Version, upTo generation: Int, _ place: String
    ) throws(Problem) -> StoredModel.Version {
        guard let number = fields.number, (1...Int64(numberMax)).contains(number) else {
            throw Problem("\(place) has no version")
        }
        guard let digest = fields.digest.flatMap({ ContentDigest($0) }) else {
            throw Problem("\(place) has no SHA-256 digest")
        }
        guard let byteCount = fields.byteCount, byteCount >= 0, fields.memoryBytes ?? 0 >= 0 else {
            throw Problem("\(place) has no size")
        }
        return StoredModel.Version(
            number: Int(number), digest: digest, format: fields.format ?? "", byteCount: Int(byteCount),
            memoryBytes: fields.memoryBytes.map { Int($0) },
            generation: try Self.generation(fields.generation, upTo: generation, place))
    }

    private static func generation(_ value: Int64?, upTo generation: Int, _ place: String) throws(Problem) -> Int {
        guard let value, value >= 0, value <= generation else {
            throw Problem("\(place) has no generation up to that of the manifest")
        }
        return Int(value)
    }
}
