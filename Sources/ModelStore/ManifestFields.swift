internal import ByteCoding

/// The values of a manifest as they stand in the file, unchecked.
struct ManifestFields {
    struct Version {
        var number: Int64?
        var digest: String?
        var format: String?
        var byteCount: Int64?
        var memoryBytes: Int64?
        var generation: Int64?
    }

    struct Policy {
        var action: String?
        var labelFlipsMax: Double?
        var changeMax: Double?
    }

    struct Model {
        var name: String?
        /// What stands beside the name: all of the one version in schema 1, the generation in both.
        var version = Version()
        var versions: [Version] = []
        var current: Int64?
        var highest: Int64?
        var previous: Int64?
        var aliases: [(name: String, number: Int64)] = []
        var policy: Policy?
    }

    struct Retired {
        var floor: Int64?
        var names: [(name: String?, highest: Int64?)] = []
    }

    private(set) var schema: Int64?
    private(set) var generation: Int64?
    private(set) var created: Int64?
    private(set) var defaultName: String?
    private(set) var models: [Model] = []
    private(set) var retired = Retired()
    /// Whether there are more of something than are read.
    private(set) var hasTooMany = false

    init(_ reader: inout JSONReader) throws(JSONError) {
        try reader.beginObject()
        while let key = try reader.nextKey() {
            if reader.equals(key, "schema") {
                schema = try reader.readInt64()
            } else if reader.equals(key, "generation") {
                generation = try reader.readInt64()
            } else if reader.equals(key, "created") {
                created = try reader.readInt64()
            } else if reader.equals(key, "default") {
                if try reader.peek() == .null {
                    try reader.readNull()
                } else {
                    defaultName = try Self.text(&reader)
                }
            } else if reader.equals(key, "models") {
                try reader.beginArray()
                while try reader.nextElement() {
                    let model = try readModel(&reader)
                    if models.count < ManifestCoding.modelsMax { models.append(model) } else { hasTooMany = true }
                }
            } else if reader.equals(key, "retired") {
                try readRetired(&reader)
            } else {
                _ = try reader.skipValue()
            }
        }
    }

    private mutating func readRetired(_ reader: inout JSONReader) throws(JSONError) {
        try reader.beginObject()
        while let key = try reader.nextKey() {
            if reader.equals(key, "floor") {
                retired.floor = try reader.readInt64()
            } else if reader.equals(key, "names") {
                try reader.beginArray()
                while try reader.nextElement() {
                    let entry = try Self.retiredName(&reader)
                    if retired.names.count < ManifestCoding.modelsMax {
                        retired.names.append(entry)
                    } else {
                        hasTooMany = true
                    }
                }
            } else {
                _ = try reader.skipValue()
            }
        }
    }

    private static func retiredName(
        _ reader: inout JSONReader
    ) throws(JSONError) -> (name: String?, highest: Int64?) {
        var entry: (name: String?, highest: Int64?)
        try reader.beginObject()
        while let key = try reader.nextKey() {
            if reader.equals(key, "name") {
                entry.name = try text(&reader)
            } else if reader.equals(key, "highest") {
                entry.highest = try reader.readInt64()
            } else {
                _ = try reader.skipValue()
            }
        }
        return entry
    }

    private mutating func readModel(_ reader: inout JSONReader) throws(JSONError) -> Model {
        var model = Model()
        try reader.beginObject()
        while let key = try reader.nextKey() {
            if reader.equals(key, "name") {
                model.name = try Self.text(&reader)
            } else if reader.equals(key, "current") {
                model.current = try reader.readInt64()
            } else if reader.equals(key, "highest") {
                model.highest = try reader.readInt64()
            } else if reader.equals(key, "previous") {
                model.previous = try reader.readInt64()
            } else if reader.equals(key, "versions") {
                try reader.beginArray()
                while try reader.nextElement() {
                    let version = try Self.version(&reader)
                    if model.versions.count < ManifestCoding.versionsMax {
                        model.versions.append(version)
                    } else {
                        hasTooMany = true
                    }
                }
            } else if reader.equals(key, "aliases"), try reader.peek() == .object {
                try readAliases(&reader, into: &model)
            } else if reader.equals(key, "shadow") {
                model.policy = try Self.policy(&reader)
            } else if !(try Self.read(key, &reader, into: &model.version)) {
                _ = try reader.skipValue()
            }
        }
        return model
    }

    private mutating func readAliases(_ reader: inout JSONReader, into model: inout Model) throws(JSONError) {
        try reader.beginObject()
        while let alias = try reader.nextKey() {
            let name = reader.string(alias)
            let number = try reader.readInt64()
            if model.aliases.count < ManifestCoding.versionsMax {
                model.aliases.append((name, number))
            } else {
                hasTooMany = true
            }
        }
    }

    private static func version(_ reader: inout JSONReader) throws(JSONError) -> Version {
        var version = Version()
        try reader.beginObject()
        while let key = try reader.nextKey() {
            if !(try read(key, &reader, into: &version)) { _ = try reader.skipValue() }
        }
        return version
    }

    /// - Returns: false, with nothing read, for a key that is none of a version's.
    private static func read(
        _ key: JSONStringToken, _ reader: inout JSONReader, into version: inout Version
    ) throws(JSONError) -> Bool {
        if reader.equals(key, "version") {
            version.number = try reader.readInt64()
        } else if reader.equals(key, "digest") {
            version.digest = try text(&reader)
        } else if reader.equals(key, "format") {
            version.format = try text(&reader)
        } else if reader.equals(key, "bytes") {
            version.byteCount = try reader.readInt64()
        } else if reader.equals(key, "memory") {
            version.memoryBytes = try reader.readInt64()
        } else if reader.equals(key, "generation") {
            version.generation = try reader.readInt64()
        } else {
            return false
        }
        return true
    }

    private static func policy(_ reader: inout JSONReader) throws(JSONError) -> Policy {
        var policy = Policy()
        try reader.beginObject()
        while let key = try reader.nextKey() {
            if reader.equals(key, "action") {
                policy.action = try text(&reader)
            } else if reader.equals(key, "label_flips_max") {
                policy.labelFlipsMax = try reader.readDouble()
            } else if reader.equals(key, "change_max") {
                policy.changeMax = try reader.readDouble()
            } else {
                _ = try reader.skipValue()
            }
        }
        return policy
    }

    private static func text(_ reader: inout JSONReader) throws(JSONError) -> String {
        let token = try reader.readString()
        return reader.string(token)
    }
}
