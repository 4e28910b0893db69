internal import Synchronization

/// A publish whose model has been built and proven and whose file is on its way to the store. What it holds in memory
/// counts until it serves or is let go of.
package final class PendingPublish: Sendable {
    /// The state of its model by which it was judged, and the version that it was compared with, by their ETags.
    struct Judgement: Hashable {
        let etag: String?
        let comparedWith: String?
    }

    package let name: String
    let artifact: ReceivedArtifact
    let options: PublishOptions
    let built: ModelBuilder.Built
    let shadow: ShadowReport?
    /// nil: it is still to be judged.
    let judgedBy: Judgement?
    /// By the monotonic clock.
    let started: UInt64
    private let count: PendingBytes
    private let isCounted = Atomic<Bool>(false)

    init(
        _ name: String, _ artifact: ReceivedArtifact, _ options: PublishOptions, _ built: ModelBuilder.Built,
        shadow: ShadowReport?, judgedBy: Judgement?, started: UInt64, _ count: PendingBytes
    ) {
        self.name = name
        self.artifact = artifact
        self.options = options
        self.built = built
        self.shadow = shadow
        self.judgedBy = judgedBy
        self.started = started
        self.count = count
        startCounting()
    }

    deinit { stopCounting() }

    func startCounting() {
        if !isCounted.exchange(true, ordering: .relaxed) { count.add(built.prepared.memoryBytes) }
    }

    /// From now on its memory is another's.
    func stopCounting() {
        if isCounted.exchange(false, ordering: .relaxed) { count.add(-built.prepared.memoryBytes) }
    }
}

/// What pending publishes hold, in bytes.
final class PendingBytes: Sendable {
    private let bytes = Atomic<Int>(0)

    func add(_ count: Int) { bytes.add(count, ordering: .relaxed) }

    var value: Int { bytes.load(ordering: .relaxed) }
}
