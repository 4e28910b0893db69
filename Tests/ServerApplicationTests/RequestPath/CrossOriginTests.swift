import HTTPCore
import Testing

@testable import ServerApplication

extension BodyMode {
    /// The answer, where it is one.
    var answer: (status: HTTPStatus, fields: [String: String])? {
        guard case .answered(let status, let fields, _) = self else { return nil }
        return (status, fields.byName)
    }
}

extension ResponseFields {
    var byName: [String: String] {
        Dictionary(fields.map { ($0.name, $0.value) }, uniquingKeysWith: { "\($0), \($1)" })
    }
}

@Suite struct CrossOriginTests {
    private static let page = (name: "Origin", value: "https://app.example.com")
    private static let asks = (name: "Access-Control-Request-Method", value: "POST")

    private func harness(_ origins: [String], inFlightMax: Int = .max) throws -> Harness {
        try Harness(
            live: LiveSettings(
                gate: AdminGate(token: BearerToken("0123456789abcdef")), bodyBytesMax: 100, inFlightMax: inFlightMax,
                cors: CORSPolicy(try CORSOrigins(origins))))
    }

    // MARK: Origins

    @Test(arguments: [
        "https://app.example.com", "http://localhost:3000", "http://127.0.0.1", "http://[::1]:8080",
        "chrome-extension://abcdef", "https://a_b.example",
    ])
    func takesOrigins(text: String) throws {
        let origins = try CORSOrigins([text])
        #expect(origins.place(of: text.utf8.span) == 0)
        #expect(origins.place(of: (text + "/").utf8.span) == nil)
        #expect(origins.place(of: text.uppercased().utf8.span) == nil)
    }

    @Test(arguments: [
        ["https://a.example/"], ["https://a.example/path"], ["a.example"], ["https://"], ["://a"], ["null"], [""],
        ["HTTPS://a.example"], ["https://a.example "], ["https://*.example.com"], ["*", "https://a.example"],
        ["https://a.example", "https://a.example"], ["https://a.example,https://b.example"], ["https://ä.example"],
        (0...64).map { "https://a\($0).example" }, ["https://" + String(repeating: "a", count: 250)],
    ])
    func refusesWhatABrowserWouldNotSend(texts: [String]) {
        #expect(throws: CORSOrigins.Malformed.self) { try CORSOrigins(texts) }
    }

    // MARK: Preflights

    @Test(arguments: [
        ("/predict", "POST"), ("/models/m/predict", "POST"), ("/models", "GET, HEAD, POST"),
        ("/models/m", "GET, HEAD, PUT, PATCH, DELETE"), ("/health/live", "GET, HEAD"),
    ])
    func tellsAPreflightTheMethodsOfItsRoute(path: String, methods: String) throws {
        let harness = try harness(["https://app.example.com"])
        let answer = try #require(harness.begin("OPTIONS", path, fields: [Self.page, Self.asks]).mode.answer)
        #expect(answer.status == .noContent)
        #expect(answer.fields["Access-Control-Allow-Origin"] == "https://app.example.com")
        #expect(answer.fields["Access-Control-Allow-Methods"] == methods)
        #expect(answer.fields["Access-Control-Allow-Headers"]?.hasPrefix("Accept, Authorization, Content-") == true)
        #expect(answer.fields["Access-Control-Max-Age"] == "600")
        #expect(answer.fields["Allow"] == methods + ", OPTIONS")
        #expect(answer.fields["Vary"]?.hasSuffix("Origin") == true)
        #expect(answer.fields["Access-Control-Allow-Credentials"] == nil)
    }

    @Test(arguments: [
        [], [(name: "Origin", value: "https://evil.example")], [(name: "Origin", value: "null")],
        [(name: "Origin", value: "https://app.example.com.evil.example")], [(name: "Origin", value: "")],
    ])
    func tellsOthersNothingOfIt(fields: [(name: String, value: String)]) throws {
        let harness = try harness(["https://app.example.com", "https://b.example"])
        for method in ["OPTIONS", "GET"] {
            let answer = try #require(harness.begin(method, "/models", fields: fields + [Self.asks]).mode.answer)
            #expect(answer.status == (method == "GET" ? .ok : .noContent))
            #expect(!answer.fields.keys.contains { $0.hasPrefix("Access-Control") })
        }
    }

    @Test func isNothingWhereNobodyMay() throws {
        let harness = try Harness()
        let answer = try #require(harness.begin("OPTIONS", "/predict", fields: [Self.page, Self.asks]).mode.answer)
        #expect(answer.status == .noContent && answer.fields["Allow"] == "POST, OPTIONS")
        #expect(!answer.fields.keys.contains { $0.hasPrefix("Access-Control") })
    }

    @Test(arguments: [("*", 204), ("/nope", 404), ("/models/../x", 400), ("/predict", 204), ("/models/any", 204)])
    func answersOptionsWithoutAPage(target: String, status: UInt16) throws {
        let answer = try #require(try Harness().begin("OPTIONS", target).mode.answer)
        #expect(answer.status.rawValue == status)
        #expect((answer.fields["Allow"] != nil) == (status == 204))
    }

    // MARK: Answers

    @Test func everyAnswerToAPageSaysThatItMayBeRead() throws {
        let harness = try harness(["https://b.example", "https://app.example.com"])
        try harness.load("m", "double")
        let (good, _) = try harness.begin("POST", "/predict", fields: [Self.page])
        harness.send(#"{"x": 1}"#, good)
        let (bad, _) = try harness.begin("POST", "/predict", fields: [Self.page])
        harness.send("{", bad)
        let (faulty, _) = try harness.begin("POST", "/models/m/predict", fields: [Self.page])
        harness.send(#"[{"x": "a"}]"#, faulty)
        let (other, _) = try harness.begin("POST", "/predict")
        harness.send(#"{"x": 1}"#, other)
        harness.handler.endOfTick(harness.sink)
        for exchange in [good, bad, faulty] {
            let fields = try #require(harness.sink.answers[exchange]?.fields.byName)
            #expect(fields["Access-Control-Allow-Origin"] == "https://app.example.com" && fields["Vary"] == "Origin")
            #expect(fields["Access-Control-Expose-Headers"]?.hasSuffix("WWW-Authenticate") == true)
        }
        #expect(harness.sink.answers[good]?.fields.byName["Vencejo-Model"] == "m")
        #expect(harness.sink.answers[other]?.fields.byName["Access-Control-Allow-Origin"] == nil)
        for (method, path, status) in [("GET", "/models", 200), ("GET", "/nope", 404), ("PUT", "/models/m", 401)] {
            let answer = try #require(harness.begin(method, path, fields: [Self.page]).mode.answer)
            #expect(answer.status.rawValue == UInt16(status))
            #expect(answer.fields["Access-Control-Allow-Origin"] == "https://app.example.com")
        }
    }

    @Test func fieldsOfPredictionsAreMadeOnceForEachModelAndOrigin() throws {
        let harness = try harness(["https://app.example.com", "https://b.example"])
        try harness.load("m", "double")
        func fields(_ origin: String) throws -> ResponseFields? {
            let (exchange, _) = try harness.begin("POST", "/predict", fields: [(name: "Origin", value: origin)])
            harness.send(#"{"x": 1}"#, exchange)
            harness.handler.endOfTick(harness.sink)
            return harness.sink.answers[exchange]?.fields
        }
        let first = try #require(try fields("https://app.example.com"))
        #expect(try fields("https://app.example.com") === first)
        let second = try #require(try fields("https://b.example"))
        #expect(second !== first && second.byName["Access-Control-Allow-Origin"] == "https://b.example")
        try harness.publish("m", "triple")
        harness.handler.endOfTick(harness.sink)
        #expect(try fields("https://app.example.com")?.byName["Vencejo-Version"] == "2")
    }

    @Test func anyOriginIsToldTheSame() throws {
        let harness = try harness(["*"])
        let answer = try #require(
            harness.begin("GET", "/models", fields: [(name: "Origin", value: "https://who.example")]).mode.answer)
        #expect(answer.fields["Access-Control-Allow-Origin"] == "*" && answer.fields["Vary"] == nil)
    }

    @Test func theFieldCacheIsBounded() throws {
        var cache = CORSFieldCache()
        let grant = CORSGrant(place: 0, origin: "https://a.example")
        for number in 0..<1000 {
            let made = cache.fields(ResponseFields([("X", "\(number)")]), grant)
            #expect(made.byName["X"] == "\(number)")
        }
    }
}
