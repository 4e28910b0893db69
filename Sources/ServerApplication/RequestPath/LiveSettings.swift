internal import Synchronization

/// The settings that a running server may change: an immutable whole, replaced by SIGHUP.
final class LiveSettings: Sendable {
    let gate: AdminGate
    /// nil: predictions need no token.
    let predictGate: PredictGate?
    /// Bytes of a prediction's body.
    let bodyBytesMax: Int
    /// Predictions of one loop that have begun and are not answered; beyond: 503.
    let inFlightMax: Int
    /// nil: no page of another origin may call.
    let cors: CORSPolicy?

    init(
        gate: AdminGate, predictGate: PredictGate? = nil, bodyBytesMax: Int, inFlightMax: Int = .max,
        cors: CORSPolicy? = nil
    ) {
        self.gate = gate
        self.predictGate = predictGate
        self.bodyBytesMax = bodyBytesMax
        self.inFlightMax = inFlightMax
        self.cors = cors
    }

    /// - Parameters:
    ///   - configuration: where they come from.
    ///   - adminToken: the one that counts, configured or made at the start.
    ///   - loops: among which the bound of predictions is divided.
    convenience init(_ configuration: ServerConfiguration, adminToken: String?, loops: Int) {
        let admin = adminToken.map { BearerToken($0) }
        self.init(
            gate: AdminGate(token: admin),
            predictGate: configuration.predictToken.value.map { PredictGate(token: BearerToken($0), admin: admin) },
            bodyBytesMax: configuration.bodyBytesMax.value,
            inFlightMax: (configuration.inFlightMax.value + loops - 1) / loops,
            cors: CORSPolicy(configuration.corsOrigins.value))
    }
}

/// Where the loops find the newest settings. A loop looks once a tick, between two ticks: one relaxed load of a word
/// that nobody writes but a reload.
final class LiveSettingsBoard: Sendable {
    private let number = Atomic<Int>(0)
    private let settings: Mutex<LiveSettings>

    init(_ settings: LiveSettings) { self.settings = Mutex(settings) }

    var current: LiveSettings { settings.withLock { $0 } }

    /// To be followed by a wake-up of every loop, so that an idle one does not judge its next request by the old ones.
    func publish(_ next: LiveSettings) {
        settings.withLock { $0 = next }
        number.add(1, ordering: .releasing)
    }

    /// The newest settings, if they are others than those of number `seen`, which is moved on.
    func adopt(_ seen: inout Int) -> LiveSettings? {
        guard number.load(ordering: .relaxed) != seen else { return nil }
        seen = number.load(ordering: .acquiring)
        return current
    }
}
