internal import ModelStore

/// How the model store is reached, where it is not a directory of our own alone.
public struct StoreSettings: Sendable {
    /// What becomes of an upload that ends with the process, since there is no store to keep it.
    public enum Uploads: String, Sendable, CaseIterable {
        /// It serves, and the answer says that only this instance does it.
        case local
        /// It is refused.
        case refuse
    }

    /// What a server says of its readiness that does not serve all that the store has, or cannot see the store.
    public enum Lagging: String, Sendable, CaseIterable {
        /// It is ready: what it has serves.
        case ready
        /// It is not, so that a load balancer asks others.
        case unready
    }

    /// Milliseconds between two looks for what others have published; 0 for none.
    public let pollMilliseconds: Setting<Int>
    public let uploads: Setting<Uploads>
    public let lagging: Setting<Lagging>
    /// Seconds for which a start waits for a store that is far away.
    public let startSeconds: Setting<Int>
    public let cacheDirectory: Setting<String?>
    public let cacheBytesMax: Setting<Int>
    /// Seconds between two collections of an object store; 0 for none.
    public let collectSeconds: Setting<Int>
    public let amazonEndpoint: Setting<String?>
    public let amazonRegion: Setting<String?>
    public let googleEndpoint: Setting<String?>
    public let certificatesFile: Setting<String?>
    public let proxy: Setting<String?>

    init(_ resolver: SettingResolver, _ options: ServerOptions) throws(ConfigurationError) {
        pollMilliseconds = try Self.poll(
            resolver.optionalText(
                "store_poll_seconds", flag: options.storePoll, "--store-poll",
                variables: ["VENCEJO_STORE_POLL_SECONDS"]))
        uploads = try Self.choice(
            "uploads",
            resolver.optionalText("uploads", flag: options.uploads, "--uploads", variables: ["VENCEJO_UPLOADS"]),
            standard: .local)
        lagging = try Self.choice(
            "store_lagging", resolver.optionalText("store_lagging", variables: ["VENCEJO_STORE_LAGGING"]),
            standard: .ready)
        startSeconds = try resolver.integer(
            "store_start_seconds", variables: ["VENCEJO_STORE_START_SECONDS"], in: 0...3600, standard: 10)
        cacheDirectory = resolver.optionalText("store_cache", variables: ["VENCEJO_STORE_CACHE"])
        cacheBytesMax = try resolver.integer(
            "store_cache_bytes_max", variables: ["VENCEJO_STORE_CACHE_BYTES_MAX"], in: 1...(1 << 44),
            standard: 4 << 30)
        collectSeconds = try resolver.integer(
            "store_collect_seconds", variables: ["VENCEJO_STORE_COLLECT_SECONDS"], in: 0...86_400, standard: 1800)
        amazonEndpoint = resolver.optionalText("s3_endpoint", variables: ["VENCEJO_S3_ENDPOINT"])
        amazonRegion = resolver.optionalText("s3_region", variables: ["VENCEJO_S3_REGION"])
        googleEndpoint = resolver.optionalText("gcs_endpoint", variables: ["VENCEJO_GCS_ENDPOINT"])
        certificatesFile = resolver.optionalText("store_ca_file", variables: ["VENCEJO_STORE_CA_FILE"])
        proxy = resolver.optionalText("store_proxy", variables: ["VENCEJO_STORE_PROXY"])
    }

    /// Seconds, with up to three digits after the point.
    private static func poll(_ text: Setting<String?>) throws(ConfigurationError) -> Setting<Int> {
        guard let seconds = text.value else { return Setting(1000, from: .standard) }
        guard let value = Double(seconds), value.isFinite, (0...3600).contains(value) else {
            throw ConfigurationError(
                "store_poll_seconds", from: text.source.description, found: "\"\(seconds)\"",
                expected: "seconds from 0 (never) to 3600")
        }
        return Setting(Int((value * 1000).rounded(.up)), from: text.source)
    }

    private static func choice<Choice: RawRepresentable<String> & CaseIterable & Sendable>(
        _ setting: String, _ text: Setting<String?>, standard: Choice
    ) throws(ConfigurationError) -> Setting<Choice> {
        guard let name = text.value else { return Setting(standard, from: .standard) }
        guard let choice = Choice(rawValue: name) else {
            throw ConfigurationError(
                setting, from: text.source.description, found: "\"\(name)\"",
                expected: Choice.allCases.map(\.rawValue).joined(separator: " or "))
        }
        return Setting(choice, from: text.source)
    }

    /// What `ModelStore` is opened with.
    func options(modelBytesMax: Int) -> StoreOptions {
        var options = StoreOptions()
        options.amazonEndpoint = amazonEndpoint.value
        options.amazonRegion = amazonRegion.value
        options.googleEndpoint = googleEndpoint.value
        options.certificatesFile = certificatesFile.value
        options.proxy = proxy.value
        options.cacheDirectory = cacheDirectory.value
        options.cacheBytesMax = cacheBytesMax.value
        options.collectEvery = collectSeconds.value == 0 ? nil : .seconds(collectSeconds.value)
        options.blobBytesMax = modelBytesMax
        return options
    }
}
