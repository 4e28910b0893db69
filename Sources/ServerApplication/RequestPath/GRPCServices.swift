internal import HTTPCore
internal import ServingProtocols

/// The gRPC services, one set a loop. Their methods also stand in `RequestRoute`, whose templates label the metrics.
enum GRPCServices {
    /// - Parameter inference: whose calls the loop answers itself.
    static func dispatcher(_ state: ServerState, _ inference: OpenInferenceService) -> GRPCDispatcher {
        GRPCDispatcher([HealthService { HealthPhase(state.current) }, inference])
    }
}

extension HealthPhase {
    init(_ phase: ServerState.Phase) {
        switch phase {
        case .starting, .lagging: self = .starting
        case .ready: self = .serving
        case .draining: self = .draining
        }
    }
}
