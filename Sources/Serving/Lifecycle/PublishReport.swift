/// What a publish has done.
package struct PublishReport: Sendable {
    /// What serves now.
    package let model: ServedModel
    /// Whether there was no model of that name before.
    package let isNew: Bool
    /// The version that it replaced.
    package let previousVersion: Int?
    /// Whether every loop has let go of what was replaced and its memory is free. If not, that follows as soon as
    /// they have.
    package let isDrained: Bool
    /// Whether everything but the swap was done: `model` is what would serve.
    package let isDryRun: Bool

    package var timings: PublishTimings { model.timings }
}

/// What a removal has done.
package struct RemovalReport: Sendable {
    package let name: String
    package let version: Int
    /// In which it is gone.
    package let generation: Int
    package let isDrained: Bool
}

/// What a start found in the store.
package struct RestoreReport: Sendable {
    package struct Failure: Sendable {
        package let name: String
        package let version: Int
        package let digest: ContentDigest
        package let error: PublishError
    }

    package let generation: Int
    package let restored: [ServedModel]
    /// Models that could not be restored; the others serve all the same.
    package let failures: [Failure]
    /// Manifests that could not be read and were passed over.
    package let skippedManifests: [StoreError]
}

/// What became of a model that was named on the command line.
package enum StaticLoad: Sendable {
    case loaded(ServedModel)
    /// The store has a model of that name, published later than the file was named; it goes on serving.
    case shadowed(by: ServedModel)
}
