internal import InferenceEngine
internal import ModelFormats
internal import ModelIR
internal import ModelStore
internal import Serving
internal import Telemetry

/// `vencejo push` and `vencejo models`: what a build pipeline does with a store, without a server.
public enum StoreCommand {
    /// Imports a model, runs its golden rows, and publishes it into a store, as a server does with an upload.
    /// - Parameters:
    ///   - path: a model's file, a bundle or an MLflow folder.
    ///   - place: a directory, `s3://` or `gs://`; or `http://` or `https://` of a server that runs.
    ///   - name: what it is to be called; nil for what its bundle says, or else its file's name.
    ///   - publish: how it is published.
    /// - Returns: what to print.
    public static func push(
        path: String, to place: String, name: String?, iterationRange: Range<Int>? = nil,
        publish: PushOptions = PushOptions()
    ) throws(CommandError) -> String {
        let options = ImportOptions(iterationRange: iterationRange)
        let bytes: [UInt8]
        do throws(SystemFile.FileError) {
            bytes = try ArtifactFile.read(path, bytesMax: ModelFile.bytesMax, options: options)
        } catch {
            throw CommandError("\(error)")
        }
        // Proven before anything is sent: a refusal names the place in the file.
        let model = try ModelFile(bytes, path: path)
        let name = if let known = name ?? model.imported.metadata.name { known } else { try fileName(path) }
        guard ModelSource.isValidName(name) else {
            throw CommandError("\"\(name)\" is not a model name; give one by --name: \(ModelSource.nameRule)")
        }
        if isServer(place) {
            return try ServerUpload.push(bytes, as: name, to: place, token: try adminToken(), publish)
        }
        let versionsKept = try versionsKept(publish)
        let store = try open(location(place), place)
        guard store.isWritable else { throw CommandError("\(place): this store can only be read") }
        do throws(PublishError) {
            let report = try registry(PublishingStore(store), versionsKept: versionsKept).publish(name, bytes: bytes)
            let golden = model.golden.rowCount == 0 ? "none" : "\(model.golden.rowCount) answered as expected"
            return """
                \(name) version \(report.model.version) is generation \(report.model.generation) of \(place)
                  digest  \(report.model.digest)
                  format  \(report.model.format), \(bytes.count) bytes
                  golden  \(golden)
                """
        } catch {
            throw CommandError(told(error, place))
        }
    }

    /// What a store holds: models, versions, digests, sizes, generations.
    public static func list(_ place: String) throws(CommandError) -> String {
        let location = try location(place)
        if case .directory(let path) = location, try !isStore(path) { return "\(place): no models yet" }
        let store = try open(location, place)
        let lookup: ManifestLookup
        do throws(StoreError) {
            lookup = try store.newestManifest()
        } catch {
            throw CommandError(told(.store(error), place))
        }
        var lines = lookup.skipped.map { "passed over: \($0)" }
        guard let manifest = lookup.manifest else {
            if case .web = location, lines.isEmpty {
                let pages = (place.hasSuffix("/") ? place : place + "/") + "models"
                throw CommandError(
                    """
                    \(place) is no model store, or has nothing in it yet
                      found:    no manifests/latest.json
                      expected: the address of a store's files
                      do:       for what a server serves: curl \(pages)
                    """)
            }
            return (lines + ["\(place): no models yet"]).joined(separator: "\n")
        }
        lines.append(
            "\(place): generation \(manifest.generation), "
                + "\(manifest.models.count) \(manifest.models.count == 1 ? "model" : "models")")
        let width = manifest.models.map(\.name.count).max() ?? 0
        for model in manifest.models {
            for version in model.versions.reversed() {
                var marks = model.aliases.filter { $0.value == version.number }.keys.sorted()
                if version.number == model.currentNumber { marks.insert("current", at: 0) }
                if version.number == model.currentNumber, model.name == manifest.defaultName {
                    marks.insert("default", at: 1)
                }
                let padding = String(repeating: " ", count: width - model.name.count)
                lines.append(
                    "  \(model.name)\(padding)  version \(version.number)  \(version.digest)  "
                        + "\(version.byteCount) bytes  \(version.format)  generation \(version.generation)"
                        + (marks.isEmpty ? "" : "  (\(marks.joined(separator: ", ")))"))
            }
        }
        return lines.joined(separator: "\n")
    }

    /// Whether a place to push to is a server, and not a store.
    public static func isServer(_ place: String) -> Bool { place.hasPrefix("http://") || place.hasPrefix("https://") }

    private static func adminToken() throws(CommandError) -> String? {
        do throws(ConfigurationError) {
            return try ServerConfiguration(ServerOptions()).adminToken.value
        } catch {
            throw CommandError("\(error)")
        }
    }

    private static func versionsKept(_ options: PushOptions) throws(CommandError) -> Int? {
        let resolver = SettingResolver(
            environment: { name in Host.environment(name).flatMap { $0.isEmpty ? nil : $0 } },
            file: ConfigurationFile())
        do throws(ConfigurationError) {
            return try ServerConfiguration.versionsKept(flag: options.versionsKept, resolver).value
        } catch {
            throw CommandError("\(error)")
        }
    }

    private static func fileName(_ path: String) throws(CommandError) -> String {
        do throws(ConfigurationError) {
            return try ModelSource(argument: path).name
        } catch {
            throw CommandError("\(error)")
        }
    }

    private static func location(_ place: String) throws(CommandError) -> StoreLocation {
        do throws(StoreLocation.Malformed) {
            return try StoreLocation(place)
        } catch {
            throw CommandError("store: found \(error.found); expected \(error.expected)")
        }
    }

    private static func open(_ location: StoreLocation, _ place: String) throws(CommandError) -> any ModelStore {
        do throws(StoreError) {
            return try StoreOpening.open(location)
        } catch {
            throw CommandError(told(.store(error), place))
        }
    }

    /// Whether a folder is a store, to be looked at: opening one makes what is missing of it.
    /// - Returns: false for an empty folder, in which there may be a store one day.
    /// - Throws: if it is not there, or something else.
    private static func isStore(_ path: String) throws(CommandError) -> Bool {
        let names: [String]
        do throws(SystemFile.FileError) {
            names = try SystemFile.names(inDirectory: path)
        } catch {
            throw CommandError("\(error)")
        }
        guard !names.isEmpty else { return false }
        guard names.contains("manifests") else {
            throw CommandError(
                """
                \(path) is no model store
                  found:    \(names.prefix(4).joined(separator: ", "))\(names.count > 4 ? ", ..." : "")
                  expected: the folders blobs and manifests, which `vencejo push` or `vencejo serve --store` makes
                """)
        }
        return true
    }

    /// With the place: at a terminal there is nobody to hide it from.
    private static func told(_ error: PublishError, _ place: String) -> String {
        guard case .store(let failure) = error else { return "\(place): \(error)" }
        return "\(place): \(failure.told(of: place))"
    }

    /// - Parameter versionsKept: nil where nobody says how many: then no way back is lost that a server has kept.
    private static func registry(_ store: any ModelStore, versionsKept: Int?) -> ModelRegistry {
        var limits = ModelRegistry.Limits()
        limits.artifactBytesMax = ModelFile.bytesMax
        limits.versionsKept = versionsKept
        return ModelRegistry(
            importers: SupportedFormats.importers, compile: Server.compile, store: store,
            metrics: ServingMetrics(registry: MetricsRegistry(), loops: 1), log: Log(level: .critical),
            system: .threads, limits: limits)
    }
}
