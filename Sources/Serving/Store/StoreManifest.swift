/// The whole state of a store at one generation: which models there are, and which blob each of their versions is.
/// Never changed; the next state is the next generation.
package struct StoreManifest: Sendable, Hashable {
    /// 1 for the first.
    package let generation: Int
    /// Seconds since 1970.
    package let created: Int64
    /// In ascending order of name; a name stands once.
    package let models: [StoredModel]
    /// The model that answers where none is named.
    package let defaultName: String?
    /// The numbers of models that are gone.
    package let retired: RetiredNumbers

    package init(
        generation: Int, created: Int64, models: [StoredModel], defaultName: String?, retired: RetiredNumbers = .none
    ) {
        self.generation = generation
        self.created = created
        self.models = models.sorted { $0.name < $1.name }
        self.defaultName = defaultName
        self.retired = retired
    }

    package func model(named name: String) -> StoredModel? { models.first { $0.name == name } }

    /// The blobs that it names.
    package var digests: Set<ContentDigest> { Set(models.flatMap { $0.versions.map(\.digest) }) }
}

/// What a manifest tells of one model name.
package struct StoredModel: Sendable, Hashable {
    /// One version: a blob under a number.
    package struct Version: Sendable, Hashable {
        /// 1, 2, 3, ... a name.
        package let number: Int
        package let digest: ContentDigest
        /// The importer's name for the format, for people who read the manifest; serving decides by content.
        package let format: String
        package let byteCount: Int
        /// What its predictor held in memory where it was published; nil where that is not told.
        package let memoryBytes: Int?
        /// The generation that brought it.
        package let generation: Int

        package init(
            number: Int, digest: ContentDigest, format: String, byteCount: Int, memoryBytes: Int? = nil, generation: Int
        ) {
            self.number = number
            self.digest = digest
            self.format = format
            self.byteCount = byteCount
            self.memoryBytes = memoryBytes
            self.generation = generation
        }
    }

    package let name: String
    /// In ascending order of number; never empty.
    package let versions: [Version]
    /// The number of the version that answers where none is asked for.
    package let currentNumber: Int
    /// The number of the version that answered before the current one: where a rollback goes. It may not be kept.
    package let previousNumber: Int?
    /// Numbers up to this one have been given out and are not given out again.
    package let highestNumber: Int
    /// Other names of versions, such as `champion`.
    package let aliases: [String: Int]
    /// What a new version is held to; nil where the server's own rule counts.
    package let shadowPolicy: ShadowPolicy?
    /// The generation that changed any of this last: the second half of the model's ETag.
    package let generation: Int

    /// - Parameters:
    ///   - versions: not empty; `currentNumber` and the numbers of `aliases` are among them.
    ///   - highestNumber: by default that of the last version.
    package init(
        name: String, versions: [Version], currentNumber: Int, previousNumber: Int? = nil, highestNumber: Int? = nil,
        aliases: [String: Int] = [:], shadowPolicy: ShadowPolicy? = nil, generation: Int
    ) {
        let versions = versions.sorted { $0.number < $1.number }
        guard let last = versions.last, versions.contains(where: { $0.number == currentNumber }) else {
            preconditionFailure("a model has a current version")
        }
        self.name = name
        self.versions = versions
        self.currentNumber = currentNumber
        self.previousNumber = previousNumber
        self.highestNumber = max(highestNumber ?? 0, last.number)
        self.aliases = aliases
        self.shadowPolicy = shadowPolicy
        self.generation = generation
    }

    /// The same as of a later generation: what is told of it has changed by another model's change.
    func touched(in generation: Int) -> StoredModel {
        StoredModel(
            name: name, versions: versions, currentNumber: currentNumber, previousNumber: previousNumber,
            highestNumber: highestNumber, aliases: aliases, shadowPolicy: shadowPolicy, generation: generation)
    }

    /// Whether the version has to be there for the model to serve as it should: the current one, or one with an alias.
    package func needs(_ version: Version) -> Bool {
        version.number == currentNumber || aliases.values.contains(version.number)
    }

    package func version(_ number: Int) -> Version? { versions.first { $0.number == number } }

    package var current: Version {
        guard let version = version(currentNumber) else { preconditionFailure("a model has a current version") }
        return version
    }

    /// Strong, with its quotes: it changes with whatever is told of the model.
    package var etag: String { ServedModel.etag(digest: current.digest, generation: generation) }
}
