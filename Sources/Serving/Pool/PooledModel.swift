/// Everything that serves under one name in one snapshot: its versions, which of them answers where none is asked for,
/// and their other names.
package struct PooledModel: Sendable {
    /// Another name of a version, such as `champion`.
    package struct Alias: Sendable {
        package let name: String
        package let model: ServedModel
    }

    package let current: ServedModel
    /// Warm and ready to be asked for, in ascending order of version; the current one is among them.
    package let versions: [ServedModel]
    /// In ascending order of name.
    package let aliases: [Alias]
    /// What the next version is held to; nil where the server's own rule counts.
    package let shadowPolicy: ShadowPolicy?
    /// The store's generation that changed any of this last.
    package let generation: Int
    /// Of the model as a whole, strong, with its quotes.
    package let etag: String

    package var name: String { current.name }

    /// A model of one version.
    package init(_ model: ServedModel) {
        self.init(
            current: model, versions: [model], aliases: [], shadowPolicy: nil, generation: model.generation)
    }

    init(
        current: ServedModel, versions: [ServedModel], aliases: [Alias], shadowPolicy: ShadowPolicy?, generation: Int
    ) {
        self.current = current
        self.versions = versions.sorted { $0.version < $1.version }
        self.aliases = aliases.sorted { $0.name < $1.name }
        self.shadowPolicy = shadowPolicy
        self.generation = generation
        etag = ServedModel.etag(digest: current.digest, generation: generation)
    }

    /// What a manifest makes of the versions that are loaded; nil where the current one is not.
    init?(_ stored: StoredModel, loaded: [ServedModel]) {
        guard let current = loaded.first(where: { $0.version == stored.currentNumber }) else { return nil }
        self.init(
            current: current, versions: loaded,
            aliases: stored.aliases.compactMap { name, number in
                loaded.first { $0.version == number }.map { Alias(name: name, model: $0) }
            },
            shadowPolicy: stored.shadowPolicy, generation: stored.generation)
    }

    package func version(_ number: Int) -> ServedModel? { versions.first { $0.version == number } }

    package func alias(_ name: Span<UInt8>) -> ServedModel? {
        aliases.first { $0.name.utf8.span.isEqual(to: name) }?.model
    }

    /// The aliases of one version.
    package func aliases(of model: ServedModel) -> [String] {
        aliases.filter { $0.model === model }.map(\.name)
    }
}

extension Span<UInt8> {
    fileprivate func isEqual(to other: Span<UInt8>) -> Bool {
        guard count == other.count else { return false }
        for index in indices where self[index] != other[index] { return false }
        return true
    }
}
