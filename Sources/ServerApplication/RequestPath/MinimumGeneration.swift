internal import HTTPCore
internal import InferenceAPI
internal import Serving
internal import ServingProtocols

/// `X-Min-Generation`: requests that no older state may answer. They wait here, bounded in number, bytes and time,
/// until the loop has taken over a state that is new enough.
struct MinimumGeneration {
    /// What waits.
    struct Parked {
        let route: RequestRoute
        /// nil: the default model.
        let name: String?
        /// A number or an alias, where the path has one.
        let version: String?
        let generation: Int
        let ask: PredictionAsk
        /// nil until it has come whole.
        var body: [UInt8]?

        /// Whether a state is new enough for it.
        func isAnswered(by pool: PredictorPool) -> Bool {
            generation <= MinimumGeneration.served(by: pool, route, name)
        }
    }

    /// How new an answer of a state is: of the list as what is oldest in it, of a model as that one is.
    /// - Parameter name: nil: the default model.
    static func served(by pool: PredictorPool, _ route: RequestRoute, _ name: String?) -> Int {
        route.isList ? pool.generation : pool.generation(of: name)
    }

    private var parked: [ExchangeID: Parked] = [:]
    private var bytes = 0

    /// Of one loop.
    static let parkedMax = 64
    static let bytesMax = 8 << 20
    /// How long a request waits.
    static let patience = Duration.seconds(2)

    var count: Int { parked.count }

    /// What a request asks for; nil for nothing.
    /// - Throws: `Malformed` for what is no generation.
    static func asked(by head: borrowing RequestHead) throws(Malformed) -> Int? {
        guard let value = head.value(of: .minGeneration) else { return nil }
        guard let generation = Int(value.text), generation >= 0, !head.hasSeveral(.minGeneration) else {
            throw Malformed()
        }
        return generation
    }

    struct Malformed: Error {
        let problem = ProblemDocument(
            .badRequest, title: "Not a generation", detail: "X-Min-Generation takes a whole number, such as 7")
    }

    /// What is answered where the state does not come in time, or cannot come.
    static func refusal(_ asked: Int, serving generation: Int) -> ProblemDocument {
        ProblemDocument(
            .serviceUnavailable, title: "Not that far yet",
            detail: "generation \(asked) was asked for, and this instance serves generation \(generation); try again")
    }

    /// - Returns: false where too many wait.
    mutating func park(_ request: Parked, _ exchange: ExchangeID) -> Bool {
        guard parked.count < Self.parkedMax else { return false }
        parked[exchange] = request
        return true
    }

    enum Taken {
        /// It does not wait here.
        case none
        /// Its body waits as well.
        case kept
        /// There is no room for its body; it does not wait any more.
        case refused(Parked)
        /// The state is new enough by now; it does not wait any more.
        case ready(Parked)
    }

    /// A body has come whole.
    mutating func take(_ body: Span<UInt8>, _ exchange: ExchangeID, serving pool: PredictorPool) -> Taken {
        guard var entry = parked[exchange] else { return .none }
        if entry.isAnswered(by: pool) {
            parked[exchange] = nil
            return .ready(entry)
        }
        guard bytes + body.count <= Self.bytesMax else {
            parked[exchange] = nil
            return .refused(entry)
        }
        var copy: [UInt8] = []
        copy.reserveCapacity(body.count)
        for index in body.indices { copy.append(body[index]) }
        bytes += copy.count
        entry.body = copy
        parked[exchange] = entry
        return .kept
    }

    /// It waits no more: its client has gone, or its time is over.
    mutating func remove(_ exchange: ExchangeID) -> Parked? {
        guard let entry = parked.removeValue(forKey: exchange) else { return nil }
        bytes -= entry.body?.count ?? 0
        return entry
    }

    /// Those whose bodies are here and for which the state is new enough; they wait no more.
    mutating func release(serving pool: PredictorPool) -> [(exchange: ExchangeID, request: Parked)] {
        let ready = parked.filter { $0.value.body != nil && $0.value.isAnswered(by: pool) }
        for exchange in ready.keys { _ = remove(exchange) }
        return ready.map { (exchange: $0.key, request: $0.value) }
    }
}
