internal import HTTPCore
internal import HTTPServer
internal import Synchronization
internal import Telemetry

/// Answers by route and status, the time they take and the bytes of their bodies, for the whole server. The labels are
/// the routes' methods and templates, never what a client wrote.
final class RequestMetrics: Sendable {
    let registry: MetricsRegistry
    private let requests: MetricFamily<Counter>
    private let durations: MetricFamily<Histogram>
    private let received: MetricFamily<Counter>
    private let sent: MetricFamily<Counter>
    /// Predictions that were refused at `in_flight_max`.
    let refusedInFlight: Counter

    init(registry: MetricsRegistry, loops: Int) {
        self.registry = registry
        requests = registry.counters(
            "vencejo_http_requests_total",
            help: "Answers, by route template and status; none where the connection itself answered.",
            labels: ["method", "route", "status"], cells: loops)
        durations = registry.histograms(
            "vencejo_http_request_duration_seconds",
            help: "Time from a prediction's whole body, or another request's head, to its answer.",
            buckets: .latency, labels: ["method", "route"], cells: loops)
        received = registry.counters(
            "vencejo_http_request_body_bytes_total", help: "Bytes of request bodies that routes were given.",
            labels: ["method", "route"], cells: loops)
        refusedInFlight =
            registry.counters(
                "vencejo_predictions_refused_total",
                help: "Predictions answered 503 because as many were under way as in_flight_max allows.", cells: loops
            ).series()
        sent = registry.counters(
            "vencejo_http_response_body_bytes_total", help: "Bytes of the bodies of routes' answers.",
            labels: ["method", "route"], cells: loops)
    }

    /// Counts among the answers those that connections give by themselves, so that the sum is of all that was answered.
    func attach(_ counters: [HTTPServerCounters]) {
        requests.attach {
            var byStatus: [UInt16: Int] = [:]
            for failure in RequestFailure.allCases {
                byStatus[failure.status.rawValue, default: 0] += counters.reduce(0) { $0 + $1.refusals(failure) }
            }
            return byStatus.sorted { $0.key < $1.key }.compactMap { status, count in
                count == 0 ? nil : .init(labels: ["none", "none", "\(status)"], value: Double(count))
            }
        }
    }

    func counter(_ route: RequestRoute, _ status: HTTPStatus) -> Counter {
        requests.series([route.method, route.template, "\(status.rawValue)"])
    }

    func duration(_ route: RequestRoute) -> Histogram { durations.series([route.method, route.template]) }
    func receivedBytes(_ route: RequestRoute) -> Counter { received.series([route.method, route.template]) }
    func sentBytes(_ route: RequestRoute) -> Counter { sent.series([route.method, route.template]) }

    /// Counts an answer from a cold path, on any thread.
    func count(_ route: RequestRoute, _ status: HTTPStatus, nanoseconds: UInt64, bytes: Int) {
        counter(route, status).add()
        duration(route).record(nanoseconds)
        sentBytes(route).add(bytes)
    }
}

/// One loop's counting. Instruments are looked up once and kept; what predictions add is gathered in plain numbers and
/// handed over at the end of the tick.
final class RequestMeter {
    private let metrics: RequestMetrics
    private let loop: Int
    private var counters: [UInt32: Counter] = [:]
    /// By the route's number, from its first answer on: a route that nobody asks for has no series.
    private var known = [RouteInstruments?](repeating: nil, count: RequestRoute.allCases.count)
    /// By the number of the prediction route; the two that are mostly asked for have series from the start.
    private var tallies: [Tally?]

    private struct RouteInstruments {
        let duration: Histogram
        let received: Counter
        let sent: Counter

        init(_ metrics: RequestMetrics, _ route: RequestRoute) {
            duration = metrics.duration(route)
            received = metrics.receivedBytes(route)
            sent = metrics.sentBytes(route)
        }
    }

    /// What one prediction route has added in this tick.
    private final class Tally {
        let ok: Counter
        let instruments: RouteInstruments
        var answers = 0
        var received = 0
        var sent = 0

        init(ok: Counter, _ instruments: RouteInstruments) {
            self.ok = ok
            self.instruments = instruments
        }
    }

    init(_ metrics: RequestMetrics, loop: Int) {
        self.metrics = metrics
        self.loop = loop
        tallies = RequestRoute.predictions.map {
            $0 == .predict || $0 == .modelPredict
                ? Tally(ok: metrics.counter($0, .ok), RouteInstruments(metrics, $0)) : nil
        }
    }

    /// A prediction was answered.
    /// - Parameters:
    ///   - nanoseconds: from its whole body to now.
    ///   - bytes: of the answer's body.
    func countPrediction(_ route: RequestRoute, nanoseconds: UInt64, bytes: Int) {
        let tally = tally(route)
        tally.answers += 1
        tally.sent += bytes
        tally.instruments.duration.record(nanoseconds, cell: loop)
    }

    /// A prediction's body has come.
    func receivedPrediction(_ route: RequestRoute, bytes: Int) {
        let tally = tally(route)
        tally.received += bytes
    }

    /// Another answer was given.
    func count(_ route: RequestRoute, _ status: HTTPStatus, nanoseconds: UInt64, bytes: Int) {
        let key = UInt32(index(of: route)) << 16 | UInt32(status.rawValue)
        let counter = counters[key] ?? metrics.counter(route, status)
        counters[key] = counter
        counter.add(1, cell: loop)
        let instruments = instruments(of: route)
        instruments.duration.record(nanoseconds, cell: loop)
        instruments.sent.add(bytes, cell: loop)
    }

    /// Bytes of another request's body have come.
    func received(_ route: RequestRoute, bytes: Int) {
        instruments(of: route).received.add(bytes, cell: loop)
    }

    /// Hands over what the tick has gathered.
    func endTick() {
        for case let tally? in tallies { publish(tally) }
    }

    @inline(__always)
    private func tally(_ route: RequestRoute) -> Tally {
        if let tally = tallies[route.predictionNumber] { return tally }
        return makeTally(route)
    }

    @inline(never)
    private func makeTally(_ route: RequestRoute) -> Tally {
        let tally = Tally(ok: metrics.counter(route, .ok), RouteInstruments(metrics, route))
        tallies[route.predictionNumber] = tally
        return tally
    }

    private func publish(_ tally: Tally) {
        if tally.answers > 0 { tally.ok.add(tally.answers, cell: loop) }
        if tally.received > 0 { tally.instruments.received.add(tally.received, cell: loop) }
        if tally.sent > 0 { tally.instruments.sent.add(tally.sent, cell: loop) }
        tally.answers = 0
        tally.received = 0
        tally.sent = 0
    }

    private func instruments(of route: RequestRoute) -> RouteInstruments {
        if let instruments = known[index(of: route)] { return instruments }
        let made = RouteInstruments(metrics, route)
        known[index(of: route)] = made
        return made
    }

    private func index(of route: RequestRoute) -> Int { RequestRoute.allCases.firstIndex(of: route) ?? 0 }
}
