internal import ByteCoding

/// Every setting of the server with where it came from: flag, then environment, then file, then default.
public struct ServerConfiguration: Sendable {
    public let models: [ModelSource]
    public let host: Setting<String>
    public let port: Setting<Int>
    /// nil: a loop a granted core.
    public let loops: Setting<Int?>
    /// nil: uploads live in memory and end with the process.
    public let store: Setting<String?>
    public let logLevel: Setting<String>
    /// Bytes of a prediction's body.
    public let bodyBytesMax: Setting<Int>
    /// Bytes of an uploaded model.
    public let modelBytesMax: Setting<Int>
    /// Seconds that a stop waits for answers under way.
    public let drainSeconds: Setting<Int>
    /// nil: none is set. Never printed.
    let adminToken: Setting<String?>

    /// Environment names of the port, in the order in which they count.
    static let portVariables = ["VENCEJO_PORT", "PORT", "AIP_HTTP_PORT", "SAGEMAKER_BIND_TO_PORT"]

    /// Works out every setting from these options, this process's environment and the configuration file they name.
    /// - Throws: `ConfigurationError` at the first setting that cannot be used.
    public init(_ options: ServerOptions) throws(ConfigurationError) {
        try self.init(
            options: options, environment: { Host.environment($0) },
            readFile: { try SystemFile.read($0, bytesMax: ConfigurationFile.bytesMax) })
    }

    /// Works out every setting.
    /// - Parameters:
    ///   - environment: looks a variable up; an empty value counts as not set.
    ///   - readFile: a file's bytes; for the configuration file and the token file.
    /// - Throws: `ConfigurationError` at the first setting that cannot be used.
    public init(
        options: ServerOptions, environment: @escaping (String) -> String?, readFile: (String) throws -> [UInt8]
    ) throws(ConfigurationError) {
        let variable = { (name: String) in environment(name).flatMap { $0.isEmpty ? nil : $0 } }
        let path = options.configurationFile ?? variable("VENCEJO_CONFIG")
        let file = try path.map { (path) throws(ConfigurationError) in
            try ConfigurationFile(bytes: Self.bytes(of: path, "configuration file", readFile))
        }
        let resolver = Resolver(environment: variable, file: file ?? ConfigurationFile())

        models = options.models.isEmpty ? resolver.file.models : options.models
        try Self.refuseRepeatedNames(models)
        host =
            try resolver.text("host", flag: options.host, "--host", variables: ["VENCEJO_HOST"])
            ?? Setting("0.0.0.0", from: .standard)
        port = try resolver.integer(
            "port", flag: options.port, "--port", variables: Self.portVariables, in: 0...65_535, standard: 8080)
        loops = try resolver.optionalInteger(
            "loops", flag: options.loops, "--loops", variables: ["VENCEJO_LOOPS"], in: 1...ThreadPlan.loopsMax)
        store = resolver.optionalText("store", flag: options.store, "--store", variables: ["VENCEJO_STORE"])
        logLevel =
            try resolver.text("log_level", flag: options.logLevel, "--log-level", variables: ["VENCEJO_LOG_LEVEL"])
            ?? Setting("info", from: .standard)
        bodyBytesMax = try resolver.integer(
            "body_bytes_max", flag: nil, "", variables: ["VENCEJO_BODY_BYTES_MAX"], in: 1...(1 << 30),
            standard: 32 << 20)
        modelBytesMax = try resolver.integer(
            "model_bytes_max", flag: nil, "", variables: ["VENCEJO_MODEL_BYTES_MAX"], in: 1...(1 << 36),
            standard: 1 << 30)
        // Cloud Run kills 10 s after SIGTERM, others after 30 s.
        drainSeconds = try resolver.integer(
            "drain_seconds", flag: nil, "", variables: ["VENCEJO_DRAIN_SECONDS"], in: 0...3_600,
            standard: variable("K_SERVICE") == nil ? 29 : 9)
        adminToken = try Self.token(resolver, readFile)
    }

    private static func refuseRepeatedNames(_ models: [ModelSource]) throws(ConfigurationError) {
        for (index, model) in models.enumerated() where models[..<index].contains(where: { $0.name == model.name }) {
            throw ConfigurationError(
                "model", from: model.path, found: "the name \"\(model.name)\" a second time",
                expected: "another name, as NAME=PATH")
        }
    }

    /// Settings that somebody chose, with where they came from; the token's value is not among them.
    var chosen: [(name: String, value: String, source: String)] {
        func entry<Value>(_ name: String, _ setting: Setting<Value>, _ text: String?) -> [(String, String, String)] {
            guard let text, setting.source != .standard else { return [] }
            return [(name, text, setting.source.description)]
        }
        return entry("host", host, host.value) + entry("port", port, "\(port.value)")
            + entry("loops", loops, loops.value.map { "\($0)" }) + entry("store", store, store.value)
            + entry("log_level", logLevel, logLevel.value)
            + entry("body_bytes_max", bodyBytesMax, "\(bodyBytesMax.value)")
            + entry("model_bytes_max", modelBytesMax, "\(modelBytesMax.value)")
            + entry("drain_seconds", drainSeconds, "\(drainSeconds.value)")
            + entry("admin_token", adminToken, adminToken.value.map { _ in "(set)" })
    }

    private static func token(
        _ resolver: Resolver, _ readFile: (String) throws -> [UInt8]
    ) throws(ConfigurationError) -> Setting<String?> {
        if let token = resolver.environment("VENCEJO_ADMIN_TOKEN") {
            return Setting(
                try checked(token, "environment VENCEJO_ADMIN_TOKEN"), from: .environment("VENCEJO_ADMIN_TOKEN"))
        }
        let path = resolver.optionalText(
            "admin_token_file", flag: nil, "", variables: ["VENCEJO_ADMIN_TOKEN_FILE"])
        guard let file = path.value else { return Setting(nil, from: .standard) }
        let text = String(decoding: try bytes(of: file, "admin token file", readFile), as: UTF8.self)
        let token = text.split(whereSeparator: \.isWhitespace).first.map { String($0) } ?? ""
        return Setting(try checked(token, "admin token file"), from: path.source)
    }

    /// Tokens travel in a header field: visible ASCII, and long enough not to be guessed.
    private static func checked(_ token: String, _ source: String) throws(ConfigurationError) -> String {
        guard token.utf8.count >= 16, token.utf8.allSatisfy({ (0x21...0x7e).contains($0) }) else {
            throw ConfigurationError(
                "admin token", from: source, found: "\(token.utf8.count) characters",
                expected: "at least 16 visible ASCII characters without white space")
        }
        return token
    }

    private static func bytes(
        of path: String, _ setting: String, _ readFile: (String) throws -> [UInt8]
    ) throws(ConfigurationError) -> [UInt8] {
        do {
            return try readFile(path)
        } catch {
            throw ConfigurationError(setting, from: path, found: "\(error)", expected: "a readable file")
        }
    }
}

/// Picks each value from flag, environment and file, in that order.
private struct Resolver {
    let environment: (String) -> String?
    let file: ConfigurationFile

    func optionalText(_ key: String, flag: String?, _ flagName: String, variables: [String]) -> Setting<String?> {
        if let flag { return Setting(flag, from: .flag(flagName)) }
        for name in variables {
            if let value = environment(name) { return Setting(value, from: .environment(name)) }
        }
        if let value = file.texts[key] { return Setting(value, from: .file(key: key)) }
        return Setting(nil, from: .standard)
    }

    func text(
        _ key: String, flag: String?, _ flagName: String, variables: [String]
    ) throws(ConfigurationError) -> Setting<String>? {
        let setting = optionalText(key, flag: flag, flagName, variables: variables)
        guard let value = setting.value else { return nil }
        guard !value.isEmpty else {
            throw ConfigurationError(key, from: setting.source.description, found: "nothing", expected: "a value")
        }
        return Setting(value, from: setting.source)
    }

    func optionalInteger(
        _ key: String, flag: Int?, _ flagName: String, variables: [String], in range: ClosedRange<Int>
    ) throws(ConfigurationError) -> Setting<Int?> {
        let setting = optionalText(key, flag: flag.map { String($0) }, flagName, variables: variables)
        guard let text = setting.value else { return Setting(nil, from: .standard) }
        guard let value = Int(text), range.contains(value) else {
            throw ConfigurationError(
                key, from: setting.source.description, found: "\"\(text)\"",
                expected: "a whole number from \(range.lowerBound) to \(range.upperBound)")
        }
        return Setting(value, from: setting.source)
    }

    func integer(
        _ key: String, flag: Int?, _ flagName: String, variables: [String], in range: ClosedRange<Int>, standard: Int
    ) throws(ConfigurationError) -> Setting<Int> {
        let setting = try optionalInteger(key, flag: flag, flagName, variables: variables, in: range)
        return Setting(setting.value ?? standard, from: setting.source)
    }
}
