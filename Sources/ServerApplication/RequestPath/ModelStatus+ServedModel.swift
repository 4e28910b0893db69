internal import InferenceAPI
internal import InferenceEngine
internal import ModelIR
internal import Serving

extension ModelStatus {
    /// What is told of a served model.
    init(_ model: ServedModel, isDefault: Bool) {
        let report = model.predictor.report
        let timings = model.timings
        self.init(
            name: model.name, version: model.version, digest: model.digest.description, generation: model.generation,
            isDefault: isDefault, format: model.format, producer: model.producer,
            steps: model.steps.map { Step(path: $0.path, className: $0.className, detail: $0.detail) },
            notes: model.notes.map { Note(name: $0.name, text: $0.text) },
            golden: Golden(rowCount: model.golden.rowCount, worstError: model.golden.worstError),
            signature: model.signature,
            predictor: Predictor(
                name: report.name, reason: report.reason, nanosecondsPerRow: report.nanosecondsPerRow),
            artifactBytes: model.artifactBytes, tableBytes: model.tableBytes,
            timings: Timings(
                receive: timings.receive.seconds, import: timings.importing.seconds, compile: timings.compile.seconds,
                golden: timings.golden.seconds, warmUp: timings.warmUp.seconds, shadow: timings.shadow.seconds,
                publish: timings.publish.seconds),
            loadedAt: Int(model.loadedAt))
        memoryBytes = model.memoryBytes
        shadow = model.shadow.map { Shadow($0) }
    }

    /// What is told of a model as a whole.
    init(_ entry: PooledModel, isDefault: Bool) {
        self.init(entry.current, isDefault: isDefault)
        versions = entry.versions.map(\.version)
        aliases = entry.aliases.map { Alias(name: $0.name, version: $0.model.version) }
        policy = entry.shadowPolicy.map { Policy($0) }
    }

    /// Every model of a snapshot, in its order.
    static func all(of pool: PredictorPool) -> [ModelStatus] {
        pool.entries.map { ModelStatus($0, isDefault: $0.current === pool.defaultModel) }
    }
}

extension StoreStanding {
    init(_ status: FollowStatus) {
        self.init()
        lagging = status.lagging.map { LaggingModel($0) }
        laggingCount = status.laggingCount
        fromCacheSince = status.cachedSince.map { Int($0) }
    }
}

extension StoreStanding.LaggingModel {
    init(_ model: FollowStatus.LaggingModel) {
        self.init(
            name: model.name, version: model.version, servingVersion: model.servingVersion, since: Int(model.since),
            reason: model.reason)
    }
}

extension ModelStatus.Policy {
    init(_ policy: ShadowPolicy) {
        self.init(
            action: policy.action.rawValue, labelFlipsMax: policy.labelFlipsMax, changeMax: policy.changeMax)
    }
}

extension ModelStatus.Shadow {
    init(_ report: ShadowReport) {
        self.init(version: report.version, policy: ModelStatus.Policy(report.policy))
        rowCount = report.rowCount
        flippedRows = report.flippedRows
        rowsLost = report.rowsLost
        rowsWon = report.rowsWon
        nanosecondsBefore = report.nanosecondsBefore
        nanosecondsAfter = report.nanosecondsAfter
        outputs = report.outputs.map {
            Output(
                name: $0.name, largestDifference: $0.largestDifference, largestChange: $0.largestChange,
                labelFlips: $0.labelFlips)
        }
        obstacle = report.obstacle
        broken = report.broken
    }
}

extension Duration {
    /// As a number of seconds.
    fileprivate var seconds: Double {
        let parts = components
        return Double(parts.seconds) + Double(parts.attoseconds) / 1e18
    }
}
