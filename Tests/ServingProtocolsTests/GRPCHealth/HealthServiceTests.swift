import ByteCoding
import HTTPCore
import ServingProtocols
import Testing

/// Keeps what is answered.
private final class RecordingSink: ExchangeSink {
    var bodies: [ExchangeID: [UInt8]] = [:]
    var ends: [ExchangeID: ResponseFields] = [:]

    func respond(_ exchange: ExchangeID, _ status: HTTPStatus, _ fields: ResponseFields, body: Span<UInt8>) {
        ends[exchange] = fields
    }

    func start(_ exchange: ExchangeID, _ status: HTTPStatus, _ fields: ResponseFields, bodyBytes: Int?) {
        bodies[exchange] = []
    }

    func send(_ exchange: ExchangeID, _ bytes: Span<UInt8>) -> Bool {
        for index in 0..<bytes.count { bodies[exchange]?.append(bytes[index]) }
        return true
    }

    func end(_ exchange: ExchangeID, trailers: ResponseFields?) { ends[exchange] = trailers }
    func consumed(_ exchange: ExchangeID, bytes: Int) {}
    func expire(_ exchange: ExchangeID, after duration: Duration) {}
    func hearLast(_ exchange: ExchangeID) {}
    func tidyLater() {}
}

private final class Harness {
    var phase = HealthPhase.starting
    let sink = RecordingSink()
    private(set) var service = HealthService { .starting }
    private(set) var dispatcher = GRPCDispatcher([])
    private var streams: UInt32 = 0

    init(_ phase: HealthPhase, watchesMax: Int = 4) {
        self.phase = phase
        service = HealthService(watchesMax: watchesMax) { [unowned self] in self.phase }
        dispatcher = GRPCDispatcher([service])
    }

    func call(_ method: String, _ request: [UInt8]) throws -> ExchangeID {
        streams += 2
        let exchange = ExchangeID(loop: 0, connection: 1, generation: 1, stream: streams)
        let head = try RequestHead(
            method: "POST", target: "/grpc.health.v1.Health/\(method)", fields: [("content-type", "application/grpc")],
            version: .http2)
        _ = dispatcher.head(head, exchange, sink)
        let bytes = [0, 0, 0, UInt8(request.count >> 8), UInt8(request.count & 255)] + request
        dispatcher.body(bytes.span, isEnd: true, exchange, sink)
        return exchange
    }

    func call(_ method: String, service: String) throws -> ExchangeID {
        var writer = ProtobufWriter()
        if !service.isEmpty { writer.string(1, service) }
        return try call(method, writer.bytes)
    }

    func advance(to next: HealthPhase) {
        phase = next
        dispatcher.endOfTick(sink)
    }

    /// The statuses that a call was told; each is a message of `08 status`.
    func statuses(_ exchange: ExchangeID) -> [UInt8] {
        let body = sink.bodies[exchange] ?? []
        #expect(body.count % 7 == 0)
        return stride(from: 0, to: body.count, by: 7).map { place in
            #expect(Array(body[place..<place + 6]) == [0, 0, 0, 0, 2, 8])
            return body[place + 6]
        }
    }

    func end(_ exchange: ExchangeID) -> String? {
        sink.ends[exchange]?.fields.first { $0.name == "grpc-status" }?.value
    }
}

@Suite struct HealthServiceTests {
    @Test(arguments: [(HealthPhase.starting, 2), (.serving, 1), (.draining, 2)] as [(HealthPhase, UInt8)])
    func checkTellsTheServersPhase(phase: HealthPhase, status: UInt8) throws {
        let harness = Harness(phase)
        for service in ["", "grpc.health.v1.Health"] {
            let call = try harness.call("Check", service: service)
            #expect(harness.statuses(call) == [status])
            #expect(harness.end(call) == "0")
        }
    }

    @Test(arguments: ["x", "grpc.health.v1.health", "inference.GRPCInferenceService", " "])
    func checkDoesNotKnowOtherServices(service: String) throws {
        let harness = Harness(.serving)
        let call = try harness.call("Check", service: service)
        #expect(harness.sink.bodies[call] == nil)
        #expect(harness.end(call) == "5")
    }

    @Test func watchTellsTheStatusAtOnceAndEachChange() throws {
        let harness = Harness(.starting)
        let call = try harness.call("Watch", service: "")
        #expect(harness.statuses(call) == [2])
        harness.dispatcher.endOfTick(harness.sink)
        #expect(harness.statuses(call) == [2])
        harness.advance(to: .serving)
        #expect(harness.statuses(call) == [2, 1])
        #expect(harness.end(call) == nil)
        harness.advance(to: .draining)
        #expect(harness.statuses(call) == [2, 1, 2])
        #expect(harness.end(call) == "14")
        #expect(harness.service.watchCount == 0)
        #expect(harness.dispatcher.callCount == 0)
    }

    @Test func watchStaysOpenForAServiceThatIsNotKnown() throws {
        let harness = Harness(.serving)
        let call = try harness.call("Watch", service: "later")
        #expect(harness.statuses(call) == [3])
        #expect(harness.end(call) == nil)
        harness.advance(to: .draining)
        #expect(harness.statuses(call) == [3])
        #expect(harness.end(call) == "14")
    }

    @Test func watchIsNotToldTheSameTwice() throws {
        let harness = Harness(.starting)
        harness.phase = .serving
        // It comes after the change, but before the end of the tick.
        let call = try harness.call("Watch", service: "")
        harness.dispatcher.endOfTick(harness.sink)
        #expect(harness.statuses(call) == [1])
    }

    @Test func watchThatComesInADrainEndsAtOnce() throws {
        let harness = Harness(.draining)
        let call = try harness.call("Watch", service: "")
        #expect(harness.statuses(call) == [2])
        #expect(harness.end(call) == "14")
    }

    @Test func boundsTheWatchesOfALoop() throws {
        let harness = Harness(.serving, watchesMax: 2)
        let first = try harness.call("Watch", service: "")
        _ = try harness.call("Watch", service: "")
        let third = try harness.call("Watch", service: "")
        #expect(harness.end(third) == "8")
        harness.dispatcher.cancelled(first)
        #expect(harness.service.watchCount == 1)
        let fourth = try harness.call("Watch", service: "")
        #expect(harness.end(fourth) == nil)
        // Checks go on.
        #expect(harness.end(try harness.call("Check", service: "")) == "0")
    }

    @Test func anExpiredWatchIsForgotten() throws {
        let harness = Harness(.serving)
        let call = try harness.call("Watch", service: "")
        harness.dispatcher.expired(call, harness.sink)
        #expect(harness.end(call) == "4")
        #expect(harness.service.watchCount == 0)
        harness.advance(to: .draining)
    }

    @Test func listTellsAllServices() throws {
        let harness = Harness(.serving)
        let call = try harness.call("List", [])
        let name = Array("grpc.health.v1.Health".utf8)
        let whole: [UInt8] = [0x0A, 6, 0x0A, 0, 0x12, 2, 8, 1]
        let own: [UInt8] = [0x0A, UInt8(name.count + 6), 0x0A, UInt8(name.count)] + name + [0x12, 2, 8, 1]
        #expect(harness.sink.bodies[call] == [0, 0, 0, 0, UInt8(whole.count + own.count)] + whole + own)
        #expect(harness.end(call) == "0")
    }

    @Test func skipsFieldsThatItDoesNotKnow() throws {
        let harness = Harness(.serving)
        let call = try harness.call("Check", [0x12, 1, 7, 0x18, 5, 0x0A, 1, 0x78, 0x0A, 0])
        // The last of a field that is not repeated counts.
        #expect(harness.statuses(call) == [1])
    }

    @Test(arguments: ["Check", "Watch", "List"])
    func refusesARequestThatIsNoMessage(method: String) throws {
        for request in [[0x0A], [0x0A, 5, 1], [0x00], [0x0F], [0xFF]] as [[UInt8]] {
            let harness = Harness(.serving)
            let call = try harness.call(method, request)
            #expect(harness.sink.bodies[call] == nil)
            #expect(harness.end(call) == "13", "\(request)")
        }
    }

    @Test func refusesANameThatIsNotTextOrTooLong() throws {
        let harness = Harness(.serving)
        #expect(harness.end(try harness.call("Check", [0x0A, 1, 0xFF])) == "13")
        #expect(harness.end(try harness.call("Check", [0x08, 1])) == "13")
        #expect(harness.end(try harness.call("Check", service: String(repeating: "x", count: 5000))) == "8")
    }
}
