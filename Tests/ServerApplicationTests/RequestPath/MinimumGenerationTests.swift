import HTTPCore
import Synchronization
import Testing

@testable import ServerApplication

/// Counts what it is asked.
private final class AskedFollower: StoreFollowing {
    let asked = Atomic<Int>(0)
    let ticks = Atomic<Int>(0)

    func ask() { asked.add(1, ordering: .relaxed) }
    func askIfStale(at now: UInt64) { ticks.add(1, ordering: .relaxed) }

    var report: StoreReport {
        StoreReport(
            seenGeneration: 3, servedGeneration: 2, lookedAt: 7,
            lag: StoreReport.Lag(since: 5, reason: "generation 3 is being loaded"), looks: 9, failedLooks: 1)
    }
}

struct MinimumGenerationTests {
    private let follower = AskedFollower()

    private func ask(
        _ harness: Harness, _ generation: String, _ method: String = "POST", _ target: String = "/models/m/predict"
    ) throws -> (exchange: ExchangeID, mode: BodyMode) {
        try harness.begin(method, target, fields: [("X-Min-Generation", generation)])
    }

    private func status(_ mode: BodyMode) -> HTTPStatus? {
        guard case .answered(let status, _, _) = mode else { return nil }
        return status
    }

    @Test func waitsForTheStateThatWasAskedForAndNoLonger() throws {
        let harness = try Harness(follower: follower)
        try harness.publish("m", "double")
        harness.handler.endOfTick(harness.sink)
        let (now, _) = try ask(harness, "1")
        let (next, _) = try ask(harness, "2")
        let (list, _) = try ask(harness, "2", "GET", "/models")
        let (version, _) = try ask(harness, "2", "POST", "/models/m/versions/2/predict")
        let (later, _) = try ask(harness, "3")
        // Whole or not when the state comes: one is late.
        for exchange in [now, next, version, later] { harness.send(#"{"x": 1}"#, exchange) }
        harness.handler.endOfTick(harness.sink)
        #expect(harness.body(now)?.contains(#""prediction":2.0"#) == true)
        #expect(harness.sink.answers.count == 1)
        #expect(follower.asked.load(ordering: .relaxed) == 4)
        #expect(harness.sink.expiring == [next, list, version, later])

        try harness.publish("m", "triple")
        harness.handler.endOfTick(harness.sink)
        #expect(harness.body(next)?.contains(#""prediction":3.0"#) == true)
        #expect(harness.body(version)?.contains(#""prediction":3.0"#) == true)
        harness.send("", list)
        #expect(harness.body(list)?.contains(#""generation":2"#) == true)
        #expect(harness.sink.answers[later] == nil)
        #expect(harness.handler.openExchangeCount == 1)

        harness.handler.expired(later, harness.sink)
        #expect(harness.sink.answers[later]?.status == .serviceUnavailable)
        #expect(harness.body(later)?.contains("generation 3 was asked for") == true)
        #expect(harness.handler.openExchangeCount == 0)
        // Over: neither the state nor the clock answers twice.
        try harness.publish("m", "double")
        harness.handler.endOfTick(harness.sink)
        harness.handler.expired(next, harness.sink)
    }

    @Test func aModelThatComesWithTheStateIsFound() throws {
        let harness = try Harness(follower: follower)
        let (exchange, _) = try ask(harness, "1")
        harness.send(#"{"x": 1}"#, exchange)
        let (other, _) = try ask(harness, "1", "POST", "/models/none/predict")
        harness.send("{}", other)
        try harness.publish("m", "double")
        harness.handler.endOfTick(harness.sink)
        #expect(harness.body(exchange)?.contains(#""prediction":2.0"#) == true)
        #expect(harness.sink.answers[other]?.status == .notFound)
    }

    @Test func aClientThatHasGoneWaitsNoMore() throws {
        let harness = try Harness(follower: follower)
        let (exchange, _) = try ask(harness, "1")
        harness.send(#"{"x": 1}"#, exchange)
        harness.handler.cancelled(exchange)
        #expect(harness.handler.openExchangeCount == 0)
        try harness.publish("m", "double")
        harness.handler.endOfTick(harness.sink)
        harness.handler.expired(exchange, harness.sink)
        #expect(harness.sink.answers.isEmpty)
    }

    @Test func boundsHowManyWaitAndTheirBytes() throws {
        let harness = try Harness(bodyBytesMax: 16 << 20, follower: follower)
        for _ in 0..<MinimumGeneration.parkedMax { #expect(status(try ask(harness, "9").mode) == nil) }
        #expect(status(try ask(harness, "9").mode) == .serviceUnavailable)

        let wide = try Harness(bodyBytesMax: 16 << 20, follower: follower)
        let half = String(repeating: " ", count: MinimumGeneration.bytesMax / 2)
        let exchanges = try (0..<3).map { _ in try ask(wide, "9").exchange }
        for exchange in exchanges { wide.send(half, exchange) }
        #expect(wide.sink.answers.count == 1)
        #expect(wide.sink.answers[exchanges[2]]?.status == .serviceUnavailable)
        // What goes leaves its room to others.
        wide.handler.cancelled(exchanges[0])
        let (again, _) = try ask(wide, "9")
        wide.send(half, again)
        #expect(wide.sink.answers.count == 1)
    }

    @Test(arguments: ["", "x", "-1", "1.5", "99999999999999999999"])
    func refusesWhatIsNoGeneration(text: String) throws {
        let harness = try Harness(follower: follower)
        #expect(status(try ask(harness, text).mode) == .badRequest)
    }

    @Test func whereNothingIsFollowedThereIsNothingToWaitFor() throws {
        let harness = try Harness()
        try harness.publish("m", "double")
        harness.handler.endOfTick(harness.sink)
        #expect(status(try ask(harness, "2").mode) == .serviceUnavailable)
        #expect(status(try ask(harness, "1").mode) == nil)
    }

    @Test(arguments: [
        "/models/m", "/models/m/versions", "/models/m/versions/1", "/v2/models", "/v2/models/m",
        "/v2/models/m/versions/1",
    ])
    func whatTellsOfModelsIsNoOlderEither(target: String) throws {
        let harness = try Harness(follower: follower)
        try harness.publish("m", "double")
        harness.handler.endOfTick(harness.sink)
        #expect(status(try ask(harness, "1", "GET", target).mode) == .ok)
        #expect(follower.asked.load(ordering: .relaxed) == 0)
        #expect(status(try ask(harness, "2", "GET", target).mode) == .serviceUnavailable)
        #expect(follower.asked.load(ordering: .relaxed) == 1, "it looks, for who asks again")
        #expect(status(try ask(harness, "x", "GET", target).mode) == .badRequest)
    }

    @Test(arguments: ["/models/m/bundle", "/models/m/versions/1/bundle"])
    func aFileIsNoOlderEitherForWhoMayHaveIt(target: String) throws {
        let harness = try Harness(token: "0123456789abcdef", follower: follower)
        try harness.publish("m", "double")
        harness.handler.endOfTick(harness.sink)
        func ask(_ generation: String, _ token: String) throws -> HTTPStatus? {
            let fields = [("X-Min-Generation", generation), ("Authorization", "Bearer \(token)")]
            return status(try harness.begin("GET", target, fields: fields).mode)
        }
        #expect(try ask("2", "wrong") == .unauthorized)
        #expect(try ask("2", "0123456789abcdef") == .serviceUnavailable)
        #expect(try ask("1", "0123456789abcdef") == nil, "the file comes from the control thread")
    }

    @Test func readinessTellsHowFarTheStoreIsFollowed() throws {
        let harness = try Harness(follower: follower)
        let (_, mode) = try harness.begin("GET", "/health/ready")
        guard case .answered(_, _, let body) = mode else {
            Issue.record("readiness is answered at once")
            return
        }
        let text = String(decoding: body, as: UTF8.self)
        #expect(
            text.contains(
                #""store":{"generation_seen":3,"generation_served":2,"seen_at":7,"lagging_since":5,"#
                    + #""reason":"generation 3 is being loaded"}"#), "\(text)")
    }
}
