import Testing

@testable import Telemetry

struct MetricsRegistryTests {
    private func text(_ registry: MetricsRegistry) -> String { String(decoding: registry.render(), as: UTF8.self) }

    @Test func writesHelpAndTypeOncePerMetricAndCountersUnderTheirFullName() {
        let registry = MetricsRegistry()
        let family = registry.counters("vencejo_rows_total", help: "Rows.", labels: ["model"])
        family.series(["a"]).add(3)
        family.series(["b"]).add(4)
        #expect(
            text(registry) == """
                # HELP vencejo_rows_total Rows.
                # TYPE vencejo_rows_total counter
                vencejo_rows_total{model="a"} 3
                vencejo_rows_total{model="b"} 4

                """)
    }

    @Test func writesCumulativeBucketsUpToInfinityThenSumAndCount() {
        let registry = MetricsRegistry()
        let buckets = HistogramBuckets(bounds: [10_000, 25_000, 1_000_000_000], scale: 1e-9)
        let histogram = registry.histograms("seconds", help: "Time.", buckets: buckets, labels: ["m"], cells: 2)
            .series(["x"])
        histogram.record(10_000, cell: 0)
        histogram.record(10_001, cell: 1)
        histogram.record(2_000_000_000, cell: 1)
        #expect(
            text(registry) == """
                # HELP seconds Time.
                # TYPE seconds histogram
                seconds_bucket{m="x",le="1e-05"} 1
                seconds_bucket{m="x",le="2.5e-05"} 2
                seconds_bucket{m="x",le="1"} 2
                seconds_bucket{m="x",le="+Inf"} 3
                seconds_sum{m="x"} 2.000020001
                seconds_count{m="x"} 3

                """)
    }

    @Test func writesNoBracesWithoutLabels() {
        let registry = MetricsRegistry()
        registry.gauges("open", help: "Connections.").series().set(-2)
        _ = registry.histograms("rows", help: "Rows.", buckets: HistogramBuckets(bounds: [1], scale: 1)).series()
        #expect(text(registry).contains("\nopen -2\n"))
        #expect(
            text(registry).contains("\nrows_bucket{le=\"1\"} 0\nrows_bucket{le=\"+Inf\"} 0\nrows_sum 0\nrows_count 0\n")
        )
    }

    @Test func escapesLabelValuesAndHelp() {
        let registry = MetricsRegistry()
        let family = registry.counters("a_total", help: "Back\\slash\nand line \"kept\".", labels: ["l"])
        family.series(["q\"b\\n\nend é"]).add()
        let lines = text(registry)
        #expect(lines.contains("# HELP a_total Back\\\\slash\\nand line \"kept\".\n"))
        #expect(lines.contains("a_total{l=\"q\\\"b\\\\n\\nend é\"} 1\n"))
    }

    @Test func readsCollectorsWhenSomebodyAsks() {
        let registry = MetricsRegistry()
        let gauge = Gauge()
        registry.collector("depth", help: "Depth.", labels: ["q"]) {
            [
                MetricsRegistry.Sample(labels: ["a"], value: Double(gauge.value)),
                MetricsRegistry.Sample(labels: ["b"], value: .infinity),
                MetricsRegistry.Sample(labels: ["c"], value: .nan),
                MetricsRegistry.Sample(labels: ["d"], value: -.infinity),
                MetricsRegistry.Sample(labels: ["too", "many"], value: 1),
            ]
        }
        gauge.set(5)
        #expect(
            text(registry).hasSuffix("depth{q=\"a\"} 5\ndepth{q=\"b\"} +Inf\ndepth{q=\"c\"} NaN\ndepth{q=\"d\"} -Inf\n")
        )
    }

    @Test func showsSeriesThatAreCountedElsewhereBesideItsOwn() {
        let registry = MetricsRegistry()
        let family = registry.counters("answers_total", help: "Answers.", labels: ["by"])
        let elsewhere = Gauge()
        family.attach {
            [.init(labels: ["other"], value: Double(elsewhere.value)), .init(labels: ["too", "many"], value: 1)]
        }
        family.series(["own"]).add(2)
        elsewhere.set(3)
        #expect(text(registry).hasSuffix("counter\nanswers_total{by=\"own\"} 2\nanswers_total{by=\"other\"} 3\n"))
    }

    /// Each look once cost a stack frame of every later one.
    @Test func looksAtWhatIsCountedElsewhereAsOftenAsOneLikes() {
        let registry = MetricsRegistry()
        let family = registry.counters("answers_total", help: "Answers.", labels: ["by"])
        family.attach { [.init(labels: ["other"], value: 1)] }
        for _ in 0..<200_000 { _ = family.otherSamples() }
        #expect(text(registry).hasSuffix("counter\nanswers_total{by=\"other\"} 1\n"))
    }

    @Test func showsHistogramsThatAreCountedElsewhere() {
        let registry = MetricsRegistry()
        registry.histogramCollector(
            "lag", help: "Lag.", buckets: HistogramBuckets(bounds: [1, 10], scale: 1), labels: ["l"]
        ) {
            [
                (["a"], Histogram.Snapshot(counts: [1, 2, 3], sum: 60)),
                (["wrong"], Histogram.Snapshot(counts: [1], sum: 1)),
            ]
        }
        #expect(
            text(registry) == """
                # HELP lag Lag.
                # TYPE lag histogram
                lag_bucket{l="a",le="1"} 1
                lag_bucket{l="a",le="10"} 3
                lag_bucket{l="a",le="+Inf"} 6
                lag_sum{l="a"} 60
                lag_count{l="a"} 6

                """)
    }

    @Test func retiresTheSeriesOfARemovedModel() {
        let registry = MetricsRegistry()
        let family = registry.counters("rows_total", help: "Rows.", labels: ["model"])
        let counter = family.series(["gone"])
        family.series(["stays"]).add()
        family.retire(["gone"])
        counter.add(7)
        #expect(!text(registry).contains("gone"))
        #expect(family.series(["gone"]).total == 0)
    }

    @Test func sharesOneSeriesBeyondTheBound() {
        let registry = MetricsRegistry()
        let family = registry.counters("rows_total", help: "Rows.", labels: ["model"], seriesMax: 2)
        for name in ["a", "b", "c", "d"] { family.series([name]).add() }
        let lines = text(registry)
        #expect(lines.contains("{model=\"a\"} 1\n") && lines.contains("{model=\"b\"} 1\n"))
        #expect(lines.contains("{model=\"_other\"} 2\n"))
        #expect(!lines.contains("\"c\""))
    }

    @Test func addsUpWhatManyThreadsCount() async {
        let counter = Counter(cells: 4)
        let histogram = Histogram(.powersOfTwo, cells: 4)
        await withTaskGroup(of: Void.self) { group in
            for cell in 0..<4 {
                group.addTask {
                    for value in 0..<1000 {
                        counter.add(2, cell: cell)
                        histogram.record(UInt64(value), cell: (cell + value) % 4)
                    }
                }
            }
        }
        #expect(counter.total == 8000)
        let snapshot = histogram.snapshot()
        #expect(snapshot.count == 4000)
        #expect(snapshot.sum == 4 * 999 * 500)
    }

    @Test(arguments: [(0, 0), (1, 0), (2, 1), (3, 2), (4, 2), (5, 3), (65_536, 16), (65_537, 17)])
    func putsAValueIntoTheFirstBucketThatIsNotBelowIt(value: UInt64, bucket: Int) {
        #expect(HistogramBuckets.powersOfTwo.index(of: value) == bucket)
    }

    @Test(arguments: [
        "9a_total", "a-b_total", "", "a b_total", "é_total",
    ])
    func knowsWhatIsNotAMetricName(name: String) {
        #expect(!PrometheusText.isMetricName(name))
    }

    @Test func knowsNames() {
        #expect(PrometheusText.isMetricName(":tensorflow:serving:request_count"))
        #expect(!PrometheusText.isLabelName("a:b"))
        #expect(!PrometheusText.isLabelName("__name"))
        #expect(PrometheusText.isLabelName("_name9"))
    }

    @Test func stopsAtADeclarationThatWouldBreakTheExposition() async {
        await #expect(processExitsWith: .failure) {
            let registry = MetricsRegistry()
            _ = registry.counters("a_total", help: "")
            _ = registry.counters("a_total", help: "")
        }
        await #expect(processExitsWith: .failure) { _ = MetricsRegistry().counters("a", help: "") }
        await #expect(processExitsWith: .failure) {
            _ = MetricsRegistry().histograms("a", help: "", buckets: .latency, labels: ["le"])
        }
    }
}
