internal import HTTPCore
internal import ServingProtocols

/// The gRPC services, one set a loop. Their methods also stand in `RequestRoute`, whose templates label the metrics.
enum GRPCServices {
    /// - Parameter inference: whose calls the loop answers itself.
    static func dispatcher(_ state: ServerState, _ inference: OpenInferenceService) -> GRPCDispatcher {
        GRPCDispatcher([HealthService { HealthPhase(state.current) }, inference], limits: limits(inference))
    }

    /// There is room for the longest message in two copies, as it comes and decompressed.
    static func limits(_ inference: OpenInferenceService) -> GRPCDispatcher.Limits {
        var limits = GRPCDispatcher.Limits()
        let longest = inference.methods.map(\.messageBytesMax).max() ?? 0
        let (twice, overflow) = longest.multipliedReportingOverflow(by: 2)
        limits.gatheredBytesMax = max(limits.gatheredBytesMax, overflow ? .max : twice)
        return limits
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
