internal import HTTPCore
internal import HTTPServer
internal import Serving
internal import Telemetry

/// Metrics that are read when somebody asks: connections, models, the process.
enum ServerMetrics {
    static func declare(in metrics: MetricsRegistry, http: HTTPServer, registry: ModelRegistry, plan: ThreadPlan) {
        let counters = http.counters
        @Sendable func total(_ counter: HTTPServerCounter) -> Double {
            Double(counters.reduce(0) { $0 + $1.value(counter) })
        }
        metrics.collector("vencejo_loops", help: "Event loops.") { [.init(value: Double(plan.loops))] }
        metrics.collector("vencejo_connections_open", help: "Connections open now.", labels: ["loop"]) {
            counters.enumerated().map { .init(labels: ["\($0.offset)"], value: Double($0.element.value(.open))) }
        }
        declareTotal("vencejo_connections_accepted_total", "Connections accepted.", .accepted)
        declareTotal("vencejo_connections_refused_total", "Connections answered 503 at the bound.", .refused)
        declareTotal("vencejo_connections_shed_total", "Connections closed for want of descriptors.", .shed)
        declareTotal("vencejo_http_heads_total", "Requests whose head was read.", .requests)
        declareTotal(
            "vencejo_http_abandoned_total", "Requests whose clients went before their answer.", .abandoned)
        declareTotal("vencejo_http_bytes_read_total", "Bytes read.", .bytesRead)
        declareTotal("vencejo_http_bytes_written_total", "Bytes written.", .bytesWritten)
        declareTotal(
            "vencejo_http_framing_errors_total", "Requests refused for their framing or limits.", .framingErrors)
        metrics.collector(
            "vencejo_connections_closed_total", help: "Connections closed, by reason.", kind: .counter,
            labels: ["reason"]
        ) {
            closings.map { .init(labels: [$0.reason], value: total($0.counter)) }
        }
        declareStates(in: metrics, counters)
        declareLoops(in: metrics, counters)
        declareModels(in: metrics, registry)
        metrics.collector("process_resident_memory_bytes", help: "Resident memory.") {
            Host.residentBytes.map { [.init(value: Double($0))] } ?? []
        }
        metrics.collector("process_cpu_seconds_total", help: "Time of its threads on processors.", kind: .counter) {
            Host.cpuSeconds.map { [.init(value: $0)] } ?? []
        }
        metrics.collector("process_open_fds", help: "Descriptors that are open.") {
            Host.openDescriptors.map { [.init(value: Double($0))] } ?? []
        }
        metrics.collector("process_max_fds", help: "Descriptors that may be open.") {
            Host.descriptorsMax.map { [.init(value: $0)] } ?? []
        }
        let started = Double(Host.unixSeconds)
        metrics.collector("process_start_time_seconds", help: "Start of the process, seconds since 1970.") {
            [.init(value: started)]
        }

        func declareTotal(_ name: String, _ help: String, _ counter: HTTPServerCounter) {
            metrics.collector(name, help: help, kind: .counter) { [.init(value: total(counter))] }
        }
    }

    /// How far this server is behind a store that others write.
    static func declare(in metrics: MetricsRegistry, _ follower: StoreFollower, _ registry: ModelRegistry) {
        metrics.collector("vencejo_store_generation_seen", help: "Newest generation seen in the store.") {
            [.init(value: Double(follower.report.seenGeneration))]
        }
        metrics.collector(
            "vencejo_store_generation_served", help: "Generation of the store up to which everything serves."
        ) {
            [.init(value: Double(follower.report.servedGeneration))]
        }
        metrics.collector("vencejo_store_seen_timestamp_seconds", help: "When the store could be seen last.") {
            [.init(value: Double(follower.report.lookedAt))]
        }
        metrics.collector(
            "vencejo_store_lagging_seconds",
            help: "Time for which the store has been ahead or out of sight; 0: it is not."
        ) {
            [.init(value: follower.report.lag.map { max(0, Double(Int64(Host.unixSeconds) - $0.since)) } ?? 0)]
        }
        metrics.collector("vencejo_store_from_cache", help: "1 while what serves comes from the store's cache.") {
            [.init(value: follower.report.cachedSince == nil ? 0 : 1)]
        }
        metrics.collector("vencejo_store_lagging_models", help: "Models that do not serve as the store says.") {
            [.init(value: Double(follower.report.laggingModels))]
        }
        metrics.collector(
            "vencejo_model_lagging_seconds", help: "Time for which a model has not served as the store says.",
            labels: ["model"]
        ) {
            let now = Int64(Host.unixSeconds)
            return registry.followStatus.lagging.map {
                .init(labels: [$0.name], value: max(0, Double(now - $0.since)))
            }
        }
        metrics.collector(
            "vencejo_store_looks_total", help: "Looks for news in the store, by outcome.", kind: .counter,
            labels: ["outcome"]
        ) {
            let report = follower.report
            return [
                .init(labels: ["ok"], value: Double(report.looks &- report.failedLooks)),
                .init(labels: ["failed"], value: Double(report.failedLooks)),
            ]
        }
    }

    private static let closings: [(counter: HTTPServerCounter, reason: String)] = [
        (.closedByPeer, "peer"), (.closedAfterAnswer, "answer"), (.closedAfterFailure, "failure"),
        (.closedIdle, "idle"), (.closedHeadTimeout, "head_timeout"), (.closedBodyTimeout, "body_timeout"),
        (.closedWriteStall, "write_stall"), (.closedBroken, "broken"), (.closedByDrain, "drain"),
        (.closedAborted, "aborted"),
    ]

    private static func declareStates(in metrics: MetricsRegistry, _ counters: [HTTPServerCounters]) {
        @Sendable func samples(_ pairs: [(HTTPServerCounter, String)]) -> [MetricsRegistry.Sample] {
            pairs.map { counter, label in
                .init(labels: [label], value: Double(counters.reduce(0) { $0 + $1.value(counter) }))
            }
        }
        metrics.collector(
            "vencejo_connections", help: "Open connections by what they wait for.", labels: ["state"]
        ) {
            samples([
                (.idle, "idle"), (.readingHead, "reading_head"), (.readingBody, "reading_body"),
                (.awaitingAnswer, "awaiting_answer"), (.writing, "writing"), (.lingering, "lingering"),
            ])
        }
        metrics.collector(
            "vencejo_timeouts_total", help: "Times that ran out, by kind.", kind: .counter, labels: ["kind"]
        ) {
            samples([
                (.headTimeouts, "head"), (.bodyTimeouts, "body"), (.idleTimeouts, "idle"), (.writeTimeouts, "write"),
                (.exchangeTimeouts, "deadline"),
            ])
        }
        metrics.collector(
            "vencejo_http_refusals_total", help: "Answers that connections gave by themselves, by reason.",
            kind: .counter, labels: ["reason"]
        ) {
            RequestFailure.allCases.compactMap { failure in
                let count = counters.reduce(0) { $0 + $1.refusals(failure) }
                return count == 0 ? nil : .init(labels: [snakeCase("\(failure)")], value: Double(count))
            }
        }
    }

    private static func declareLoops(in metrics: MetricsRegistry, _ counters: [HTTPServerCounters]) {
        let buckets = HistogramBuckets(bounds: LoopHistogram.bounds, scale: 1e-9)
        @Sendable func sum(_ histograms: [LoopHistogram]) -> [(labels: [String], snapshot: Histogram.Snapshot)] {
            var counts = [UInt64](repeating: 0, count: LoopHistogram.bounds.count + 1)
            var total: UInt64 = 0
            for histogram in histograms {
                for (index, count) in histogram.bucketCounts.enumerated() { counts[index] &+= count }
                total &+= histogram.sum
            }
            return [([], Histogram.Snapshot(counts: counts, sum: total))]
        }
        metrics.histogramCollector(
            "vencejo_loop_tick_seconds",
            help: "From a loop's wake-up to the end of its work: as long another request may have waited.",
            buckets: buckets
        ) { sum(counters.map(\.tickTimes)) }
        metrics.histogramCollector(
            "vencejo_loop_timer_delay_seconds",
            help: "How late connections' deadlines were acted on; 67 ms are the timers' own step.", buckets: buckets
        ) { sum(counters.map(\.timerDelays)) }
        metrics.collector(
            "vencejo_loop_ticks_total", help: "Wake-ups of a loop.", kind: .counter, labels: ["loop"]
        ) {
            counters.enumerated().map { .init(labels: ["\($0)"], value: Double($1.value(.ticks))) }
        }
        metrics.collector(
            "vencejo_loop_busy_seconds_total", help: "Time that a loop was awake.", kind: .counter, labels: ["loop"]
        ) {
            counters.enumerated().map { .init(labels: ["\($0)"], value: Double($1.tickTimes.sum) / 1e9) }
        }
    }

    /// `tooManyFields` as a label: `too_many_fields`.
    private static func snakeCase(_ name: String) -> String {
        name.reduce(into: "") { text, letter in
            if letter.isUppercase, text.last?.isUppercase != true, text.last != "_" { text += "_" }
            text += letter.lowercased()
        }
    }

    private static func declareModels(in metrics: MetricsRegistry, _ registry: ModelRegistry) {
        metrics.collector("vencejo_generation", help: "The store's generation that serves.") {
            [.init(value: Double(registry.pool.generation))]
        }
        metrics.collector("vencejo_model_version", help: "The version that serves.", labels: ["model"]) {
            registry.pool.models.map { .init(labels: [$0.name], value: Double($0.version)) }
        }
        metrics.collector(
            "vencejo_model_memory_bytes", help: "Bytes of memory that the versions of a model hold.", labels: ["model"]
        ) {
            registry.pool.entries.map { entry in
                .init(labels: [entry.name], value: Double(entry.versions.reduce(0) { $0 + $1.memoryBytes }))
            }
        }
        metrics.collector("vencejo_memory_limit_bytes", help: "Bytes that models may hold.") {
            registry.limits.memoryBytesMax.map { [.init(value: Double($0))] } ?? []
        }
        metrics.collector("vencejo_retired_models", help: "Replaced models that a request still holds.") {
            [.init(value: Double(registry.retiredModelCount))]
        }
    }
}
