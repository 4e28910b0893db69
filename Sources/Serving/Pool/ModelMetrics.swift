internal import Synchronization
package import Telemetry

/// What is counted for one model name. Found once, when a version is made; counting is a relaxed addition.
package struct ModelMetrics: Sendable {
    /// Requests whose rows were predicted, those with a fault in a row included.
    package let requests: Counter
    /// Requests for the model that were answered with an error; the caller counts them.
    package let errors: Counter
    package let rows: Counter
    /// Rows of one run of the predictor.
    package let batchRows: Histogram
    /// Nanoseconds of one run of the predictor.
    package let predictNanoseconds: Histogram
    package let batching: BatchMetrics

    /// Counts a run of the predictor; one without a row is none.
    package func countRun(rows count: Int, nanoseconds: UInt64, cell: Int) {
        guard count > 0 else { return }
        predictNanoseconds.record(nanoseconds, cell: cell)
        batchRows.record(UInt64(count), cell: cell)
        rows.add(count, cell: cell)
    }
}

/// The metrics of all models, labelled by name. A name's series stay while versions come and go, so that a rate does
/// not break at a swap, and are retired with the name.
package final class ServingMetrics: Sendable {
    private let requests: MetricFamily<Counter>
    private let errors: MetricFamily<Counter>
    private let rows: MetricFamily<Counter>
    private let batchRows: MetricFamily<Histogram>
    private let predictSeconds: MetricFamily<Histogram>
    private let batching: BatchMetricFamilies
    private let publishes: MetricFamily<Counter>
    /// Names that have series.
    private let names = Mutex<Set<String>>([])
    let publishSeconds: Histogram

    /// - Parameters:
    ///   - registry: where the families are declared.
    ///   - loops: cells to split each instrument into; a batcher counts in the cell of its loop.
    ///   - modelsMax: names with series of their own.
    package init(registry: MetricsRegistry, loops: Int, modelsMax: Int = 1024) {
        requests = registry.counters(
            "vencejo_model_requests_total", help: "Requests whose rows were predicted.", labels: ["model"],
            cells: loops, seriesMax: modelsMax)
        errors = registry.counters(
            "vencejo_model_errors_total", help: "Requests for a model answered with an error.", labels: ["model"],
            cells: loops, seriesMax: modelsMax)
        rows = registry.counters(
            "vencejo_model_rows_total", help: "Rows predicted.", labels: ["model"], cells: loops, seriesMax: modelsMax)
        batchRows = registry.histograms(
            "vencejo_model_batch_rows", help: "Rows of one run of the predictor.", buckets: .powersOfTwo,
            labels: ["model"], cells: loops, seriesMax: modelsMax)
        predictSeconds = registry.histograms(
            "vencejo_model_predict_seconds", help: "Time of one run of the predictor.", buckets: .latency,
            labels: ["model"], cells: loops, seriesMax: modelsMax)
        batching = BatchMetricFamilies(registry: registry, loops: loops, modelsMax: modelsMax)
        publishes = registry.counters(
            "vencejo_publishes_total", help: "Publishes of models by their outcome.", labels: ["outcome"], seriesMax: 16
        )
        // From the start: what appears with its first failure has not increased, for whoever watches it.
        for outcome in PublishOutcome.allCases { _ = publishes.series([outcome.rawValue]) }
        publishSeconds =
            registry.histograms(
                "vencejo_publish_seconds", help: "Time from the first byte of a model to its first answer.",
                buckets: .slow
            ).series()
    }

    func count(_ outcome: PublishOutcome) { publishes.series([outcome.rawValue]).add() }

    func model(_ name: String) -> ModelMetrics {
        names.withLock { _ = $0.insert(name) }
        return ModelMetrics(
            requests: requests.series([name]), errors: errors.series([name]), rows: rows.series([name]),
            batchRows: batchRows.series([name]), predictNanoseconds: predictSeconds.series([name]),
            batching: batching.model(name))
    }

    /// Retires the series of all other names.
    func retire(besides known: Set<String>) {
        let gone = names.withLock { names in
            defer { names.formIntersection(known) }
            return names.subtracting(known)
        }
        for name in gone { retire(name) }
    }

    private func retire(_ name: String) {
        requests.retire([name])
        errors.retire([name])
        rows.retire([name])
        batchRows.retire([name])
        predictSeconds.retire([name])
        batching.retire(name)
    }
}
