internal import EventLoop
internal import HTTPServer
internal import ModelStore
internal import Serving
internal import Telemetry

/// What makes a text a setting that can be used.
extension ServerConfiguration {
    static func refuseRepeatedNames(_ models: [ModelSource]) throws(ConfigurationError) {
        for (index, model) in models.enumerated() where models[..<index].contains(where: { $0.name == model.name }) {
            throw ConfigurationError(
                "model", from: model.path, found: "the name \"\(model.name)\" a second time",
                expected: "another name, as NAME=PATH")
        }
    }

    static func addresses(_ texts: Setting<[String]>) throws(ConfigurationError) -> Setting<[ListenAddress]> {
        var addresses: [ListenAddress] = []
        for text in texts.value {
            let address: ListenAddress
            do {
                address = try ListenAddress(text)
            } catch {
                throw ConfigurationError(
                    "listen", from: texts.source.description, found: error.found, expected: error.expected)
            }
            guard !addresses.contains(address) else {
                throw ConfigurationError(
                    "listen", from: texts.source.description, found: "\(address) a second time",
                    expected: "each address once")
            }
            addresses.append(address)
        }
        // One place is kept for host and port.
        guard addresses.count < HTTPServer.listenersMax else {
            throw ConfigurationError(
                "listen", from: texts.source.description, found: "\(addresses.count) addresses",
                expected: "at most \(HTTPServer.listenersMax - 1)")
        }
        return Setting(addresses, from: texts.source)
    }

    static func mode(_ text: Setting<String?>) throws(ConfigurationError) -> Setting<Int> {
        guard let digits = text.value else { return Setting(ListeningSocket.modeDefault, from: .standard) }
        guard digits.utf8.count <= 4, let mode = Int(digits, radix: 8), (0...0o777).contains(mode) else {
            throw ConfigurationError(
                "unix_socket_mode", from: text.source.description, found: "\"\(digits)\"",
                expected: "permission bits in octal, such as 0660")
        }
        return Setting(mode, from: text.source)
    }

    static func level(_ text: Setting<String>) throws(ConfigurationError) -> Setting<String> {
        guard LogLevel(rawValue: text.value) != nil else {
            throw ConfigurationError(
                "log_level", from: text.source.description, found: "\"\(text.value)\"",
                expected: LogLevel.allCases.map(\.rawValue).joined(separator: ", "))
        }
        return text
    }

    static func onOrOff(
        _ key: String, _ resolver: SettingResolver, standard: Bool
    ) throws(ConfigurationError) -> Setting<Bool> {
        let text = resolver.optionalText(key, variables: ["VENCEJO_" + key.uppercased()])
        switch text.value {
        case nil: return Setting(standard, from: .standard)
        case "on"?, "true"?: return Setting(true, from: text.source)
        case "off"?, "false"?: return Setting(false, from: text.source)
        case let other?:
            throw ConfigurationError(key, from: text.source.description, found: "\"\(other)\"", expected: "on or off")
        }
    }

    /// Bytes, with K, M or G for powers of 1024, or `none`. By default four fifths of what the process may have: the
    /// rest is for requests, and for the import of the next model.
    static func memoryLimit(
        _ text: Setting<String?>, available: Int?
    ) throws(ConfigurationError) -> Setting<Int?> {
        guard let value = text.value else { return Setting(available.map { $0 / 5 * 4 }, from: .standard) }
        if value == "none" { return Setting(nil, from: text.source) }
        let units: [Character: Int] = ["K": 1 << 10, "M": 1 << 20, "G": 1 << 30]
        let unit = value.last.flatMap { units[Character($0.uppercased())] }
        let digits = unit == nil ? value[...] : value.dropLast()
        if let number = Int(digits), number > 0 {
            let (bytes, overflow) = number.multipliedReportingOverflow(by: unit ?? 1)
            if !overflow { return Setting(bytes, from: text.source) }
        }
        throw ConfigurationError(
            "memory_limit", from: text.source.description, found: "\"\(value)\"",
            expected: "bytes such as 800M or 2G, or none")
    }

    static func shadow(_ text: Setting<String?>) throws(ConfigurationError) -> Setting<ShadowPolicy> {
        guard let value = text.value else { return Setting(.standard, from: .standard) }
        guard let action = ShadowPolicy.Action(rawValue: value) else {
            throw ConfigurationError(
                "shadow", from: text.source.description, found: "\"\(value)\"",
                expected: "one of " + ShadowPolicy.Action.allCases.map(\.rawValue).joined(separator: ", "))
        }
        return Setting(ShadowPolicy(action: action), from: text.source)
    }

    static func origins(_ texts: Setting<[String]>) throws(ConfigurationError) -> Setting<CORSOrigins> {
        do throws(CORSOrigins.Malformed) {
            return Setting(try CORSOrigins(texts.value), from: texts.source)
        } catch {
            throw ConfigurationError(
                "cors_origins", from: texts.source.description, found: error.found, expected: error.expected)
        }
    }

    static func check(store place: String, from source: SettingSource) throws(ConfigurationError) {
        do throws(StoreLocation.Malformed) {
            _ = try StoreLocation(place)
        } catch {
            throw ConfigurationError(
                "store", from: source.description, found: error.found, expected: error.expected)
        }
    }

    static func check(delay: Setting<Int>, within drain: Setting<Int>) throws(ConfigurationError) {
        guard delay.value > 0, delay.value >= drain.value else { return }
        throw ConfigurationError(
            "drain_delay_seconds", from: delay.source.description, found: "\(delay.value)",
            expected: "less than drain_seconds, \(drain.value), which it is a part of")
    }

    /// The token of that name, from `VENCEJO_NAME_TOKEN`, or the file that `VENCEJO_NAME_TOKEN_FILE` or
    /// `name_token_file` names.
    static func token(
        _ name: String, _ resolver: SettingResolver, _ readFile: (String) throws -> [UInt8]
    ) throws(ConfigurationError) -> Setting<String?> {
        let variable = "VENCEJO_\(name.uppercased())_TOKEN"
        if let token = resolver.environment(variable) {
            guard resolver.environment(variable + "_FILE") == nil else {
                throw ConfigurationError(
                    "\(name) token", from: "environment", found: "both \(variable) and \(variable)_FILE",
                    expected: "one of them")
            }
            return Setting(try checked(token, name, "environment \(variable)"), from: .environment(variable))
        }
        let path = resolver.optionalText("\(name)_token_file", variables: [variable + "_FILE"])
        guard let file = path.value else { return Setting(nil, from: .standard) }
        let text = String(decoding: try bytes(of: file, "\(name) token file", readFile), as: UTF8.self)
        let token = text.split(whereSeparator: \.isWhitespace).first.map { String($0) } ?? ""
        return Setting(try checked(token, name, "\(name) token file"), from: path.source)
    }

    /// Tokens travel in a header field: visible ASCII, and long enough not to be guessed.
    private static func checked(
        _ token: String, _ name: String, _ source: String
    ) throws(ConfigurationError) -> String {
        guard token.utf8.count >= 16, token.utf8.allSatisfy({ (0x21...0x7e).contains($0) }) else {
            throw ConfigurationError(
                "\(name) token", from: source, found: "\(token.utf8.count) characters",
                expected: "at least 16 visible ASCII characters without white space")
        }
        return token
    }

    static func bytes(
        of path: String, _ setting: String, _ readFile: (String) throws -> [UInt8]
    ) throws(ConfigurationError) -> [UInt8] {
        do {
            return try readFile(path)
        } catch {
            let reason = (error as? SystemFile.FileError)?.reason ?? "\(error)"
            throw ConfigurationError(setting, from: path, found: reason, expected: "a readable file")
        }
    }

    /// How predictions are batched.
    var batchSettings: BatchSettings {
        var settings = BatchSettings()
        settings.loop.inlineBudget = Double(inlineBudgetUs.value) * 1000
        settings.compute.latencyObjective = UInt64(latencyObjectiveMs.value) * 1_000_000
        settings.compute.batchWait = UInt64(batchWaitUs.value) * 1000
        settings.cacheBytes = cacheBytes.value
        if !batching.value { settings.disableBatching() }
        return settings
    }
}
