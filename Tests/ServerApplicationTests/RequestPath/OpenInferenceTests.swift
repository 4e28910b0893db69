import ByteCoding
import EventLoop
import HTTPCore
import Serving
import ServingProtocols
import Synchronization
import Testing

@testable import HTTPServer
@testable import ServerApplication

private let path = "/v2/models/m/infer"

/// A request of these values of the column `x`; what stands before its inputs and behind them.
private func body(_ values: [Double], before: String = "", behind: String = "") -> String {
    let data = values.map { "\($0)" }.joined(separator: ",")
    return
        #"{\#(before)"inputs":[{"name":"x","shape":[\#(values.count),1],"#
        + #""datatype":"FP64","data":[\#(data)]}]\#(behind)}"#
}

/// The answer of a model that doubles.
private func doubled(_ values: [Double]) -> String {
    let data = values.map { "\($0 * 2)" }.joined(separator: ",")
    return #""outputs":[{"name":"prediction","datatype":"FP64","shape":[\#(values.count),1],"data":[\#(data)]}]}"#
        + "\n"
}

/// The machine's clock, ahead by as much as a test wants.
private final class AdvancingClock: LoopClock {
    private let ahead = Atomic<Int64>(0)

    func advance(by nanoseconds: Int64) { ahead.add(nanoseconds, ordering: .relaxed) }

    func now() -> LoopInstant {
        LoopInstant(nanoseconds: SystemClock().now().nanoseconds + ahead.load(ordering: .relaxed))
    }

    func unixSeconds() -> Int64 { SystemClock().unixSeconds() }

    /// The same for the pool.
    var pool: ComputeClocks {
        let system = ComputeClocks.system
        return ComputeClocks(
            now: { self.now().elapsedNanoseconds }, work: system.work, process: system.process, rest: system.rest)
    }
}

/// No prediction runs on a loop.
private let heavy: BatchSettings = {
    var settings = BatchSettings()
    settings.loop.inlineBudget = 0
    return settings
}()

@Suite struct OpenInferenceTests {
    @Test(arguments: [true, false])
    func predictsAsTheNativeProtocolDoes(isHeavy: Bool) throws {
        let harness = try Harness(batching: isHeavy ? heavy : BatchSettings())
        try harness.load("m", "double")
        let first = try harness.post(body([1.5, 2], before: #""id":"a","#), to: path)
        let native = try harness.post("[[1.5],[2]]")
        let second = try harness.post(body([3], behind: #","id":"b""#), to: "/v2/models/m/versions/1/infer")
        harness.handler.endOfTick(harness.sink)
        harness.runCompute()
        #expect(harness.body(native) == "{\"predictions\":[3.0,4.0]}\n")
        #expect(harness.body(first) == #"{"model_name":"m","model_version":"1","id":"a","# + doubled([1.5, 2]))
        #expect(harness.body(second) == #"{"model_name":"m","model_version":"1","id":"b","# + doubled([3]))
        #expect(harness.handler.openExchangeCount == 0)
        #expect(harness.metricsText.contains(#"route="/v2/models/{model}/infer",status="200"} 1"#))
        #expect(harness.metricsText.contains(#"vencejo_model_rows_total{model="m"} 5"#))
    }

    @Test(arguments: [
        ("POST", path, "{", 400), ("POST", path, #"{"inputs":[]}"#, 400), ("POST", "/v2/models/q/infer", "{}", 404),
        ("POST", "/v2/models/m/versions/9/infer", "{}", 404), ("GET", "/v2/models/q", "", 404),
        ("GET", "/v2/models/q/ready", "", 404), ("GET", "/v2/health/ready", "", 503), ("GET", "/v2/nothing", "", 404),
        ("POST", "/v2", "", 405), ("GET", "/v2/models/%2e%2e/ready", "", 400),
    ])
    func errorsAreOneText(method: String, target: String, text: String, status: UInt16) throws {
        let harness = try Harness()
        try harness.load("m", "double")
        let (exchange, mode) = try harness.begin(method, target)
        let told: (status: HTTPStatus, fields: ResponseFields, body: String)
        if case .answered(let status, let fields, let body) = mode {
            told = (status, fields, String(decoding: body, as: UTF8.self))
        } else {
            harness.send(text, exchange)
            let answer = try #require(harness.sink.answers[exchange])
            told = (answer.status, answer.fields, answer.body)
        }
        #expect(told.status.rawValue == status)
        #expect(told.body.hasPrefix(#"{"error":""#), "\(told.body)")
        #expect(told.fields.fields.contains { $0.name == "Content-Type" && $0.value == "application/json" })
    }

    @Test func whatCannotBeInTimeIsRefusedByItsOwnTimeout() throws {
        let harness = try Harness(batching: heavy)
        try harness.load("m", "double")
        let model = try #require(harness.registry.pool.defaultModel)
        for _ in 0..<30 { model.cost.observe(rows: 1, nanoseconds: 1_000_000_000) }
        let hasty = try harness.post(body([1], before: #""parameters":{"timeout":100000},"#), to: path)
        let patient = try harness.post(body([2], before: #""parameters":{"timeout":100000000},"#), to: path)
        // So long that a loop does not decode it: what it asks for is looked for all the same.
        let filler = #""parameters":{"timeout":100000,"note":"\#(String(repeating: "x", count: 200_000))"},"#
        let long = try harness.post(body([3], before: filler), to: path)
        harness.handler.endOfTick(harness.sink)
        for exchange in [hasty, long] {
            #expect(harness.sink.answers[exchange]?.status == .serviceUnavailable)
            #expect(harness.body(exchange)?.hasPrefix(#"{"error":"#) == true)
            #expect(harness.sink.answers[exchange]?.fields.fields.contains { $0.name == "Retry-After" } == true)
        }
        #expect(harness.sink.expiring.contains(patient))
        harness.runCompute()
        #expect(harness.sink.answers[patient]?.status == .ok)
    }

    @Test func whatWaitedTooLongIsToldInItsOwnWords() throws {
        let clock = AdvancingClock()
        let harness = try Harness(batching: heavy, clocks: clock.pool)
        try harness.load("m", "double")
        let late = try harness.post(body([1], before: #""parameters":{"timeout":60000000},"#), to: path)
        let patient = try harness.post(body([2]), to: path)
        harness.handler.endOfTick(harness.sink)
        clock.advance(by: 3_600_000_000_000)
        harness.runCompute()
        #expect(harness.sink.answers[late]?.status == .serviceUnavailable)
        #expect(harness.body(late)?.hasPrefix(#"{"error":"its deadline passed"#) == true)
        #expect(harness.sink.answers[patient]?.status == .ok)
    }

    /// The sink counts from the beginning of its tick, and so may tell a deadline before it has passed.
    @Test func aTimerThatComesEarlyIsSetAgain() throws {
        let harness = try Harness(batching: heavy)
        try harness.load("m", "double")
        let waiting = try harness.post(body([1], before: #""parameters":{"timeout":3600000000},"#), to: path)
        harness.handler.endOfTick(harness.sink)
        #expect(harness.sink.expiring == [waiting])
        harness.handler.expired(waiting, harness.sink)
        #expect(harness.sink.expiring == [waiting, waiting])
        #expect(harness.sink.answers.isEmpty)
        harness.runCompute()
        #expect(harness.sink.answers[waiting]?.status == .ok)
    }

    @Test(arguments: [true, false])
    func aClientThatGoesTakesItsRequestAlong(isHeavy: Bool) throws {
        let harness = try Harness(batching: isHeavy ? heavy : BatchSettings())
        try harness.load("m", "double")
        let gone = try harness.post(body([1]), to: path)
        let here = try harness.post(body([2]), to: path)
        if isHeavy { harness.handler.endOfTick(harness.sink) }
        harness.handler.cancelled(gone)
        harness.handler.endOfTick(harness.sink)
        harness.runCompute()
        #expect(harness.body(gone) == nil)
        #expect(harness.body(here)?.hasSuffix(doubled([2])) == true)
        #expect(harness.handler.openExchangeCount == 0)
    }

    @Test func aSwapBetweenHeadAndBodyIsAnsweredByTheNewVersion() throws {
        let harness = try Harness()
        try harness.load("m", "double")
        let (exchange, _) = try harness.begin("POST", path)
        harness.handler.endOfTick(harness.sink)
        try harness.publish("m", "triple")
        harness.handler.endOfTick(harness.sink)
        harness.send(body([2]), exchange)
        harness.handler.endOfTick(harness.sink)
        #expect(harness.body(exchange)?.contains(#""data":[6.0]"#) == true)
    }

    @Test func answersAreNotKeptInTheCache() throws {
        var settings = BatchSettings()
        settings.cacheBytes = 1 << 20
        let harness = try Harness(batching: settings)
        try harness.load("m", "double")
        for id in ["a", "b"] {
            let exchange = try harness.post(body([1], before: #""id":"\#(id)","#), to: path)
            harness.handler.endOfTick(harness.sink)
            #expect(harness.body(exchange)?.contains(#""id":"\#(id)""#) == true)
        }
    }
}

@Suite struct OpenInferenceCallTests {
    private static let fields: [(name: String, value: String)] = [
        ("content-type", "application/grpc"), ("te", "trailers"),
    ]

    private func call(
        _ harness: Harness, _ method: String, _ message: [UInt8], fields: [(name: String, value: String)] = []
    ) throws -> (exchange: ExchangeID, refusal: String?) {
        let (exchange, mode) = try harness.begin(
            "POST", "/inference.GRPCInferenceService/\(method)", fields: Self.fields + fields, version: .http2)
        if case .answered(_, let fields, _) = mode { return (exchange, Self.status(fields)) }
        var frame: [UInt8] = [0]
        for shift in [24, 16, 8, 0] { frame.append(UInt8(truncatingIfNeeded: message.count >> shift)) }
        frame += message
        harness.handler.body(frame.span, isEnd: true, exchange, harness.sink)
        return (exchange, nil)
    }

    private static func status(_ fields: ResponseFields?) -> String? {
        fields?.fields.first { $0.name == "grpc-status" }?.value
    }

    /// The code with which a call ended.
    private func code(_ harness: Harness, _ exchange: ExchangeID) -> String? {
        Self.status(harness.sink.trailers[exchange]) ?? Self.status(harness.sink.answers[exchange]?.fields)
    }

    private func infer(
        _ values: [Double], model: String = "m", version: String = "", timeout: UInt64? = nil
    ) -> [UInt8] {
        var writer = ProtobufWriter()
        writer.string(1, model)
        if !version.isEmpty { writer.string(2, version) }
        writer.string(3, "id")
        if let timeout {
            let entry = writer.beginMessage(4)
            writer.string(1, "timeout")
            let parameter = writer.beginMessage(2)
            writer.uint64(2, timeout)
            writer.endMessage(parameter)
            writer.endMessage(entry)
        }
        let input = writer.beginMessage(5)
        writer.string(1, "x")
        writer.string(2, "FP64")
        let shape = [Int64(values.count), 1]
        writer.packed(3, shape.span)
        let contents = writer.beginMessage(5)
        writer.packed(7, values.span)
        writer.endMessage(contents)
        writer.endMessage(input)
        return writer.take()
    }

    /// The doubles of an answer's typed contents.
    private func doubles(_ harness: Harness, _ exchange: ExchangeID) throws -> [Double] {
        let message = Array(try #require(harness.sink.parts[exchange]).dropFirst(5))
        var values: [Double] = []
        var reader = ProtobufReader(message.span)
        while let field = try reader.nextField() {
            guard field.number == 5 else {
                try reader.skip(field)
                continue
            }
            var output = try reader.message(field)
            while let field = try output.nextField() {
                guard field.number == 5 else {
                    try output.skip(field)
                    continue
                }
                var contents = try output.message(field)
                while let field = try contents.nextField() {
                    var numbers = try contents.elements(of: field, .fixed64)
                    while !numbers.isAtEnd { values.append(try numbers.readDouble()) }
                }
            }
        }
        return values
    }

    @Test(arguments: [true, false])
    func predicts(isHeavy: Bool) throws {
        let harness = try Harness(batching: isHeavy ? heavy : BatchSettings())
        try harness.load("m", "double")
        let one = try call(harness, "ModelInfer", infer([1, 2.5])).exchange
        let two = try call(harness, "ModelInfer", infer([7], version: "1")).exchange
        let long = [Double](repeating: 0.5, count: 40_000)
        let three = try call(harness, "ModelInfer", infer(long)).exchange
        harness.handler.endOfTick(harness.sink)
        harness.runCompute()
        #expect(try doubles(harness, one) == [2, 5])
        #expect(try doubles(harness, two) == [14])
        #expect(try doubles(harness, three) == [Double](repeating: 1, count: 40_000))
        for exchange in [one, two, three] { #expect(code(harness, exchange) == "0") }
        #expect(harness.handler.openExchangeCount == 0)
        #expect(harness.metricsText.contains(#"route="/inference.GRPCInferenceService/ModelInfer",status="200"} 3"#))
    }

    @Test func errorsHaveTheirCodes() throws {
        let harness = try Harness()
        try harness.load("m", "double")
        for (message, expected) in [
            (infer([1], model: "q"), "5"), (infer([1], version: "9"), "5"), ([0xFF], "3"),
            (Array(infer([1]).dropLast()), "3"), (infer([.infinity]), "3"),
        ] {
            let exchange = try call(harness, "ModelInfer", message).exchange
            harness.handler.endOfTick(harness.sink)
            #expect(code(harness, exchange) == expected)
        }
        #expect(try call(harness, "ModelStreamInfer", []).refusal == "12")
        #expect(try call(harness, "RepositoryIndex", []).refusal == "12")
        #expect(try call(harness, "ModelInfer", [], fields: [("x-min-generation", "soon")]).refusal == "3")
        let early = try call(harness, "ModelInfer", infer([1]), fields: [("x-min-generation", "99")]).exchange
        #expect(code(harness, early) == "14")
        #expect(try call(harness, "ModelInfer", [], fields: [("x-request-priority", "urgent")]).refusal == "3")
        #expect(harness.handler.openExchangeCount == 0)
    }

    @Test(arguments: ["head", "parameter"])
    func whatCannotBeInTimeIsRefused(by place: String) throws {
        let harness = try Harness(batching: heavy)
        try harness.load("m", "double")
        let model = try #require(harness.registry.pool.defaultModel)
        for _ in 0..<30 { model.cost.observe(rows: 1, nanoseconds: 1_000_000_000) }
        let isHead = place == "head"
        let hasty = try call(
            harness, "ModelInfer", infer([1], timeout: isHead ? nil : 100_000),
            fields: isHead ? [("grpc-timeout", "100m")] : []
        ).exchange
        let patient = try call(
            harness, "ModelInfer", infer([1], timeout: isHead ? nil : 100_000_000),
            fields: isHead ? [("grpc-timeout", "100S")] : []
        ).exchange
        harness.handler.endOfTick(harness.sink)
        #expect(code(harness, hasty) == "14")
        #expect(harness.metricsText.contains(#"vencejo_model_sheds_total{model="m",reason="deadline"} 1"#))
        #expect(harness.sink.expiring.contains(patient))
        harness.runCompute()
        #expect(code(harness, patient) == "0")
    }

    @Test(arguments: ["head", "parameter"])
    func whatWaitedTooLongEndsAsACall(by place: String) throws {
        let clock = AdvancingClock()
        let harness = try Harness(batching: heavy, clocks: clock.pool)
        try harness.load("m", "double")
        let isHead = place == "head"
        let late = try call(
            harness, "ModelInfer", infer([1], timeout: isHead ? nil : 60_000_000),
            fields: isHead ? [("grpc-timeout", "1M")] : []
        ).exchange
        harness.handler.endOfTick(harness.sink)
        clock.advance(by: 3_600_000_000_000)
        harness.runCompute()
        #expect(code(harness, late) == "4")
        #expect(harness.sink.answers[late]?.status == .ok)
        // The call is not kept any more: nothing answers it again.
        harness.handler.expired(late, harness.sink)
        harness.handler.endOfTick(harness.sink)
        #expect(harness.handler.openExchangeCount == 0)
    }

    @Test func aCallThatRunsEndsAtItsDeadlineAllTheSame() throws {
        let clock = AdvancingClock()
        let harness = try Harness(batching: heavy, clock: clock)
        try harness.load("m", "double")
        let target = "/models/m/predict"
        let (native, _) = try harness.begin("POST", target, fields: [("X-Request-Timeout-Ms", "60000")])
        harness.send(#"{"x": 1}"#, native)
        let late = try call(harness, "ModelInfer", infer([1]), fields: [("grpc-timeout", "1M")]).exchange
        harness.handler.endOfTick(harness.sink)
        var worker = ComputeWorker(.system)
        while harness.compute.runNext(&worker) {}
        // Their answers are on their way when their time is over.
        clock.advance(by: 120_000_000_000)
        for exchange in [native, late] { harness.handler.expired(exchange, harness.sink) }
        #expect(code(harness, late) == "4")
        harness.handler.endOfTick(harness.sink)
        #expect(harness.sink.answers[native]?.status == .ok)
        #expect(harness.sink.parts[late] == nil)
        #expect(harness.handler.openExchangeCount == 0)
        #expect(harness.metricsText.contains(#"route="/inference.GRPCInferenceService/ModelInfer",status="200"} 1"#))
    }

    @Test func aNewerStateIsAskedForBeforeANameIsUnknown() throws {
        let harness = try Harness()
        try harness.load("m", "double")
        for message in [infer([1], model: "q"), infer([1], version: "9"), infer([1])] {
            let early = try call(harness, "ModelInfer", message, fields: [("x-min-generation", "99")]).exchange
            #expect(code(harness, early) == "14")
        }
        let known = try call(
            harness, "ModelInfer", infer([1], version: "9"), fields: [("x-min-generation", "0")]
        ).exchange
        #expect(code(harness, known) == "5")
    }

    @Test func aPredictionThatFailsBeforeItsMessageIsCounted() throws {
        let harness = try Harness()
        try harness.load("m", "double")
        let target = "/inference.GRPCInferenceService/"
        for (method, bytes) in [("ModelInfer", [UInt8](repeating: 0, count: 4)), ("ServerLive", [9])] {
            let (exchange, _) = try harness.begin("POST", target + method, fields: Self.fields, version: .http2)
            harness.handler.body(bytes.span, isEnd: true, exchange, harness.sink)
            #expect(code(harness, exchange) == "13")
        }
        let (late, _) = try harness.begin("POST", target + "ModelInfer", fields: Self.fields, version: .http2)
        harness.handler.expired(late, harness.sink)
        let (gone, _) = try harness.begin("POST", target + "ModelInfer", fields: Self.fields, version: .http2)
        harness.handler.cancelled(gone)
        harness.handler.endOfTick(harness.sink)
        #expect(harness.metricsText.contains(#"route="/inference.GRPCInferenceService/ModelInfer",status="200"} 2"#))
        #expect(harness.metricsText.contains(#"route="/inference.GRPCInferenceService/ServerLive",status="200"} 1"#))
    }

    @Test func aCallThatIsCancelledIsNotComputed() throws {
        let harness = try Harness(batching: heavy)
        try harness.load("m", "double")
        let gone = try call(harness, "ModelInfer", infer([1])).exchange
        harness.handler.endOfTick(harness.sink)
        harness.handler.cancelled(gone)
        harness.runCompute()
        #expect(harness.sink.parts[gone] == nil && harness.sink.trailers[gone] == nil)
        #expect(harness.metricsText.contains(#"vencejo_model_sheds_total{model="m",reason="abandoned"} 1"#))
    }

    @Test func aCallThatEndsBeforeItsMessageLeavesNothing() throws {
        let harness = try Harness()
        try harness.load("m", "double")
        let (exchange, _) = try harness.begin(
            "POST", "/inference.GRPCInferenceService/ModelInfer", fields: Self.fields + [("grpc-timeout", "10S")],
            version: .http2)
        #expect(harness.handler.callAskCount == 1)
        harness.handler.cancelled(exchange)
        harness.handler.endOfTick(harness.sink)
        #expect(harness.handler.callAskCount == 0)
    }

    @Test func aTokenForPredictionsClosesCalls() throws {
        let live = LiveSettings(
            gate: AdminGate(token: nil), predictGate: PredictGate(token: BearerToken("0123456789abcdef"), admin: nil),
            bodyBytesMax: 1 << 20)
        let harness = try Harness(live: live)
        try harness.load("m", "double")
        #expect(try call(harness, "ModelInfer", infer([1])).refusal == "16")
        #expect(try call(harness, "ServerLive", []).refusal == nil)
        let open = try call(
            harness, "ModelInfer", infer([1]), fields: [("authorization", "Bearer 0123456789abcdef")]
        ).exchange
        harness.handler.endOfTick(harness.sink)
        #expect(try doubles(harness, open) == [2])
    }
}
