internal import InferenceEngine
internal import ModelIR
internal import Synchronization
internal import Telemetry

// What of the registry publishes. In one go where the store is near; where a network lies in between in three parts, so
// that other models' changes do not wait for a file on its way: `begin` and `finish` on the control thread, `transfer`
// on any that may wait.
extension ModelRegistry {
    /// Publishes bytes that are in memory.
    package func publish(
        _ name: String, bytes: [UInt8], options: PublishOptions = PublishOptions()
    ) throws(PublishError) -> PublishReport {
        guard bytes.count <= limits.artifactBytesMax else { throw .tooLarge(bytesMax: limits.artifactBytesMax) }
        let writer: any BlobWriter
        do {
            writer = try store.makeBlobWriter()
            try writer.append(bytes)
        } catch {
            throw .store(error)
        }
        let artifact = ReceivedArtifact(writer: writer, digest: ContentDigest(of: bytes), receive: .zero)
        return try publish(name, artifact, options)
    }

    /// Publishes an artifact that has been received: as a new model, or in place of the version that serves.
    /// - Parameter name: nil where the bundle says what it is called.
    package func publish(
        _ name: String?, _ artifact: ReceivedArtifact, _ options: PublishOptions
    ) throws(PublishError) -> PublishReport {
        defer { artifact.writer.discard() }
        do throws(PublishError) {
            let report = try operations.withLock { (state: inout State) throws(PublishError) -> PublishReport in
                switch try build(name, artifact, options, &state) {
                case .ended(let report): return report
                case .pending(let pending):
                    try keep(pending) { false }
                    return try finish(pending, &state, noFiles)
                }
            }
            tell(report, artifact.digest)
            return report
        } catch {
            tell(error, of: name)
            throw error
        }
    }

    /// How far a publish has come.
    package enum Stage: Sendable {
        /// A dry run has nothing more to do.
        case ended(PublishReport)
        /// `transfer` and then `finish`, or `giveUp`.
        case pending(PendingPublish)
    }

    /// Builds and proves what has been received.
    package func begin(
        _ name: String?, _ artifact: ReceivedArtifact, _ options: PublishOptions
    ) throws(PublishError) -> Stage {
        do throws(PublishError) {
            let stage = try operations.withLock { (state: inout State) throws(PublishError) -> Stage in
                try build(name, artifact, options, &state)
            }
            guard case .ended(let report) = stage else { return stage }
            artifact.writer.discard()
            tell(report, artifact.digest)
            return stage
        } catch {
            artifact.writer.discard()
            tell(error, of: name)
            throw error
        }
    }

    /// Sends the file to the store. Holds nothing that other operations wait for.
    /// - Parameter isCancelled: asked now and then, from any thread.
    package func transfer(
        _ pending: PendingPublish, unless isCancelled: @escaping @Sendable () -> Bool
    ) throws(PublishError) {
        try keep(pending, unless: isCancelled)
    }

    /// Makes what has been transferred serve.
    /// - Parameter files: what of a store far away has been fetched for it.
    /// - Throws: `notFetched` where it needs more: then it may be called again, as after no other error.
    package func finish(_ pending: PendingPublish, _ files: ModelFiles) throws(PublishError) -> PublishReport {
        do throws(PublishError) {
            let report = try operations.withLock { (state: inout State) throws(PublishError) -> PublishReport in
                try finish(pending, &state, files)
            }
            pending.artifact.writer.discard()
            tell(report, pending.artifact.digest)
            return report
        } catch {
            if error.isNotFetched {
                // It may have been compared again, which has made another of it.
                pending.startCounting()
            } else {
                giveUp(pending, error)
            }
            throw error
        }
    }

    /// The file did not reach the store, or nobody waits for it any more.
    package func giveUp(_ pending: PendingPublish, _ error: PublishError) {
        pending.artifact.writer.discard()
        pending.stopCounting()
        tell(error, of: pending.name)
    }

    // MARK: Parts

    private func tell(_ report: PublishReport, _ digest: ContentDigest) {
        metrics.count(report.isDryRun ? .dryRun : .published)
        metrics.publishSeconds.record(UInt64(clamping: report.timings.total.wholeNanoseconds))
        log.info(
            report.isDryRun ? "tried" : "published", LogField("model", .text(report.model.name)),
            LogField("version", .integer(report.model.version)),
            LogField("digest", .text(digest.description)),
            LogField("format", .text(report.model.format)),
            LogField("predictor", .text(report.model.predictor.report.name)),
            LogField("seconds", .seconds(report.timings.total)))
        if !report.isDryRun, !store.keepsBlobs {
            log.notice(
                "there is no store: it serves on this instance only, and ends with it",
                LogField("model", .text(report.model.name)), LogField("version", .integer(report.model.version)))
        }
        for sentence in report.model.shadow?.broken ?? [] {
            log.warning(
                "a new version answers otherwise", LogField("model", .text(report.model.name)),
                LogField("version", .integer(report.model.version)), LogField("reason", .text(sentence)))
        }
    }

    private func build(
        _ givenName: String?, _ artifact: ReceivedArtifact, _ options: PublishOptions, _ state: inout State
    ) throws(PublishError) -> Stage {
        guard artifact.byteCount <= limits.artifactBytesMax else {
            throw .tooLarge(bytesMax: limits.artifactBytesMax)
        }
        try goAlong(&state, noFiles, isDryRun: options.isDryRun)
        // What can be known before the work is said before the work.
        if let givenName { try judgeName(givenName, options, &state) }
        if !options.isDryRun { try checkWritable(while: "publishing") }

        var built = try builder.build(
            { () throws(StoreError) in try artifact.writer.contents() }, progress: options.progress,
            admit: { (bytes) throws(PublishError) in try admitByThinning(bytes, state) })
        built.timings.receive = artifact.receive
        guard let name = givenName ?? built.imported.metadata.name else { throw .nameless }
        if givenName == nil { try judgeName(name, options, &state) }
        // Else it is judged when its own file has arrived.
        let isHere = isPredecessorHere(name, state)
        let shadow = isHere ? try compare(built.prepared, name, options, state, &built.timings) : nil
        guard options.isDryRun else {
            options.progress?.begin(.publishing)
            // It counts from here on, so that what has to go for it goes now and not when its file has arrived.
            try makeRoom(for: built.prepared.memoryBytes, first: name, VersionNeeds(state), state)
            return .pending(
                PendingPublish(
                    name, artifact, options, built, shadow: shadow,
                    judgedBy: isHere ? judgement(name, state) : nil, started: system.clock(), pendingBytes))
        }
        let previousVersion =
            state.manifest?.model(named: name)?.currentNumber ?? ownEntry(name, state)?.current.version
        let model = served(
            name, currentNumber(name, state) + 1, digest: artifact.digest, generation: state.highestGeneration,
            built, shadow: shadow, byteCount: artifact.byteCount)
        retireMetrics(state)
        return .ended(
            PublishReport(
                model: model, isNew: previousVersion == nil, previousVersion: previousVersion, isDrained: true,
                isDryRun: true))
    }

    private func judgeName(_ name: String, _ options: PublishOptions, _ state: inout State) throws(PublishError) {
        try judged(&state) { (state: State) throws(PublishError) in try checkName(name, options, state) }
    }

    /// Goes along with what others have done: what is published is judged by what the store says now, and compared with
    /// what it says serves.
    /// - Throws: where a cache has told what serves, and the store cannot be seen.
    private func goAlong(_ state: inout State, _ files: ModelFiles, isDryRun: Bool = false) throws(PublishError) {
        guard store.keepsBlobs else { return }
        let isCached = state.cachedSince != nil
        do throws(StoreError) {
            // What is new is asked for though nothing may come of the publish: it may be that nobody looks again.
            if try follow(&state, files) { askForFiles(state) }
        } catch {
            // Else it is for the commit to say.
            if isCached, !isDryRun { throw .store(error) }
        }
    }

    /// Whether the version that a publish replaces serves here, or none does. Else its file is on its way.
    private func isPredecessorHere(_ name: String, _ state: State) -> Bool {
        guard store.isFarAway, let stored = state.manifest?.model(named: name) else { return true }
        return publisher.current.model(named: name)?.is(stored.current, of: name) ?? false
    }

    /// By what a publish of this name is judged now.
    private func judgement(_ name: String, _ state: State) -> PendingPublish.Judgement {
        PendingPublish.Judgement(
            etag: currentETag(name, state), comparedWith: publisher.current.model(named: name)?.etag)
    }

    /// The model has changed since it was judged.
    private func judgedAgain(_ pending: PendingPublish, _ state: State) throws(PublishError) -> PendingPublish {
        var built = pending.built
        let shadow = try compare(built.prepared, pending.name, pending.options, state, &built.timings)
        pending.stopCounting()
        return PendingPublish(
            pending.name, pending.artifact, pending.options, built, shadow: shadow,
            judgedBy: judgement(pending.name, state), started: pending.started, pendingBytes)
    }

    /// Commits what others have not changed since it was judged; what they have is judged again.
    private func finish(
        _ pending: PendingPublish, _ state: inout State, _ files: ModelFiles
    ) throws(PublishError) -> PublishReport {
        var pending = pending
        for _ in 0...limits.rebasesMax {
            try goAlong(&state, files)
            try judgeName(pending.name, pending.options, &state)
            try demandPredecessor(pending, state, files)
            if judgement(pending.name, state) != pending.judgedBy { pending = try judgedAgain(pending, state) }
            if let report = try commit(pending, &state, files) { return report }
        }
        throw .conflict
    }

    /// Where a publish may be refused for what it replaces, that has to be here; else nobody waits for its file.
    private func demandPredecessor(
        _ pending: PendingPublish, _ state: State, _ files: ModelFiles
    ) throws(PublishError) {
        let name = pending.name
        guard !isPredecessorHere(name, state), files.refusal == nil, publisher.current.entry(named: name) != nil,
            shadowPolicy(name, pending.options, state).action == .refuse,
            let stored = state.manifest?.model(named: name)
        else { return }
        try demand(stored, files, state)
    }

    private func keep(
        _ pending: PendingPublish, unless isCancelled: @escaping @Sendable () -> Bool
    ) throws(PublishError) {
        do {
            try pending.artifact.writer.keep(as: pending.artifact.digest, unless: isCancelled)
        } catch {
            throw .store(error)
        }
    }

    /// - Returns: nil where another writer has changed the model in the meantime.
    private func commit(
        _ pending: PendingPublish, _ state: inout State, _ files: ModelFiles
    ) throws(PublishError) -> PublishReport? {
        let name = pending.name
        let artifact = pending.artifact
        let built = pending.built
        let ownVersion = ownEntry(name, state)?.current.version
        var isOutdated = false
        do throws(PublishError) {
            try commit(
                &state,
                check: { (state: State) throws(PublishError) in
                    try check(pending.options, name, state)
                    isOutdated = currentETag(name, state) != pending.judgedBy?.etag
                    if isOutdated { throw .conflict }
                },
                change: { (state: State, generation: Int) throws(PublishError) -> StoredModel? in
                    let version = StoredModel.Version(
                        number: currentNumber(name, state) + 1, digest: artifact.digest, format: built.imported.format,
                        byteCount: artifact.byteCount, memoryBytes: built.prepared.memoryBytes, generation: generation)
                    let stored = stored(name, with: version, state)
                    try demand(stored, besides: version.number, files, state)
                    return stored
                }, to: name)
        } catch {
            guard isOutdated else { throw error }
            return nil
        }
        // From here on it counts as made.
        pending.stopCounting()
        guard let stored = state.manifest?.model(named: name) else {
            preconditionFailure("a commit makes a version")
        }
        let version = stored.current
        let previousVersion = stored.previousNumber ?? ownVersion
        let model = served(
            name, version.number, digest: version.digest, generation: version.generation, built,
            shadow: pending.shadow, byteCount: artifact.byteCount)
        state.staticNames.remove(name)
        let isDrained = show(&state, made: [model], files)
        model.setPublishDuration(.nanoseconds(Int64(clamping: system.clock() &- pending.started)))
        return PublishReport(
            model: model, isNew: previousVersion == nil, previousVersion: previousVersion, isDrained: isDrained,
            isDryRun: false)
    }

    /// The model with a new current version; of the older ones those stay that are to be kept.
    private func stored(_ name: String, with version: StoredModel.Version, _ state: State) -> StoredModel {
        guard let stored = state.manifest?.model(named: name) ?? unstored(name, state) else {
            return StoredModel(
                name: name, versions: [version], currentNumber: version.number, generation: version.generation)
        }
        let named = Set(stored.aliases.values)
        // The one that served until now goes before others, whatever its number is: it is the way back.
        let others = stored.versions.filter { !named.contains($0.number) }
        let waysBack = others.filter { $0.number != stored.currentNumber }
        let kept =
            (others.filter { $0.number == stored.currentNumber } + waysBack.reversed())
            .prefix(limits.versionsKept ?? max(1, waysBack.count))
        return StoredModel(
            name: name, versions: stored.versions.filter { named.contains($0.number) } + kept + [version],
            currentNumber: version.number, previousNumber: stored.currentNumber, highestNumber: stored.highestNumber,
            aliases: stored.aliases, shadowPolicy: stored.shadowPolicy, generation: version.generation)
    }

    /// A model that was named at the start, as a store would tell of it that forgets blobs anyway: its predictor is all
    /// that is needed to roll back to it.
    private func unstored(_ name: String, _ state: State) -> StoredModel? {
        guard !store.keepsBlobs, state.staticNames.contains(name), let model = publisher.current.model(named: name)
        else { return nil }
        let version = StoredModel.Version(
            number: model.version, digest: model.digest, format: model.format, byteCount: model.artifactBytes,
            memoryBytes: model.memoryBytes, generation: model.generation)
        return StoredModel(
            name: name, versions: [version], currentNumber: model.version, generation: model.generation)
    }

    private func shadowPolicy(_ name: String, _ options: PublishOptions, _ state: State) -> ShadowPolicy {
        var policy = state.manifest?.model(named: name)?.shadowPolicy ?? limits.shadowPolicy
        if let action = options.shadowAction { policy.action = action }
        return policy
    }

    /// Runs what serves and what is new over recent rows. Where the version that is to be replaced cannot be had, the
    /// one that serves here stands for it, if it is to hold something back.
    /// - Throws: `shadowRefused` where the model's policy says so.
    private func compare(
        _ prepared: PreparedModel, _ name: String, _ options: PublishOptions, _ state: State,
        _ timings: inout PublishTimings
    ) throws(PublishError) -> ShadowReport? {
        // What another writer has removed may serve here for a moment more, and is nothing to compare with.
        guard currentETag(name, state) != nil, let entry = publisher.current.entry(named: name) else { return nil }
        let policy = shadowPolicy(name, options, state)
        guard policy.action != .off, policy.action == .refuse || isPredecessorHere(name, state) else { return nil }
        options.progress?.begin(.comparing)
        let start = system.clock()
        let report = ShadowComparison.run(
            entry.current.recentRows.copy(), serving: entry.current, next: prepared, policy: policy,
            clock: system.clock)
        timings.shadow = builder.elapsed(since: start)
        guard !report.isRefused else { throw .shadowRefused(report) }
        return report
    }
}
