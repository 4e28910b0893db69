internal import HTTPCore
internal import Synchronization
internal import Telemetry

/// Requests by route and status, and the time predictions take, for the whole server.
final class RequestMetrics: Sendable {
    let registry: MetricsRegistry
    private let requests: MetricFamily<Counter>
    private let durations: MetricFamily<Histogram>

    init(registry: MetricsRegistry, loops: Int) {
        self.registry = registry
        requests = registry.counters(
            "vencejo_http_requests_total", help: "Requests answered, by route template and status.",
            labels: ["method", "route", "status"], cells: loops)
        durations = registry.histograms(
            "vencejo_http_request_duration_seconds",
            help: "Time from a prediction's whole body to its answer.", buckets: .latency,
            labels: ["method", "route"], cells: loops)
    }

    func counter(_ route: RequestRoute, _ status: HTTPStatus) -> Counter {
        requests.series([route.method, route.template, "\(status.rawValue)"])
    }

    func duration(_ route: RequestRoute) -> Histogram {
        durations.series([route.method, route.template])
    }

    /// Counts from a cold path, on any thread.
    func count(_ route: RequestRoute, _ status: HTTPStatus) { counter(route, status).add() }
}

/// One loop's counting: instruments are looked up once and kept.
final class RequestMeter {
    private let metrics: RequestMetrics
    private let loop: Int
    private var counters: [UInt32: Counter] = [:]
    private let predictions: [RequestRoute: (ok: Counter, duration: Histogram)]

    init(_ metrics: RequestMetrics, loop: Int) {
        self.metrics = metrics
        self.loop = loop
        var predictions: [RequestRoute: (ok: Counter, duration: Histogram)] = [:]
        for route in [RequestRoute.predict, .modelPredict] {
            predictions[route] = (metrics.counter(route, .ok), metrics.duration(route))
        }
        self.predictions = predictions
    }

    /// - Parameter nanoseconds: recorded for predictions that were answered.
    func count(_ route: RequestRoute, _ status: HTTPStatus, nanoseconds: UInt64) {
        if status == .ok, let prediction = predictions[route] {
            prediction.ok.add(1, cell: loop)
            prediction.duration.record(nanoseconds, cell: loop)
            return
        }
        let key = UInt32(RequestRoute.allCases.firstIndex(of: route) ?? 0) << 16 | UInt32(status.rawValue)
        if let known = counters[key] { return known.add(1, cell: loop) }
        let made = metrics.counter(route, status)
        counters[key] = made
        made.add(1, cell: loop)
    }
}
