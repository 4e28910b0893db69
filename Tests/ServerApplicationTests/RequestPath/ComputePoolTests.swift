import EventLoop
import Glibc
import HTTPCore
import SeededRandom
import Synchronization
import TensorCore
import Testing

@testable import Serving
@testable import ServerApplication

/// Everything goes over the compute pool.
private func heavy(_ change: (inout BatchSettings) -> Void = { _ in }) -> BatchSettings {
    var settings = BatchSettings()
    settings.loop.inlineBudget = 0
    change(&settings)
    return settings
}

/// A clock that a test moves: also that of a thread which never rests.
private final class BusyClock: LoopClock {
    private let time = Atomic<Int64>(1_000_000_000)
    func advance(by nanoseconds: Int64) { time.add(nanoseconds, ordering: .relaxed) }
    func now() -> LoopInstant { LoopInstant(nanoseconds: time.load(ordering: .relaxed)) }
    func unixSeconds() -> Int64 { 1_700_000_000 }
}

@Suite struct ComputePoolTests {
    @Test func answersWhatWasHandedOnWhenItComesBack() throws {
        let harness = try Harness(batching: heavy())
        try harness.load("m", "double")
        let exchanges = try (1...5).map { try harness.post(#"{"x": \#($0)}"#) }
        harness.handler.endOfTick(harness.sink)
        #expect(harness.sink.answers.isEmpty && harness.compute.waitingCount == 5)
        #expect(harness.handler.openExchangeCount == 5)
        harness.runCompute()
        for (index, exchange) in exchanges.enumerated() {
            #expect(harness.body(exchange) == "{\"prediction\":\((index + 1) * 2).0}\n")
        }
        #expect(harness.handler.openExchangeCount == 0 && harness.compute.runningCount == 0)
    }

    /// Answers that come back together leave in several ticks, so that others are heard between them: in many where
    /// there are others.
    @Test(arguments: [(joins: true, isShared: true), (true, false), (false, true), (false, false)])
    func aTickTakesFewAnswers(joins: Bool, isShared: Bool) throws {
        let harness = try Harness(batching: heavy { $0.compute.joinsRequests = joins })
        for name in ["m", "n"] { try harness.load(name, "double") }
        if isShared {
            for name in ["m", "n"] { _ = try harness.post("[[1]]", to: "/models/\(name)/predict") }
            harness.handler.endOfTick(harness.sink)
            harness.runCompute()
        }
        let exchanges = try (1...40).map { try harness.post(#"{"x": \#($0)}"#, to: "/models/m/predict") }
        harness.handler.endOfTick(harness.sink)
        #expect(harness.sink.heardLast.isSuperset(of: exchanges))
        let ticks = harness.runCompute()
        // An eighth where many are left: five of forty at first.
        #expect(isShared ? (9...10).contains(ticks) : ticks == 2)
        for (index, exchange) in exchanges.enumerated() {
            #expect(harness.body(exchange) == "{\"prediction\":\((index + 1) * 2).0}\n")
        }
        #expect(harness.runCompute() == 1)
    }

    /// A loop that is never idle leaves its core now and then, as long as the pool has something to do for it.
    @Test func aBusyLoopRestsForWhatItHasHandedOn() throws {
        let time = BusyClock()
        let rests = Mutex<[UInt64]>([])
        let clocks = ComputeClocks(
            now: { time.now().elapsedNanoseconds }, work: { time.now().elapsedNanoseconds }, process: { 0 },
            rest: { nanoseconds in rests.withLock { $0.append(nanoseconds) } })
        let harness = try Harness(batching: heavy(), clocks: clocks, clock: time)
        try harness.load("m", "double")
        func tick(_ count: Int) {
            for _ in 0..<count {
                time.advance(by: 1_000_000)
                harness.handler.endOfTick(harness.sink)
                harness.handler.endOfTurn()
            }
        }
        tick(100)
        #expect(rests.withLock { $0.isEmpty })
        let waiting = try harness.post(#"{"x": 1}"#)
        tick(100)
        #expect(rests.withLock { $0.count > 5 && Set($0) == [LoopRest.nanoseconds] })
        let rested = rests.withLock { $0.count }
        harness.runCompute()
        tick(100)
        #expect(harness.body(waiting)?.contains("2.0") == true && rests.withLock { $0.count } == rested)
    }

    /// A batch that is under way on a thread that yields: as long as it is, whatever time that thread gets.
    @Test func aBatchThatRunsIsKnownUntilItsEnd() throws {
        let isBegun = Monitor(false)
        let mayEnd = Monitor(false)
        let calls = Atomic<Int>(0)
        let clocks = ComputeClocks(
            now: { SystemClock().now().elapsedNanoseconds },
            work: {
                // The worker asks before a batch, and behind it.
                if calls.add(1, ordering: .relaxed).newValue == 1 {
                    isBegun.withLock { $0 = true }
                    _ = mayEnd.wait(for: .seconds(60)) { $0 ? true : nil }
                }
                return 0
            }, process: { 0 }, rest: { _ in })
        let harness = try Harness(batching: heavy(), clocks: clocks)
        try harness.load("m", "double")
        #expect(harness.compute.progress == .unhindered)
        let exchange = try harness.post(#"{"x": 1}"#)
        harness.handler.endOfTick(harness.sink)
        #expect(harness.compute.progress == .waiting(begun: 0))
        try harness.compute.start(workers: 1, cores: 1)
        defer { harness.compute.stop() }
        _ = isBegun.wait(for: .seconds(60)) { $0 ? true : nil }
        guard case .running(let batch, let before) = harness.compute.progress else {
            Issue.record("a batch runs")
            mayEnd.withLock { $0 = true }
            return
        }
        #expect(batch == 1)
        guard case .running(1, let after) = harness.compute.progress else {
            Issue.record("it still runs")
            mayEnd.withLock { $0 = true }
            return
        }
        #expect(after >= before)
        mayEnd.withLock { $0 = true }
        harness.answerAll()
        #expect(harness.body(exchange)?.contains("2.0") == true)
        while harness.compute.runningCount > 0 { sched_yield() }
        #expect(harness.compute.progress == .unhindered)
    }

    /// What is copied for the compute threads leaves memory behind, which goes back when there is time.
    @Test func manyBytesHandedOnAreTidiedUpAfter() throws {
        let harness = try Harness()
        try harness.load("m", "double")
        let body = String(repeating: " ", count: 1 << 20)
        var asked: [Int] = []
        for _ in 0..<17 {
            harness.handler.cancelled(try harness.post(body))
            asked.append(harness.sink.tidyings)
        }
        #expect(asked == Array(repeating: 0, count: 7) + Array(repeating: 1, count: 8) + [2, 2])
        _ = try harness.post(body)
        harness.handler.tidy(harness.sink)
        #expect(harness.sink.tidyings == 3, "it is too early")
        harness.runCompute()
        harness.handler.tidy(harness.sink)
        #expect(harness.sink.tidyings == 3)
    }

    /// Long requests are run by the loop while they are few, and follow those of their model that have been handed on.
    @Test func longRequestsFollowThoseOfTheirModel() throws {
        var settings = BatchSettings()
        settings.loop.longRequest = 0
        let harness = try Harness(batching: settings)
        try harness.load("m", "double")
        let inline = try harness.post(#"{"x": 1}"#)
        harness.handler.endOfTick(harness.sink)
        #expect(harness.body(inline) != nil && harness.compute.waitingCount == 0)
        // A body that is long to decode is handed on, whatever its rows take.
        let rows = (0..<20_000).map { "[\($0).25]" }.joined(separator: ",")
        let large = try harness.post("[\(rows)]")
        #expect(harness.compute.waitingCount == 1)
        let next = try harness.post(#"{"x": 2}"#)
        harness.handler.endOfTick(harness.sink)
        #expect(harness.body(next) == nil && harness.compute.waitingCount == 2)
        harness.handler.cancelled(large)
        harness.runCompute()
        #expect(harness.body(next)?.contains("4.0") == true && harness.body(large) == nil)
        let last = try harness.post(#"{"x": 3}"#)
        harness.handler.endOfTick(harness.sink)
        #expect(harness.body(last)?.contains("6.0") == true && harness.handler.openExchangeCount == 0)
    }

    @Test func aRequestWhoseClientIsGoneIsNotComputed() throws {
        let harness = try Harness(batching: heavy())
        try harness.load("m", "double")
        let gone = try harness.post(#"{"x": 1}"#)
        let here = try harness.post(#"{"x": 2}"#)
        harness.handler.endOfTick(harness.sink)
        harness.handler.cancelled(gone)
        #expect(harness.compute.waitingCount == 1)
        harness.runCompute()
        #expect(harness.sink.answers[gone] == nil && harness.body(here)?.contains("4.0") == true)
        #expect(harness.metricsText.contains(#"vencejo_model_rows_total{model="m"} 1"#))
        #expect(harness.metricsText.contains(#"vencejo_model_sheds_total{model="m",reason="abandoned"} 1"#))
    }

    /// Requests of one tick travel together; each can leave, and one with terms of its own goes alone.
    @Test(arguments: [true, false])
    func ofThoseThatTravelTogetherAnyMayLeave(joins: Bool) throws {
        let harness = try Harness(batching: heavy { $0.compute.joinsRequests = joins })
        try harness.load("m", "double")
        let first = try (1...4).map { try harness.post(#"[[\#($0)], [\#($0 * 10)]]"#) }
        let (urgent, _) = try harness.begin("POST", "/predict", fields: [("X-Request-Priority", "high")])
        harness.send("[[7]]", urgent)
        let last = try (5...6).map { try harness.post(#"[[\#($0)], [\#($0 * 10)]]"#) }
        harness.handler.endOfTick(harness.sink)
        #expect(harness.compute.waitingCount == 7)
        harness.handler.cancelled(first[1])
        harness.handler.cancelled(last[0])
        harness.handler.cancelled(last[1])
        harness.handler.cancelled(last[1])
        #expect(harness.compute.waitingCount == 4)
        harness.runCompute()
        for (place, exchange) in first.enumerated() where place != 1 {
            let value = Double(place + 1) * 2
            #expect(harness.body(exchange) == "{\"predictions\":[\(value),\(value * 10)]}\n")
        }
        #expect(harness.body(urgent) == "{\"predictions\":[14.0]}\n")
        #expect(harness.sink.answers.count == 4 && harness.handler.openExchangeCount == 0)
        #expect(harness.metricsText.contains(#"vencejo_model_rows_total{model="m"} 7"#))
        #expect(harness.metricsText.contains(#"vencejo_model_sheds_total{model="m",reason="abandoned"} 3"#))
        #expect(harness.metricsText.contains(#"vencejo_model_queue_seconds_count{model="m"} 4"#))
        #expect(harness.compute.waitingBytes == 0)
        _ = try harness.registry.remove("m")
        harness.handler.endOfTick(harness.sink)
        harness.registry.housekeep()
        #expect(harness.registry.retiredModelCount == 0, "no job is left")
    }

    @Test func anAnswerThatComesTooLateIsDropped() throws {
        let harness = try Harness(batching: heavy())
        try harness.load("m", "double")
        let gone = try harness.post(#"{"x": 1}"#)
        harness.handler.endOfTick(harness.sink)
        var worker = ComputeWorker(.system)
        let hasRun = harness.compute.runNext(&worker)
        #expect(hasRun)
        harness.handler.cancelled(gone)
        harness.handler.endOfTick(harness.sink)
        #expect(harness.sink.answers[gone] == nil)
    }

    @Test func aModelThatIsReplacedAnswersWhatItWasAskedAndIsThenFreed() throws {
        let harness = try Harness(batching: heavy())
        try harness.load("m", "double")
        let before = try harness.post(#"{"x": 1}"#)
        harness.handler.endOfTick(harness.sink)
        try harness.publish("m", "triple")
        harness.handler.endOfTick(harness.sink)
        let after = try harness.post(#"{"x": 1}"#)
        harness.handler.endOfTick(harness.sink)
        harness.registry.housekeep()
        #expect(harness.registry.retiredModelCount == 1, "a job holds it")
        harness.runCompute()
        #expect(harness.body(before)?.contains("2.0") == true)
        #expect(harness.body(after)?.contains("3.0") == true)
        harness.registry.housekeep()
        #expect(harness.registry.retiredModelCount == 0)
    }

    @Test func aLongBodyIsDecodedOnAComputeThread() throws {
        let harness = try Harness()
        try harness.load("m", "double")
        let rows = (0..<30_000).map { "[\($0)]" }.joined(separator: ", ")
        let good = try harness.post("[\(rows)]")
        let bad = try harness.post("[\(rows), [\"a\"]]")
        let broken = try harness.post("[\(rows)")
        harness.handler.endOfTick(harness.sink)
        #expect(harness.sink.answers.isEmpty)
        harness.runCompute()
        let expected = (0..<30_000).map { "\($0 * 2).0" }.joined(separator: ",")
        #expect(harness.body(good) == "{\"predictions\":[\(expected)]}\n")
        #expect(harness.sink.answers[bad]?.status == .unprocessableContent)
        #expect(harness.body(bad)?.contains(#""pointer":"/30000/0""#) == true)
        #expect(harness.sink.answers[broken]?.status == .badRequest)
    }

    @Test func refusesBeyondTheBoundWithATimeToComeBack() throws {
        let harness = try Harness(batching: heavy { $0.compute.requestsMax = 2 })
        try harness.load("m", "double")
        let exchanges = try (0..<3).map { try harness.post(#"{"x": \#($0)}"#) }
        harness.handler.endOfTick(harness.sink)
        #expect(harness.sink.answers[exchanges[2]]?.status == .serviceUnavailable)
        #expect(
            harness.sink.answers[exchanges[2]]?.fields.fields.contains { $0.name == "Retry-After" && $0.value == "1" }
                == true)
        #expect(harness.metricsText.contains(#"vencejo_model_sheds_total{model="m",reason="full"} 1"#))
        harness.runCompute()
        #expect(harness.sink.answers.count == 3)
    }

    @Test(arguments: [
        ("X-Request-Timeout-Ms", "0"), ("X-Request-Timeout-Ms", "-1"), ("X-Request-Timeout-Ms", "1.5"),
        ("X-Request-Timeout-Ms", "1s"), ("X-Request-Timeout-Ms", ""), ("X-Request-Timeout-Ms", "86400001"),
        ("X-Request-Priority", "urgent"), ("X-Request-Priority", "High"), ("X-Request-Priority", "1"),
    ])
    func aFieldThatCannotBeReadIsABadRequest(name: String, value: String) throws {
        let harness = try Harness()
        try harness.load("m", "double")
        let (_, mode) = try harness.begin("POST", "/predict", fields: [(name, value)])
        guard case .answered(let status, _, _) = mode else {
            Issue.record("\(name): \(value) was taken")
            return
        }
        #expect(status == .badRequest)
    }

    @Test(arguments: [
        (name: "X-Request-Timeout-Ms", values: ["60000", "1"]), ("X-Request-Priority", ["high", "high"]),
        ("X-Min-Generation", ["0", "99"]),
    ])
    func aFieldThatTakesOneValueIsNotGivenTwo(name: String, values: [String]) throws {
        let harness = try Harness()
        try harness.load("m", "double")
        let (_, mode) = try harness.begin("POST", "/predict", fields: values.map { (name, $0) })
        guard case .answered(let status, _, _) = mode else {
            Issue.record("\(name) was taken twice")
            return
        }
        #expect(status == .badRequest)
    }

    @Test func whatCannotBeInTimeIsRefusedAndNotComputed() throws {
        let harness = try Harness(batching: heavy())
        try harness.load("m", "double")
        // A model that has shown to take a second a row.
        let model = try #require(harness.registry.pool.defaultModel)
        for _ in 0..<30 { model.cost.observe(rows: 1, nanoseconds: 1_000_000_000) }
        let (hasty, _) = try harness.begin("POST", "/predict", fields: [("X-Request-Timeout-Ms", "100")])
        harness.send(#"{"x": 1}"#, hasty)
        let (patient, _) = try harness.begin("POST", "/predict", fields: [("X-Request-Timeout-Ms", "100000")])
        harness.send(#"{"x": 1}"#, patient)
        harness.handler.endOfTick(harness.sink)
        #expect(harness.sink.answers[hasty]?.status == .serviceUnavailable)
        #expect(harness.sink.answers[hasty]?.fields.fields.contains { $0.name == "Retry-After" } == true)
        #expect(harness.metricsText.contains(#"vencejo_model_sheds_total{model="m",reason="deadline"} 1"#))
        harness.runCompute()
        #expect(harness.sink.answers[patient]?.status == .ok)
    }

    /// The property, with the pool's real threads: whatever is sent, cancelled and published, each request that is not
    /// cancelled is answered once, with exactly its rows in order, of the version it chose, in the bytes that a loop
    /// would have answered. By the clocks of some, others take the cores all the time: the threads of a worker relieve
    /// each other.
    @Test(arguments: 0..<6)
    func givesEachRequestExactlyItsRows(seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        let time = Atomic<UInt64>(0)
        let seen = Mutex<Set<pthread_t>>([])
        let crowded = ComputeClocks(
            now: {
                seen.withLock { _ = $0.insert(pthread_self()) }
                return time.wrappingAdd(7_000_000, ordering: .relaxed).newValue
            }, work: { 0 }, process: { 0 }, rest: { _ in })
        let harness = try Harness(
            batching: heavy {
                $0.compute.joinsRequests = seed % 3 != 0
                $0.loop.flushRows = [1, 7, 256][Int(seed % 3)]
            }, clocks: seed < 3 ? .system : crowded)
        try harness.compute.start(workers: 2, cores: 1)
        defer {
            harness.compute.stop()
            #expect(seed < 3 || seen.withLock { $0.count } > 3, "this one, and more than one of a worker")
        }
        let factors = ["double": 2, "triple": 3]
        var serving = "double"
        try harness.load("m", serving)
        var expected: [ExchangeID: String] = [:]
        for _ in 0..<300 {
            switch Int.random(in: 0..<22, using: &generator) {
            case 0..<13:
                let values = (0..<Int.random(in: 1...5, using: &generator)).map { _ in
                    Int.random(in: 0...999, using: &generator)
                }
                let exchange = try harness.post("[\(values.map { "[\($0)]" }.joined(separator: ","))]")
                let answers = values.map { "\($0 * (factors[serving] ?? 0)).0" }.joined(separator: ",")
                expected[exchange] = "{\"predictions\":[\(answers)]}\n"
            case 13..<15:
                guard let victim = expected.keys.randomElement(using: &generator), harness.body(victim) == nil else {
                    continue
                }
                harness.handler.cancelled(victim)
                expected[victim] = nil
            case 15:
                serving = serving == "double" ? "triple" : "double"
                // Requests of this tick have chosen their model.
                harness.handler.endOfTick(harness.sink)
                try harness.publish("m", serving)
                harness.handler.endOfTick(harness.sink)
            case 16: harness.compute.holdFirm()
            case 17: harness.compute.letYield()
            default: harness.handler.endOfTick(harness.sink)
            }
        }
        harness.answerAll()
        for (exchange, body) in expected { #expect(harness.body(exchange) == body, "seed \(seed)") }
        #expect(harness.sink.answers.count >= expected.count)
        harness.registry.housekeep()
        #expect(harness.handler.openExchangeCount == 0)
    }

    /// While another thread of the process works, no thread computes that would have to wait for it.
    @Test func noThreadYieldsWhileTheFirmOnesAreHeld() throws {
        let harness = try Harness(batching: heavy())
        try harness.load("m", "double")
        try harness.compute.start(workers: 2, cores: 2)
        defer { harness.compute.stop() }
        #expect(harness.compute.waitUntilYielding(2))
        for round in 1...20 {
            harness.compute.holdFirm()
            #expect(harness.compute.waitUntilYielding(0, for: .zero), "round \(round)")
            let exchange = try harness.post("[[\(round)]]")
            harness.answerAll()
            #expect(harness.body(exchange) == "{\"predictions\":[\(round * 2).0]}\n")
            harness.compute.letYield()
            #expect(harness.compute.waitUntilYielding(2), "round \(round)")
        }
    }

    @Test func aWorkerKeepsFewWorkspacesAndNoneOfModelsThatAreGone() throws {
        let harness = try Harness(batching: heavy())
        for index in 0..<6 { try harness.load("m\(index)", "double") }
        var worker = ComputeWorker(.system)
        for index in 0..<6 { _ = try harness.post(#"{"x": 1}"#, to: "/models/m\(index)/predict") }
        harness.handler.endOfTick(harness.sink)
        while harness.compute.runNext(&worker) {}
        let kept = worker.laneCount
        #expect(kept == ComputeWorker.lanesMax)
        harness.handler.endOfTick(harness.sink)
        for index in 0..<6 { _ = try harness.registry.remove("m\(index)") }
        harness.handler.endOfTick(harness.sink)
        harness.registry.housekeep()
        worker.forgetRetired()
        let left = worker.laneCount
        #expect(left == 0)
    }
}

/// Each row with its own outcome.
@Suite struct RowIsolationTests {
    @Test(arguments: [true, false])
    func eachRowHasItsResultOrItsError(isHeavy: Bool) throws {
        let harness = try Harness(batching: isHeavy ? heavy() : BatchSettings())
        try harness.load("m", "double")
        let exchange = try harness.post(
            #"[{"x": 1}, {"x": "a"}, {"x": 2}, 7, {"y": 1}, {"x": 3}]"#, to: "/predict?errors=row")
        let neighbour = try harness.post(#"{"x": 9}"#)
        harness.handler.endOfTick(harness.sink)
        harness.runCompute()
        #expect(harness.sink.answers[exchange]?.status == .ok)
        let body = try #require(harness.body(exchange))
        #expect(body.hasPrefix(#"{"results":[{"prediction":2.0},{"error":{"detail":"the value has the wrong type","#))
        #expect(
            body.contains(
                #""pointer":"/1/x","expected":"a number, true or false","got":"a string"}},{"prediction":4.0}"#))
        #expect(body.contains(#""pointer":"/3""#) && body.contains(#""pointer":"/4/y""#))
        #expect(body.hasSuffix(#"{"prediction":6.0}],"errors":3}"# + "\n"))
        #expect(harness.body(neighbour)?.contains("18.0") == true)
    }

    @Test(arguments: [
        #"{"instances": [[1], ["a"]]}"#, #"{"columns": ["x"], "data": [[1], ["a"]]}"#, #"[[1], ["a"]]"#,
    ])
    func inEveryForm(body: String) throws {
        let harness = try Harness()
        try harness.load("m", "double")
        let exchange = try harness.post(body, to: "/predict?errors=row")
        harness.handler.endOfTick(harness.sink)
        #expect(harness.body(exchange)?.hasPrefix(#"{"results":[{"prediction":2.0},{"error":{"#) == true)
        #expect(harness.body(exchange)?.hasSuffix(#"],"errors":1}"# + "\n") == true)
    }

    @Test func aRecordByItselfIsOneResult() throws {
        let harness = try Harness()
        try harness.load("m", "double")
        let good = try harness.post(#"{"x": 1}"#, to: "/models/m/predict?errors=row")
        let bad = try harness.post(#"{"x": "a"}"#, to: "/models/m/predict?errors=row")
        harness.handler.endOfTick(harness.sink)
        #expect(harness.body(good) == #"{"results":[{"prediction":2.0}],"errors":0}"# + "\n")
        #expect(harness.body(bad)?.hasPrefix(#"{"results":[{"error":{"#) == true)
    }

    @Test func aBodyThatCannotBeReadFailsAsAWhole() throws {
        let harness = try Harness()
        try harness.load("m", "double")
        let broken = try harness.post(#"[{"x": 1}, {"x": ]"#, to: "/predict?errors=row")
        let empty = try harness.post("[]", to: "/predict?errors=row")
        harness.handler.endOfTick(harness.sink)
        #expect(harness.sink.answers[broken]?.status == .badRequest)
        #expect(harness.sink.answers[empty]?.status == .unprocessableContent)
    }

    @Test func allOrNothingIsTheRuleAndAnotherWordIsRefused() throws {
        let harness = try Harness()
        try harness.load("m", "double")
        let all = try harness.post(#"[{"x": 1}, {"x": "a"}]"#, to: "/predict?errors=all")
        harness.handler.endOfTick(harness.sink)
        #expect(harness.sink.answers[all]?.status == .unprocessableContent)
        guard case .answered(.badRequest, _, _) = try harness.begin("POST", "/predict?errors=rows").mode else {
            Issue.record("taken")
            return
        }
    }
}

/// Answers from the cache.
@Suite struct LoopCacheTests {
    @Test(arguments: [true, false])
    func theSameRowsAreAnsweredFromTheCacheUntilTheModelChanges(isHeavy: Bool) throws {
        var settings = isHeavy ? heavy() : BatchSettings()
        settings.cacheBytes = 1 << 20
        let harness = try Harness(batching: settings)
        try harness.load("m", "double")
        func ask(_ body: String) throws -> String? {
            let exchange = try harness.post(body)
            harness.handler.endOfTick(harness.sink)
            harness.runCompute()
            return harness.body(exchange)
        }
        let first = try ask(#"{"x": 1}"#)
        #expect(try ask(#"{"x": 1.0}"#) == first && first == "{\"prediction\":2.0}\n")
        #expect(try ask("[[1]]") == "{\"predictions\":[2.0]}\n", "one row, and another form of answer")
        #expect(try ask(#"{"x": 2}"#) == "{\"prediction\":4.0}\n")
        #expect(harness.metricsText.contains(#"vencejo_model_cache_lookups_total{model="m",outcome="hit"} 1"#))
        #expect(harness.metricsText.contains(#"vencejo_model_cache_lookups_total{model="m",outcome="miss"} 3"#))
        try harness.publish("m", "triple")
        harness.handler.endOfTick(harness.sink)
        #expect(try ask(#"{"x": 1}"#) == "{\"prediction\":3.0}\n")
        #expect(harness.handler.openExchangeCount == 0)
    }

    @Test func anErrorIsNotKept() throws {
        var settings = BatchSettings()
        settings.cacheBytes = 1 << 20
        let harness = try Harness(batching: settings)
        try harness.load("m", "double")
        for _ in 0..<2 {
            let exchange = try harness.post(#"{"x": "a"}"#)
            harness.handler.endOfTick(harness.sink)
            #expect(harness.sink.answers[exchange]?.status == .unprocessableContent)
        }
        #expect(harness.metricsText.contains(#"outcome="hit"} 0"#))
    }
}
