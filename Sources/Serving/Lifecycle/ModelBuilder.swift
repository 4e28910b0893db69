internal import InferenceEngine
internal import ModelIR
internal import TensorCore

/// Bytes to a predictor that has been proven and has run: import -> compile -> golden rows -> warm-up.
struct ModelBuilder: Sendable {
    /// What came of it.
    struct Built {
        let imported: ImportedModel
        let prepared: PreparedModel
        let golden: GoldenCheck.Report
        var timings: PublishTimings
    }

    let importers: ModelImporterList
    let compile: ModelRegistry.Compiler
    let clock: MonotonicClock

    /// - Parameters:
    ///   - bytes: the artifact's; let go of as soon as they have been imported.
    ///   - progress: told of each step.
    ///   - admit: called with the bytes of memory that the predictor holds, before it runs.
    func build(
        _ bytes: () throws(StoreError) -> [UInt8], progress: PublishProgress? = nil,
        admit: (Int) throws(PublishError) -> Void
    ) throws(PublishError) -> Built {
        var timings = PublishTimings()
        progress?.begin(.importing)
        let imported = try importModel(bytes, &timings)
        progress?.begin(.compiling)
        let start = clock()
        let prepared = try rejecting { () throws(ImportError) -> PreparedModel in try compile(imported.graph) }
        timings.compile = elapsed(since: start)
        try admit(prepared.memoryBytes)
        progress?.begin(.checkingGoldenRows)
        let goldenStart = clock()
        let golden = try rejecting { () throws(ImportError) -> GoldenCheck.Report in
            try GoldenCheck.run(
                imported.metadata, signature: prepared.signature, layout: prepared.layout,
                predictor: prepared.predictor)
        }
        timings.golden = elapsed(since: goldenStart)
        progress?.begin(.warmingUp)
        let warmUpStart = clock()
        WarmUp.run(prepared)
        timings.warmUp = elapsed(since: warmUpStart)
        return Built(imported: imported, prepared: prepared, golden: golden, timings: timings)
    }

    func elapsed(since start: UInt64) -> Duration {
        .nanoseconds(Int64(clamping: clock() &- start))
    }

    private func importModel(
        _ bytes: () throws(StoreError) -> [UInt8], _ timings: inout PublishTimings
    ) throws(PublishError) -> ImportedModel {
        let artifact: [UInt8]
        do throws(StoreError) {
            artifact = try bytes()
        } catch {
            throw .store(error)
        }
        let start = clock()
        defer { timings.importing = elapsed(since: start) }
        do throws(ImportError) {
            return try importers.importModel(artifact.span)
        } catch {
            throw .rejected(error)
        }
    }

    private func rejecting<Value>(_ step: () throws(ImportError) -> Value) throws(PublishError) -> Value {
        do throws(ImportError) {
            return try step()
        } catch {
            throw .rejected(error)
        }
    }
}
