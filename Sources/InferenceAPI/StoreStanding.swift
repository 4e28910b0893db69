/// How what serves stands to the store it comes from, for who asks for the models.
package struct StoreStanding: Sendable {
    /// A model that does not serve as the store says.
    package struct LaggingModel: Sendable {
        package let name: String
        /// The version that could not be loaded.
        package let version: Int
        /// What serves in its place; nil: nothing.
        package let servingVersion: Int?
        /// Seconds since 1970.
        package let since: Int
        package let reason: String

        package init(name: String, version: Int, servingVersion: Int?, since: Int, reason: String) {
            self.name = name
            self.version = version
            self.servingVersion = servingVersion
            self.since = since
            self.reason = reason
        }
    }

    /// In ascending order of name; bounded by who makes it.
    package var lagging: [LaggingModel] = []
    /// Of all of them.
    package var laggingCount = 0
    /// Since when what serves comes from the store's cache, since the store cannot be seen; seconds since 1970.
    package var fromCacheSince: Int?

    package init() {}
}
