package import Telemetry

/// What is counted of a model's batches on the compute pool, and of what never got into one.
package struct BatchMetrics: Sendable {
    /// Nanoseconds from a request's rows to the beginning of its run.
    package let queueNanoseconds: Histogram
    /// Compute time saved by joining requests, beside running them one after the other; and lost where it was slower.
    package let savedNanoseconds: Counter
    package let lostNanoseconds: Counter
    /// By how much joined requests were answered later than one after the other.
    package let addedWaitNanoseconds: Counter
    /// Refused at a bound; refused since the deadline could not be met; expired while waiting; the client gone first.
    package let full: Counter
    package let late: Counter
    package let expired: Counter
    package let abandoned: Counter
    /// 1 while requests are joined, 0 where that does not pay.
    package let isBatching: Gauge
    /// Answers given from the cache; requests looked up in vain; answers given up for newer ones.
    package let cacheHits: Counter
    package let cacheMisses: Counter
    package let cacheEvictions: Counter
}

/// The families of ``BatchMetrics``, labelled by the model's name.
final class BatchMetricFamilies: Sendable {
    private let queueSeconds: MetricFamily<Histogram>
    private let saved: MetricFamily<Counter>
    private let lost: MetricFamily<Counter>
    private let addedWait: MetricFamily<Counter>
    private let sheds: MetricFamily<Counter>
    private let isBatching: MetricFamily<Gauge>
    private let cacheLookups: MetricFamily<Counter>
    private let cacheEvictions: MetricFamily<Counter>

    private static let reasons = ["full", "deadline", "expired", "abandoned"]
    private static let outcomes = ["hit", "miss"]

    init(registry: MetricsRegistry, loops: Int, modelsMax: Int) {
        func seconds(_ name: String, _ help: String) -> MetricFamily<Counter> {
            registry.counters(
                name, help: help, labels: ["model"], cells: loops, seriesMax: modelsMax, scale: 1e-9)
        }
        queueSeconds = registry.histograms(
            "vencejo_model_queue_seconds", help: "Time that a request's rows waited for a compute thread.",
            buckets: .latency, labels: ["model"], cells: loops, seriesMax: modelsMax)
        saved = seconds(
            "vencejo_model_batch_saved_seconds_total",
            "Compute time that joining requests has saved, beside one after the other.")
        lost = seconds(
            "vencejo_model_batch_lost_seconds_total",
            "Compute time that joining requests has cost where it was slower than one after the other.")
        addedWait = seconds(
            "vencejo_model_batch_added_wait_seconds_total",
            "By how much joining requests, or waiting for some to join, has made answers later.")
        sheds = registry.counters(
            "vencejo_model_sheds_total",
            help: "Requests that were not computed: a bound reached, a deadline missed, the client gone.",
            labels: ["model", "reason"], cells: loops, seriesMax: modelsMax * Self.reasons.count)
        isBatching = registry.gauges(
            "vencejo_model_batching",
            help: "1 while requests on the compute pool are joined, 0 where that does not pay.",
            labels: ["model"], seriesMax: modelsMax)
        cacheLookups = registry.counters(
            "vencejo_model_cache_lookups_total", help: "Requests looked up in the response cache.",
            labels: ["model", "outcome"], cells: loops, seriesMax: modelsMax * Self.outcomes.count)
        cacheEvictions = registry.counters(
            "vencejo_model_cache_evictions_total", help: "Answers given up by the response cache for newer ones.",
            labels: ["model"], cells: loops, seriesMax: modelsMax)
    }

    func model(_ name: String) -> BatchMetrics {
        let isBatching = isBatching.series([name])
        isBatching.set(1)
        return BatchMetrics(
            queueNanoseconds: queueSeconds.series([name]), savedNanoseconds: saved.series([name]),
            lostNanoseconds: lost.series([name]), addedWaitNanoseconds: addedWait.series([name]),
            full: sheds.series([name, "full"]), late: sheds.series([name, "deadline"]),
            expired: sheds.series([name, "expired"]), abandoned: sheds.series([name, "abandoned"]),
            isBatching: isBatching, cacheHits: cacheLookups.series([name, "hit"]),
            cacheMisses: cacheLookups.series([name, "miss"]), cacheEvictions: cacheEvictions.series([name]))
    }

    func retire(_ name: String) {
        queueSeconds.retire([name])
        for family in [saved, lost, addedWait, cacheEvictions] { family.retire([name]) }
        for reason in Self.reasons { sheds.retire([name, reason]) }
        for outcome in Self.outcomes { cacheLookups.retire([name, outcome]) }
        isBatching.retire([name])
    }
}
