internal import ByteCoding

/// A JSON configuration file: one object, its keys those of `texts`, `lists` and `models`.
///
///     {"host": "127.0.0.1", "port": 8080, "store": "models", "models": {"house-price": "house-price.pkl"}}
struct ConfigurationFile {
    /// Values as text, by key.
    private(set) var texts: [String: String] = [:]
    /// Lists of texts, by key.
    private(set) var lists: [String: [String]] = [:]
    private(set) var models: [ModelSource] = []

    static let bytesMax = 1 << 20
    static let listKeys = ["listen", "cors_origins"]
    static let keys =
        [
            "host", "port", "unix_socket_mode", "loops", "store", "log_level", "admin_token_file",
            "predict_token_file", "body_bytes_max", "model_bytes_max", "memory_limit", "keep_versions", "shadow",
            "connections_max", "in_flight_max",
            "head_timeout_seconds", "body_timeout_seconds", "body_bytes_per_second_min", "idle_timeout_seconds",
            "write_timeout_seconds", "latency_objective_ms", "batch_wait_us",
            "batching", "inline_budget_us", "cache_bytes", "drain_seconds", "drain_delay_seconds", "models",
            "store_poll_seconds", "uploads", "store_cache", "store_cache_bytes_max", "s3_endpoint", "s3_region",
            "gcs_endpoint", "store_ca_file", "store_proxy",
        ] + listKeys
    /// A list has at most so many texts.
    static let listCountMax = 64

    /// An empty file.
    init() {}

    /// - Parameter path: the file, for errors.
    init(bytes: [UInt8], path: String) throws(ConfigurationError) {
        do {
            try read(bytes, path)
        } catch let error as JSONError {
            throw ConfigurationError(
                "configuration file", from: "\(path), byte \(error.offset)", found: error.reason.found,
                expected: "JSON, and here \(error.reason.expected)")
        } catch let error as ConfigurationError {
            throw error
        } catch {
            throw ConfigurationError("configuration file", from: path, found: "\(error)", expected: "a JSON object")
        }
    }

    private mutating func read(_ bytes: [UInt8], _ path: String) throws {
        var reader = JSONReader(bytes.span)
        guard try reader.peek() == .object else {
            throw ConfigurationError(
                "configuration file", from: "\(path), byte \(reader.offset)", found: "another value",
                expected: "a JSON object")
        }
        try reader.beginObject()
        var seen: Set<String> = []
        while let token = try reader.nextKey() {
            let key = reader.string(token)
            guard Self.keys.contains(key) else {
                throw ConfigurationError(
                    "configuration file", from: "\(path), key", found: "\"\(key)\"",
                    expected: "one of \(Self.keys.joined(separator: ", "))")
            }
            guard seen.insert(key).inserted else {
                throw ConfigurationError(
                    "configuration file", from: "\(path), key", found: "\"\(key)\" a second time",
                    expected: "each key once")
            }
            if key == "models" {
                try readModels(&reader)
            } else if Self.listKeys.contains(key) {
                lists[key] = try readList(&reader, key)
            } else {
                texts[key] = try readText(&reader, key)
            }
        }
        try reader.finish()
    }

    /// A string or a whole number, as text.
    private func readText(_ reader: inout JSONReader, _ key: String) throws -> String {
        switch try reader.peek() {
        case .string: return reader.string(try reader.readString())
        case .number: if case .int64(let value) = try reader.readNumber() { return String(value) }
        default: break
        }
        throw ConfigurationError(
            key, from: "configuration file", found: "another value", expected: "a string or a whole number")
    }

    /// A string, or an array of strings.
    private func readList(_ reader: inout JSONReader, _ key: String) throws -> [String] {
        if try reader.peek() == .string { return [reader.string(try reader.readString())] }
        let expected = "a string, or an array of at most \(Self.listCountMax) strings"
        guard try reader.peek() == .array else {
            throw ConfigurationError(key, from: "configuration file", found: "another value", expected: expected)
        }
        var list: [String] = []
        try reader.beginArray()
        while try reader.nextElement() {
            guard try reader.peek() == .string, list.count < Self.listCountMax else {
                throw ConfigurationError(
                    key, from: "configuration file", found: "another value at place \(list.count)",
                    expected: expected)
            }
            list.append(reader.string(try reader.readString()))
        }
        return list
    }

    private mutating func readModels(_ reader: inout JSONReader) throws {
        guard try reader.peek() == .object else {
            throw ConfigurationError(
                "models", from: "configuration file", found: "another value", expected: "an object of names and paths")
        }
        try reader.beginObject()
        while let token = try reader.nextKey() {
            let name = reader.string(token)
            guard try reader.peek() == .string else {
                throw ConfigurationError(
                    "models", from: "configuration file", found: "no path for \"\(name)\"", expected: "a string")
            }
            models.append(try ModelSource(name: name, path: reader.string(try reader.readString())))
        }
    }
}
