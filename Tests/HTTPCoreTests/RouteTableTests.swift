import SeededRandom
import Testing

@testable import HTTPCore

@Suite struct RouteTableTests {
    static func table() throws -> RouteTable<String> {
        try RouteTable([
            .init(.get, "/", "root"),
            .init(.post, "/predict", "predict"),
            .init(.get, "/models", "list"),
            .init(.post, "/models", "create"),
            .init(.get, "/models/{m}", "model"),
            .init(.put, "/models/{m}", "put"),
            .init(.post, "/models/{m}/predict", "predict model"),
            .init(.get, "/models/special/bundle", "special"),
            .init(.post, "/models/{m}/versions/{v}/predict", "predict version"),
            .init(.get, "/v1/models/{m}", "status"),
            .init(.post, "/v1/models/{m}:predict", "v1 predict"),
            .init(.post, "/v1/models/{m}/versions/{v}:predict", "v1 version"),
            .init(.get, "/health/live", "live"),
        ])
    }

    private func match(_ method: HTTPMethod, _ path: String) throws -> String {
        let table = try Self.table()
        var parameters = PathParameters()
        let bytes = Array(path.utf8)
        switch table.match(method, bytes.span, &parameters) {
        case .found(let value, let route):
            let texts = (0..<parameters.count).map { parameters.text($0, of: bytes.span) ?? "nil" }
            #expect(table.routes[route].value == value)
            return ([value] + texts).joined(separator: " | ")
        case .notFound: return "404"
        case .methodNotAllowed(let allow): return "405 \(allow.fields.map(\.value).joined())"
        case .malformedPath: return "400"
        }
    }

    @Test(arguments: [
        (HTTPMethod.get, "/", "root"), (.post, "/predict", "predict"), (.get, "/models", "list"),
        (.post, "/models", "create"), (.get, "/models/a", "model | a"), (.put, "/models/a.b-c_1", "put | a.b-c_1"),
        (.post, "/models/a/predict", "predict model | a"), (.get, "/models/special/bundle", "special"),
        (.post, "/models/special/predict", "predict model | special"),
        (.post, "/models/a/versions/2/predict", "predict version | a | 2"),
        (.get, "/v1/models/a", "status | a"), (.post, "/v1/models/a:predict", "v1 predict | a"),
        (.post, "/v1/models/a:b:predict", "v1 predict | a:b"), (.get, "/v1/models/a:predic", "status | a:predic"),
        (.post, "/v1/models/a/versions/7:predict", "v1 version | a | 7"),
        (.head, "/health/live", "live"), (.get, "/models/caf%C3%A9", "model | café"), (.get, "/%6dodels", "list"),
        (.get, "/models/%ff", "model | nil"), (.get, "/models/%252e%252e", "model | %2e%2e"),
        (.post, "/v1/models/a%3Apredict", "405 GET, HEAD"), (.get, "/models/...", "model | ..."),
    ])
    func leadsEachPathToItsRoute(_ method: HTTPMethod, _ path: String, _ expected: String) throws {
        #expect(try match(method, path) == expected)
    }

    @Test(arguments: ["/nothing", "/models/", "//models", "/models//predict", "/health", "/models/a/b", "", "models"])
    func answers404ForAPathThatIsNoRoute(_ path: String) throws {
        #expect(try match(.get, path) == "404")
    }

    @Test(arguments: [
        (HTTPMethod.delete, "/models", "405 GET, HEAD, POST"), (.post, "/models/a", "405 GET, HEAD, PUT"),
        (.get, "/predict", "405 POST"), (.head, "/predict", "405 POST"), (.get, "/v1/models/a:predict", "405 POST"),
    ])
    func answers405WithTheMethodsThatAreThere(_ method: HTTPMethod, _ path: String, _ expected: String) throws {
        #expect(try match(method, path) == expected)
    }

    @Test(arguments: [
        "/models/a%2Fb", "/models/a%2fb", "/models/%00", "/models/%0d%0a", "/models/..", "/models/.", "/../models",
        "/models/%2e%2e", "/models/%2E.", "/models/%2e", "/models/a/../b", "/models/%", "/models/%4", "/models/%zz",
        "/./models", "/models/a/%2e%2e/predict", "/models/%7f",
    ])
    func answers400ForPathsThatTryToClimb(_ path: String) throws {
        #expect(try match(.get, path) == "400")
    }

    @Test func survivesAnyPath() throws {
        let table = try Self.table()
        let seed = UInt64.random(in: 0 ... .max)
        var random = SeededGenerator(seed: seed)
        let pieces = [
            "/", "%", "2", "e", "F", "models", "..", ".", "a", ":predict", "versions", "\\", "\u{E4}", "//", "%2e",
        ]
        for _ in 0..<20_000 {
            let path = (0..<Int.random(in: 0...12, using: &random)).map { _ in
                pieces.randomElement(using: &random) ?? ""
            }.joined()
            let bytes = Array(path.utf8)
            var parameters = PathParameters()
            guard case .found = table.match(.get, bytes.span, &parameters) else { continue }
            for index in 0..<parameters.count {
                let text = parameters.text(index, of: bytes.span) ?? ""
                #expect(!text.contains("/") && text != ".." && text != ".", "seed \(seed): \(path)")
            }
        }
    }

    @Test func refusesTablesThatCannotBe() {
        #expect(throws: RouteTableError.malformedTemplate("models")) { try RouteTable([.init(.get, "models", 0)]) }
        #expect(throws: RouteTableError.malformedTemplate("/{}")) { try RouteTable([.init(.get, "/{}", 0)]) }
        #expect(throws: RouteTableError.malformedTemplate("/a{b}")) { try RouteTable([.init(.get, "/a{b}", 0)]) }
        #expect(throws: RouteTableError.tooManyParameters("/{a}/{b}/{c}/{d}/{e}")) {
            try RouteTable([.init(.get, "/{a}/{b}/{c}/{d}/{e}", 0)])
        }
        #expect(throws: RouteTableError.duplicate(.get, "/{b}")) {
            try RouteTable([.init(.get, "/{a}", 0), .init(.get, "/{b}", 1)])
        }
    }
}
