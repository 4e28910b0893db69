internal import ByteCoding
package import HTTPCore

/// `grpc.health.v1.Health`, which load balancers and platforms probe (grpc/grpc doc/health-checking.md): Check answers
/// once, Watch answers now and at each change, List tells all services.
///
/// The server as a whole (the empty name) and this service are known; both have one status. When the server drains,
/// each Watch is told `NOT_SERVING` and then ended with `UNAVAILABLE`, so that it never holds the drain up.
package final class HealthService: GRPCService {
    package let name = "grpc.health.v1.Health"
    package let methods = [
        GRPCMethod("Check", .unary, messageBytesMax: HealthService.requestBytesMax),
        GRPCMethod("Watch", .serverStreaming, messageBytesMax: HealthService.requestBytesMax),
        GRPCMethod("List", .unary, messageBytesMax: HealthService.requestBytesMax),
    ]

    /// The default of `watchesMax`.
    package static let watchesMax = 1024
    /// A request holds a service's name and nothing else.
    private static let requestBytesMax = 4 << 10

    private enum Method: Int {
        case check, watch, list
    }

    private let phase: () -> HealthPhase
    private let watchesMax: Int
    private let known: Set<String>
    /// What each watch was told last.
    private var watches: [ExchangeID: HealthStatus] = [:]
    private var lastPhase: HealthPhase

    /// - Parameters:
    ///   - watchesMax: of this loop at one time; beyond: `RESOURCE_EXHAUSTED`.
    ///   - phase: asked at each request, and at the end of each tick: whoever changes it wakes the loop.
    package init(watchesMax: Int = HealthService.watchesMax, phase: @escaping () -> HealthPhase) {
        self.phase = phase
        self.watchesMax = watchesMax
        known = ["", "grpc.health.v1.Health"]
        lastPhase = phase()
    }

    /// How many watches are open.
    package var watchCount: Int { watches.count }

    package func message(_ message: Span<UInt8>, _ call: GRPCCall) {
        do throws(ProtobufError) {
            switch Method(rawValue: call.method) {
            case .check: check(try HealthMessages.service(message), call)
            case .watch: watch(try HealthMessages.service(message), call)
            case .list:
                try HealthMessages.validate(message)
                list(call)
            case nil: call.finish(GRPCStatus(.unimplemented))
            }
        } catch {
            // The code for a request that cannot be parsed (doc/statuscodes.md).
            call.finish(GRPCStatus(.internal, "the request cannot be read: \(error)"))
        }
    }

    package func ended(_ exchange: ExchangeID, _ ending: GRPCEnding) {
        watches[exchange] = nil
    }

    package func endOfTick(_ dispatcher: GRPCDispatcher, _ sink: any ExchangeSink) {
        let now = phase()
        guard now != lastPhase else { return }
        lastPhase = now
        for (exchange, told) in watches {
            guard let call = dispatcher.call(exchange, sink) else { continue }
            let status = told == .serviceUnknown ? told : self.status
            if status != told {
                watches[exchange] = status
                send(status, call)
            }
            if now == .draining { end(call) }
        }
    }

    // MARK: Methods

    private var status: HealthStatus { phase() == .serving ? .serving : .notServing }

    private func check(_ service: String, _ call: GRPCCall) {
        guard known.contains(service) else {
            return call.finish(GRPCStatus(.notFound, "unknown service"))
        }
        send(status, call)
        call.finish()
    }

    private func watch(_ service: String, _ call: GRPCCall) {
        guard watches.count < watchesMax else {
            return call.finish(GRPCStatus(.resourceExhausted, "\(watchesMax) watches are open, more are not taken"))
        }
        let status = known.contains(service) ? status : .serviceUnknown
        send(status, call)
        if phase() == .draining { return end(call) }
        watches[call.exchange] = status
    }

    private func list(_ call: GRPCCall) {
        let response = HealthMessages.list(known.sorted(), status)
        call.send(response.span)
        call.finish()
    }

    // MARK: Helpers

    private func send(_ status: HealthStatus, _ call: GRPCCall) {
        let response = HealthMessages.response(status)
        call.send(response.span)
    }

    private func end(_ call: GRPCCall) {
        watches[call.exchange] = nil
        call.finish(GRPCStatus(.unavailable, "the server is going down"))
    }
}
