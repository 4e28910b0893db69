/// `HealthCheckResponse.ServingStatus` of grpc/health/v1/health.proto; 0, unknown, is never sent.
enum HealthStatus: UInt64, Sendable {
    case serving = 1
    case notServing = 2
    /// Of `Watch` alone: it may come to be known later.
    case serviceUnknown = 3
}
