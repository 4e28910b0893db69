package import InferenceEngine
package import ModelIR
internal import Synchronization
package import TensorCore

/// How long each step of a publish took. A step that did not happen took no time.
package struct PublishTimings: Sendable, Hashable {
    package var receive = Duration.zero
    package var importing = Duration.zero
    package var compile = Duration.zero
    package var golden = Duration.zero
    package var warmUp = Duration.zero
    /// Comparing it with the version that serves.
    package var shadow = Duration.zero
    /// Making it durable, and the swap in all loops.
    package var publish = Duration.zero

    package init() {}

    package var total: Duration { receive + importing + compile + golden + warmUp + shadow + publish }
}

/// One version of a model, as it answers requests: immutable, shared by all threads, replaced as a whole.
package final class ServedModel: Sendable {
    package let name: String
    /// 1, 2, 3, ... a name.
    package let version: Int
    package let digest: ContentDigest
    /// The store's generation that brought it.
    package let generation: Int
    package let format: String
    package let producer: String
    package let steps: [ModelStep]
    /// What its author wrote down.
    package let notes: [ModelMetadata.Note]
    /// What its golden rows showed before it was published.
    package let golden: GoldenCheck.Report
    /// How it answered the rows of the version that it replaced; nil where nothing was compared.
    package let shadow: ShadowReport?
    /// Some of the rows that it was asked about last.
    package let recentRows: RecentRows
    package let signature: Signature
    package let layout: RowLayout
    package let predictor: any Predictor
    /// What its runs cost, as this process has measured.
    package let cost: ModelCost
    package let artifactBytes: Int
    package var tableBytes: Int { predictor.report.tableBytes }
    /// Bytes of memory that it holds.
    package let memoryBytes: Int
    /// Seconds since 1970.
    package let loadedAt: Int64
    /// Strong, with its quotes: `"sha256:<hex>-<generation>"`.
    package let etag: String
    /// Counted under the model's name; the next version of the name goes on with them.
    package let metrics: ModelMetrics

    private let timingsBeforePublish: PublishTimings
    private let publishNanoseconds = Atomic<Int64>(0)

    package init(
        name: String, version: Int, digest: ContentDigest, generation: Int, imported: ImportedModel,
        prepared: PreparedModel, golden: GoldenCheck.Report, shadow: ShadowReport? = nil, artifactBytes: Int,
        timings: PublishTimings, loadedAt: Int64, metrics: ModelMetrics, recentRows: RecentRows? = nil
    ) {
        self.name = name
        self.version = version
        self.digest = digest
        self.generation = generation
        format = imported.format
        producer = imported.producer
        steps = imported.steps
        notes = imported.metadata.notes
        self.golden = golden
        self.shadow = shadow
        self.recentRows = recentRows ?? RecentRows(layout: prepared.layout)
        memoryBytes = prepared.memoryBytes
        signature = prepared.signature
        layout = prepared.layout
        predictor = prepared.predictor
        cost = ModelCost(nanosecondsPerRow: prepared.predictor.report.nanosecondsPerRow)
        self.artifactBytes = artifactBytes
        self.loadedAt = loadedAt
        etag = Self.etag(digest: digest, generation: generation)
        self.metrics = metrics
        timingsBeforePublish = timings
    }

    /// The ETag of a version of that content, brought by that generation.
    package static func etag(digest: ContentDigest, generation: Int) -> String {
        "\"\(digest)-\(generation)\""
    }

    /// The publish itself is only known after the model has been published.
    package var timings: PublishTimings {
        var timings = timingsBeforePublish
        timings.publish = .nanoseconds(publishNanoseconds.load(ordering: .relaxed))
        return timings
    }

    func setPublishDuration(_ duration: Duration) {
        publishNanoseconds.store(duration.wholeNanoseconds, ordering: .relaxed)
    }
}

/// What the compiler makes of a graph.
package struct PreparedModel: Sendable {
    package let signature: Signature
    package let layout: RowLayout
    package let predictor: any Predictor

    package init(signature: Signature, layout: RowLayout, predictor: any Predictor) {
        self.signature = signature
        self.layout = layout
        self.predictor = predictor
    }

    /// Bytes of memory: the predictor's tables, and what is known of its columns and classes.
    package var memoryBytes: Int {
        var bytes = predictor.report.tableBytes + (4 << 10)
        for column in layout.columns {
            bytes += 128 + column.categories.reduce(0) { $0 + 32 + $1.utf8.count }
        }
        return bytes
    }
}

extension Duration {
    /// Nanoseconds, rounded down; at most what an `Int64` holds.
    var wholeNanoseconds: Int64 {
        let parts = components
        let (nanoseconds, overflow) = parts.seconds.multipliedReportingOverflow(by: 1_000_000_000)
        guard !overflow else { return .max }
        return nanoseconds &+ parts.attoseconds / 1_000_000_000
    }
}
