/// Where a server is in its life, as its health service asks.
package enum HealthPhase: Sendable {
    /// It takes no work yet.
    case starting
    case serving
    /// It takes no new work, and is to end soon.
    case draining
}
