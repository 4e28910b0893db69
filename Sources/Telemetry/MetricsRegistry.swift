internal import Synchronization

/// The metrics of a process, in the order in which they were declared, and their exposition.
package final class MetricsRegistry: Sendable {
    /// One sample of a collector: label values and the value now.
    package struct Sample: Sendable {
        package let labels: [String]
        package let value: Double

        package init(labels: [String] = [], value: Double) {
            self.labels = labels
            self.value = value
        }
    }

    private struct Entry: Sendable {
        let name: String
        let render: @Sendable (inout PrometheusText) -> Void
    }

    private let entries = Mutex<[Entry]>([])

    /// Series a family may have, unless it is declared with another bound.
    package static let seriesMaxDefault = 1024

    /// `Content-Type` of `render()`.
    package static let contentType = "text/plain; version=0.0.4; charset=utf-8"

    package init() {}

    // MARK: Declaring

    /// Declares a family of counters. The name must end in `_total`.
    /// - Parameter scale: what one unit is in the exposition: 1e-9 shows nanoseconds as seconds.
    package func counters(
        _ name: String, help: String, labels: [String] = [], cells: Int = 1, seriesMax: Int = seriesMaxDefault,
        scale: Double = 1
    ) -> MetricFamily<Counter> {
        precondition(name.hasSuffix("_total"), "a counter's name ends in _total: \(name)")
        let family = MetricFamily(name: name, help: help, labelNames: labels, seriesMax: seriesMax) {
            Counter(cells: cells)
        }
        add(name, labels: labels) { text in
            text.beginMetric(name, help: help, kind: .counter)
            for series in family.allSeries() {
                let total = series.instrument.total
                if scale == 1 {
                    text.sample(name, labels, series.labels, integer: total)
                } else {
                    text.sample(name, labels, series.labels, number: Double(total) * scale)
                }
            }
            for sample in family.otherSamples() where sample.labels.count == labels.count {
                text.sample(name, labels, sample.labels, number: sample.value)
            }
        }
        return family
    }

    /// Declares a family of gauges that are set by who knows them.
    package func gauges(
        _ name: String, help: String, labels: [String] = [], seriesMax: Int = seriesMaxDefault
    ) -> MetricFamily<Gauge> {
        let family = MetricFamily(name: name, help: help, labelNames: labels, seriesMax: seriesMax) { Gauge() }
        add(name, labels: labels) { text in
            text.beginMetric(name, help: help, kind: .gauge)
            for series in family.allSeries() {
                text.sample(name, labels, series.labels, number: Double(series.instrument.value))
            }
        }
        return family
    }

    /// Declares a family of histograms.
    package func histograms(
        _ name: String, help: String, buckets: HistogramBuckets, labels: [String] = [], cells: Int = 1,
        seriesMax: Int = seriesMaxDefault
    ) -> MetricFamily<Histogram> {
        precondition(!labels.contains("le"), "le is the histogram's own label")
        let family = MetricFamily(name: name, help: help, labelNames: labels, seriesMax: seriesMax) {
            Histogram(buckets, cells: cells)
        }
        add(name, labels: labels) { text in
            text.beginMetric(name, help: help, kind: .histogram)
            for series in family.allSeries() {
                text.histogram(name, labels, series.labels, series.instrument.snapshot(), buckets)
            }
        }
        return family
    }

    /// Declares a metric whose values are read when somebody asks for them, such as sizes of queues or the model's
    /// facts.
    /// - Parameters:
    ///   - name: the metric's name.
    ///   - help: what it tells, in one sentence.
    ///   - kind: counter or gauge.
    ///   - labels: the names of its labels.
    ///   - collect: runs on the thread that renders; it must be quick and must not wait.
    package func collector(
        _ name: String, help: String, kind: MetricKind = .gauge, labels: [String] = [],
        collect: @escaping @Sendable () -> [Sample]
    ) {
        precondition(kind != .histogram, "a collector gives plain samples")
        precondition(kind != .counter || name.hasSuffix("_total"), "a counter's name ends in _total: \(name)")
        add(name, labels: labels) { text in
            text.beginMetric(name, help: help, kind: kind)
            for sample in collect() where sample.labels.count == labels.count {
                text.sample(name, labels, sample.labels, number: sample.value)
            }
        }
    }

    /// Declares a histogram whose counts are kept elsewhere and read when somebody asks.
    ///
    /// Like ``collector(_:help:kind:labels:collect:)``; each snapshot has one count a bound and one for +Inf.
    package func histogramCollector(
        _ name: String, help: String, buckets: HistogramBuckets, labels: [String] = [],
        collect: @escaping @Sendable () -> [(labels: [String], snapshot: Histogram.Snapshot)]
    ) {
        precondition(!labels.contains("le"), "le is the histogram's own label")
        add(name, labels: labels) { text in
            text.beginMetric(name, help: help, kind: .histogram)
            for series in collect()
            where series.labels.count == labels.count && series.snapshot.counts.count == buckets.bounds.count + 1 {
                text.histogram(name, labels, series.labels, series.snapshot, buckets)
            }
        }
    }

    private func add(_ name: String, labels: [String], render: @escaping @Sendable (inout PrometheusText) -> Void) {
        precondition(PrometheusText.isMetricName(name), "not a metric name: \(name)")
        precondition(labels.allSatisfy(PrometheusText.isLabelName), "not label names: \(labels)")
        precondition(Set(labels).count == labels.count, "a label stands twice: \(labels)")
        entries.withLock { entries in
            precondition(!entries.contains { $0.name == name }, "\(name) is declared twice")
            entries.append(Entry(name: name, render: render))
        }
    }

    // MARK: Exposing

    /// All metrics as Prometheus text, version 0.0.4.
    package func render() -> [UInt8] {
        var text = PrometheusText()
        for entry in entries.withLock({ $0 }) { entry.render(&text) }
        return text.bytes
    }
}
