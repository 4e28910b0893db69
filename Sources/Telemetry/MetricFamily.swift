internal import Synchronization

/// The kinds of the Prometheus text format that we emit.
package enum MetricKind: String, Sendable {
    case counter, gauge, histogram
}

/// All series of one metric name: one instrument for each combination of label values.
///
/// Looking a series up takes a lock and is for cold paths: whoever counts keeps the instrument. The number of series is
/// bounded; beyond it every new combination shares one series whose label values are `_other`.
package final class MetricFamily<Instrument: Sendable>: Sendable {
    package let name: String
    package let help: String
    package let labelNames: [String]
    private let seriesMax: Int
    private let make: @Sendable () -> Instrument
    private let known = Mutex(Known())
    private let others = Mutex<Others?>(nil)

    /// A closure by itself must not be a generic's value: each look at it by `withLock` would leave it wrapped once
    /// more (Swift 6.3), until calling it ends in a stack overflow.
    private struct Others: Sendable {
        let collect: @Sendable () -> [MetricsRegistry.Sample]
    }

    struct Series: Sendable {
        let labels: [String]
        let instrument: Instrument
        /// Series are told in the order in which they were made.
        fileprivate let number: Int
    }

    private struct Known: Sendable {
        var series: [[String]: Series] = [:]
        var made = 0
    }

    /// The label value shared by what does not fit in the bound.
    package static var overflowLabel: String { "_other" }

    init(
        name: String, help: String, labelNames: [String], seriesMax: Int, make: @escaping @Sendable () -> Instrument
    ) {
        self.name = name
        self.help = help
        self.labelNames = labelNames
        self.seriesMax = seriesMax
        self.make = make
    }

    /// The instrument with these label values, made if there is none yet.
    /// - Complexity: O(labels) under a lock: keep what it returns.
    package func series(_ labels: [String] = []) -> Instrument {
        precondition(labels.count == labelNames.count, "\(name) has \(labelNames.count) labels")
        return known.withLock { known in
            if let series = known.series[labels] { return series.instrument }
            var labels = labels
            if known.series.count >= seriesMax {
                labels = labels.map { _ in Self.overflowLabel }
                if let other = known.series[labels] { return other.instrument }
            }
            let series = Series(labels: labels, instrument: make(), number: known.made)
            known.series[labels] = series
            known.made += 1
            return series.instrument
        }
    }

    /// Takes a series out of the exposition. Who still holds its instrument may go on counting into the void.
    package func retire(_ labels: [String]) {
        known.withLock { _ = $0.series.removeValue(forKey: labels) }
    }

    func allSeries() -> [Series] {
        known.withLock { Array($0.series.values) }.sorted { $0.number < $1.number }
    }

    /// Gives the family series that are counted elsewhere and read when somebody asks. They may not have the label
    /// values of one that is made here, and do not count towards the bound.
    package func attach(_ collect: @escaping @Sendable () -> [MetricsRegistry.Sample]) {
        others.withLock { $0 = Others(collect: collect) }
    }

    func otherSamples() -> [MetricsRegistry.Sample] {
        others.withLock { $0 }?.collect() ?? []
    }
}
