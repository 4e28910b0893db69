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
        declareModels(in: metrics, registry)
        metrics.collector("process_resident_memory_bytes", help: "Resident memory.") {
            Host.residentBytes.map { [.init(value: Double($0))] } ?? []
        }
        let started = Double(Host.unixSeconds)
        metrics.collector("process_start_time_seconds", help: "Start of the process, seconds since 1970.") {
            [.init(value: started)]
        }

        func declareTotal(_ name: String, _ help: String, _ counter: HTTPServerCounter) {
            metrics.collector(name, help: help, kind: .counter) { [.init(value: total(counter))] }
        }
    }

    private static let closings: [(counter: HTTPServerCounter, reason: String)] = [
        (.closedByPeer, "peer"), (.closedAfterAnswer, "answer"), (.closedAfterFailure, "failure"),
        (.closedIdle, "idle"), (.closedHeadTimeout, "head_timeout"), (.closedBodyTimeout, "body_timeout"),
        (.closedWriteStall, "write_stall"), (.closedBroken, "broken"), (.closedByDrain, "drain"),
        (.closedAborted, "aborted"),
    ]

    private static func declareModels(in metrics: MetricsRegistry, _ registry: ModelRegistry) {
        metrics.collector("vencejo_generation", help: "The store's generation that serves.") {
            [.init(value: Double(registry.pool.generation))]
        }
        metrics.collector("vencejo_model_version", help: "The version that serves.", labels: ["model"]) {
            registry.pool.models.map { .init(labels: [$0.name], value: Double($0.version)) }
        }
        metrics.collector("vencejo_model_table_bytes", help: "Bytes of a model's tables.", labels: ["model"]) {
            registry.pool.models.map { .init(labels: [$0.name], value: Double($0.tableBytes)) }
        }
        metrics.collector("vencejo_retired_models", help: "Replaced models that a request still holds.") {
            [.init(value: Double(registry.retiredModelCount))]
        }
    }
}
