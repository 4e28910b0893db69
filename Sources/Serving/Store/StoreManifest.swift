/// The whole state of a store at one generation: which models there are and which blob each one is. Never changed;
/// the next state is the next generation.
package struct StoreManifest: Sendable, Hashable {
    /// One model.
    package struct Entry: Sendable, Hashable {
        package let name: String
        /// 1, 2, 3, ... a name.
        package let version: Int
        package let digest: ContentDigest
        /// The importer's name for the format, for people who read the manifest; serving decides by content.
        package let format: String
        package let byteCount: Int
        /// The generation that brought this version: the second half of its ETag.
        package let generation: Int

        package init(
            name: String, version: Int, digest: ContentDigest, format: String, byteCount: Int, generation: Int
        ) {
            self.name = name
            self.version = version
            self.digest = digest
            self.format = format
            self.byteCount = byteCount
            self.generation = generation
        }
    }

    /// 1 for the first.
    package let generation: Int
    /// Seconds since 1970.
    package let created: Int64
    /// In ascending order of name; a name stands once.
    package let models: [Entry]
    /// The model that answers where none is named.
    package let defaultName: String?

    package init(generation: Int, created: Int64, models: [Entry], defaultName: String?) {
        self.generation = generation
        self.created = created
        self.models = models.sorted { $0.name < $1.name }
        self.defaultName = defaultName
    }

    package func entry(named name: String) -> Entry? { models.first { $0.name == name } }
}
