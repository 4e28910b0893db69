import HTTPCore
import Telemetry
import Testing

@testable import ServerApplication

@Suite struct LiveSettingsTests {
    private static let admin = "admin-token-0123456789"
    private static let predict = "predict-token-0123456789"

    private func settings(
        predict: String? = LiveSettingsTests.predict, admin: String? = LiveSettingsTests.admin, inFlightMax: Int = .max
    ) -> LiveSettings {
        let gate = AdminGate(token: admin.map { BearerToken($0) })
        return LiveSettings(
            gate: gate, predictGate: predict.map { PredictGate(token: BearerToken($0), admin: gate.token) },
            bodyBytesMax: 1000, inFlightMax: inFlightMax)
    }

    private func bearer(_ token: String) -> [(name: String, value: String)] { [("Authorization", "Bearer \(token)")] }

    // MARK: The token for predictions

    @Test(arguments: [
        ("POST", "/predict"), ("POST", "/models/m/predict"), ("GET", "/models"), ("GET", "/models/m"),
        ("HEAD", "/models"), ("GET", "/models/unknown"), ("POST", "/models/unknown/predict"),
    ])
    func predictionsNeedTheTokenOrTheAdmins(method: String, path: String) throws {
        let harness = try Harness(live: settings())
        try harness.load("m", "double")
        let wrong: [[(name: String, value: String)]] = [
            [], bearer("wrong"), bearer(Self.predict + "0"), bearer(String(Self.predict.dropLast())), bearer(""),
            [("Authorization", "Basic " + Self.predict)], [("Authorization", Self.predict)],
            [("Authorization", "Bearer")],
        ]
        for fields in wrong {
            let answer = try #require(harness.begin(method, path, fields: fields).mode.answer)
            #expect(answer.status == .unauthorized && answer.fields["WWW-Authenticate"] == "Bearer")
        }
        for token in [Self.predict, Self.admin] {
            #expect(try harness.begin(method, path, fields: bearer(token)).mode.answer?.status != .unauthorized)
        }
    }

    @Test(arguments: [
        ("GET", "/health/live"), ("GET", "/health/ready"), ("GET", "/metrics"), ("GET", "/"), ("OPTIONS", "/predict"),
    ])
    func probesNeedNone(method: String, path: String) throws {
        #expect(try Harness(live: settings()).begin(method, path).mode.answer?.status != .unauthorized)
    }

    @Test func theTokenForPredictionsChangesNoModel() throws {
        let harness = try Harness(live: settings())
        for method in ["PUT", "DELETE"] {
            let answer = harness
            #expect(
                try answer.begin(method, "/models/m", fields: bearer(Self.predict)).mode.answer?.status
                    == .unauthorized)
        }
        let open = try Harness(live: settings(admin: nil))
        #expect(try open.begin("PUT", "/models/m", fields: bearer(Self.predict)).mode.answer?.status == .forbidden)
        #expect(try open.begin("GET", "/models", fields: bearer(Self.predict)).mode.answer?.status == .ok)
    }

    @Test func theSchemeMayBeWrittenAnyWay() throws {
        let harness = try Harness(live: settings())
        for scheme in ["Bearer ", "bearer ", "BEARER ", "Bearer   "] {
            let fields = [(name: "Authorization", value: scheme + Self.predict)]
            #expect(try harness.begin("GET", "/models", fields: fields).mode.answer?.status == .ok)
        }
    }

    // MARK: Changes

    @Test func aLoopTakesNewSettingsOverBetweenTwoTicks() throws {
        let harness = try Harness(live: settings(predict: nil))
        #expect(try harness.begin("GET", "/models").mode.answer?.status == .ok)
        harness.live.publish(settings())
        #expect(try harness.begin("GET", "/models").mode.answer?.status == .ok, "not within a tick")
        harness.handler.endOfTick(harness.sink)
        #expect(try harness.begin("GET", "/models").mode.answer?.status == .unauthorized)
        harness.live.publish(settings(predict: "another-token-0123456789"))
        harness.live.publish(settings(predict: nil))
        harness.handler.endOfTick(harness.sink)
        #expect(try harness.begin("GET", "/models").mode.answer?.status == .ok)
    }

    @Test func theBoundIsDividedAmongLoops() throws {
        let configuration = try ServerConfiguration(
            options: ServerOptions(), environment: { ["VENCEJO_IN_FLIGHT_MAX": "10"][$0] }, readFile: { _ in [] })
        #expect(LiveSettings(configuration, adminToken: nil, loops: 4).inFlightMax == 3)
        #expect(LiveSettings(configuration, adminToken: nil, loops: 1).inFlightMax == 10)
    }

    // MARK: Shedding

    @Test func shedsPredictionsAtTheBoundAndNothingElse() throws {
        let harness = try Harness(live: settings(predict: nil, inFlightMax: 2))
        try harness.load("m", "double")
        let (first, _) = try harness.begin("POST", "/predict")
        let (second, _) = try harness.begin("POST", "/models/m/predict")
        for _ in 0..<3 {
            let answer = try #require(harness.begin("POST", "/predict").mode.answer)
            #expect(answer.status == .serviceUnavailable && answer.fields["Retry-After"] == "1")
        }
        for path in ["/health/ready", "/health/live", "/metrics", "/models"] {
            let status = try harness.begin("GET", path).mode.answer?.status
            #expect(status == .ok || path == "/health/ready")
        }
        // One is answered, one is gone: there is room for two.
        harness.send(#"{"x": 1}"#, first)
        #expect(try harness.begin("POST", "/predict").mode.answer != nil, "its rows wait for the end of the tick")
        harness.handler.endOfTick(harness.sink)
        harness.handler.cancelled(second)
        for _ in 0..<2 { #expect(try harness.begin("POST", "/predict").mode.answer == nil) }
        #expect(try harness.begin("POST", "/predict").mode.answer?.status == .serviceUnavailable)
    }

    @Test func aRefusedBodyGivesItsPlaceBack() throws {
        let harness = try Harness(live: settings(predict: nil, inFlightMax: 1))
        try harness.load("m", "double")
        for _ in 0..<5 {
            let exchange = try harness.post("{")
            #expect(harness.sink.answers[exchange]?.status == .badRequest)
        }
        let exchange = try harness.post(#"{"x": 1}"#)
        harness.handler.endOfTick(harness.sink)
        #expect(harness.sink.answers[exchange]?.status == .ok)
    }

    @Test func rowsWhoseClientWentAreNotPredicted() throws {
        let harness = try Harness()
        try harness.load("m", "double")
        let gone = try (0..<3).map { _ in try harness.post(#"{"x": 1}"#) }
        for exchange in gone { harness.handler.cancelled(exchange) }
        harness.handler.endOfTick(harness.sink)
        #expect(harness.sink.answers.isEmpty)
        let text = String(decoding: harness.metrics.render(), as: UTF8.self)
        #expect(
            text.split(separator: "\n").contains { $0.hasPrefix("vencejo_model_rows_total{") && $0.hasSuffix(" 0") })
    }

    // MARK: Counting

    @Test func countsAnswersBytesAndTimesOfEachRoute() throws {
        let harness = try Harness()
        try harness.load("m", "double")
        let bodies = [#"{"x": 1}"#, #"{"x": 2}"#, "{"]
        let exchanges = try bodies.map { try harness.post($0) }
        let (_, models) = try harness.begin("GET", "/models")
        _ = try harness.begin("GET", "/nope")
        harness.handler.endOfTick(harness.sink)
        let lines = String(decoding: harness.metrics.render(), as: UTF8.self).split(separator: "\n")
        func value(_ start: String) -> String? {
            lines.first { $0.hasPrefix(start + "} ") }.map { String($0.dropFirst(start.utf8.count + 2)) }
        }
        let sent = exchanges.reduce(0) { $0 + (harness.body($1)?.utf8.count ?? 0) }
        guard case .answered(_, _, let list) = models else { return #expect(Bool(false)) }
        let predict = #"{method="POST",route="/predict""#
        #expect(value("vencejo_http_requests_total" + predict + #",status="200""#) == "2")
        #expect(value("vencejo_http_requests_total" + predict + #",status="400""#) == "1")
        #expect(value("vencejo_http_request_duration_seconds_count" + predict) == "3")
        #expect(value("vencejo_http_request_body_bytes_total" + predict) == "17")
        #expect(value("vencejo_http_response_body_bytes_total" + predict) == "\(sent)")
        let get = #"{method="GET",route="/models""#
        #expect(value("vencejo_http_request_duration_seconds_count" + get) == "1")
        #expect(value("vencejo_http_response_body_bytes_total" + get) == "\(list.count)")
        #expect(value(#"vencejo_http_requests_total{method="other",route="other",status="404""#) == "1")
        #expect(!lines.contains { $0.contains("/health") }, "a route that nobody asked for has no series")
    }
}

extension Substring {
    fileprivate func contains(_ text: String) -> Bool { indices.contains { self[$0...].hasPrefix(text) } }
}
