import Serving

/// Makes requests of all kinds, each in one of the many forms in which it can be written.
struct RequestWriter {
    let simulation: Simulation
    private var world: World { simulation.world }
    private var settings: Settings { simulation.settings }

    // MARK: Predictions

    func prediction(rowsMax: Int = 400) -> PlannedRequest {
        let model = world.dice.pick(settings.names)
        let isDefault = model == settings.names[0] && world.dice.chance(percent: 50)
        let request = simulation.makeRequestNumber()
        let fits = (settings.bodyBytesMax - 100) / 40
        var rows = min(max(1, fits), world.dice.skewed(1...rowsMax))
        var isSingle = false
        let body: String
        func record(_ row: Int) -> String {
            world.dice.chance(percent: 80)
                ? "{\"a\": \(request), \"b\": \(row)}" : "{\"b\":\(row).0,\"a\":\(request)e0}"
        }
        switch world.dice.number(0...5) {
        case 0:
            rows = 1
            isSingle = true
            body = record(0)
        case 1:
            rows = 1
            isSingle = true
            body = "[\(request),\(0)]"
        case 2: body = "[" + (0..<rows).map { record($0) }.joined(separator: ", ") + "]"
        case 3: body = "[" + (0..<rows).map { "[\(request),\($0)]" }.joined(separator: ",") + "]"
        case 4: body = "{\"instances\":[" + (0..<rows).map { "[\(request), \($0)]" }.joined(separator: ",") + "]}"
        default:
            body =
                "{\"columns\":[\"b\",\"a\"],\"data\":[" + (0..<rows).map { "[\($0),\(request)]" }.joined(separator: ",")
                + "]}"
        }
        return write(
            .prediction(model: model, request: request, rows: rows, isSingle: isSingle), "POST",
            isDefault ? "/predict" : "/models/\(model)/predict", Array(body.utf8))
    }

    /// Bodies that are refused without harm to what follows.
    func badPrediction() -> PlannedRequest {
        let model = world.dice.pick(settings.names)
        switch world.dice.number(0...4) {
        case 0: return post(model, "{\"a\": 1, \"b\": ", [400])
        case 1: return post(model, "{\"a\": \"text\", \"b\": 1}", [422])
        case 2: return post(model, "[[1,2],[3,\"x\"]]", [422])
        case 3: return post(model, "[[1,2],[3]]", [422])
        default: return post(model, "{\"a\": 1, \"c\": 1}", [422, 400])
        }
    }

    private func post(_ model: String, _ body: String, _ statuses: Set<Int>) -> PlannedRequest {
        write(.plain(statuses.union([404])), "POST", "/models/\(model)/predict", Array(body.utf8))
    }

    /// A body that is longer than predictions may be.
    func tooLong() -> PlannedRequest {
        let body = [UInt8](repeating: 0x20, count: settings.bodyBytesMax + 1 + world.dice.number(0...5000))
        return write(
            .plain([413, 404, 400]), "POST", "/models/\(settings.names[0])/predict", body, isAnsweredEarly: true)
    }

    // MARK: Other routes

    func simple() -> PlannedRequest {
        switch world.dice.number(0...8) {
        case 0: return write(.plain([200]), "GET", "/models", [])
        case 1: return write(.plain([200, 404]), "GET", "/models/\(world.dice.pick(settings.names))", [])
        case 2: return write(.plain([200]), "GET", "/metrics", [])
        case 3: return write(.plain([200, 405]), "HEAD", "/health/live", [])
        case 4: return write(.plain([404]), "POST", "/nothing/here", body(2000), isAnsweredEarly: true)
        case 5: return write(.plain([405]), "DELETE", "/predict", body(100), isAnsweredEarly: true)
        case 6:
            return write(
                .plain([401]), "PUT", "/models/m0", body(3000), fields: ["Authorization: Bearer wrong"],
                isAnsweredEarly: true)
        case 7:
            return write(
                .plain([415]), "POST", "/models/\(settings.names[0])/predict", body(500),
                fields: ["Content-Type: image/png"], isAnsweredEarly: true, alsoTakes: [404])
        default: return write(.plain([200, 503]), "GET", "/health/ready", [])
        }
    }

    private func body(_ most: Int) -> [UInt8] { [UInt8](repeating: 0x20, count: world.dice.skewed(0...most)) }

    func metrics() -> PlannedRequest { write(.plain([200]), "GET", "/metrics", []) }

    // MARK: Administration

    func administration() -> PlannedRequest {
        let model = world.dice.pick(settings.names)
        let fields = ["Authorization: Bearer \(Settings.token)"]
        switch world.dice.number(0...9) {
        case 0...5:
            let isLarge = world.dice.chance(percent: 6)
            let padding = isLarge ? world.dice.number(0...1_500_000) : world.dice.skewed(0...3000)
            let (number, artifact) = simulation.makeArtifact(padding: padding)
            if artifact.count > settings.registry.artifactBytesMax {
                return write(
                    .badUpload([413, 503, 507]), "PUT", "/models/\(model)", artifact, fields: fields,
                    isAnsweredEarly: true)
            }
            let condition = world.dice.pick([PlannedRequest.Condition.none, .none, .mustExist, .mustNotExist])
            var all = fields
            if case .mustExist = condition { all.append("If-Match: *") }
            if case .mustNotExist = condition { all.append("If-None-Match: *") }
            return write(
                .upload(model: model, number: number, condition), "PUT", "/models/\(model)", artifact, fields: all,
                isAnsweredEarly: true)
        case 6:
            return write(
                .badUpload([422, 503, 507, 413]), "PUT", "/models/\(model)", Array("no model at all".utf8),
                fields: fields, isAnsweredEarly: true)
        case 7...8: return write(.removal(model: model), "DELETE", "/models/\(model)", [], fields: fields)
        default: return write(.plain([200, 404]), "GET", "/models/\(model)", [])
        }
    }

    // MARK: Malformed

    /// A request after which nothing may be read.
    func malformed() -> PlannedRequest {
        let long = String(repeating: "x", count: 600)
        let many = (0...110).map { "F\($0): 1\r\n" }.joined()
        let huge = "F: " + String(repeating: "y", count: 17 << 10) + "\r\n"
        let cases: [(String, Set<Int>)] = [
            ("GET /\r\n\r\n", [400]), ("GET / HTTP/1.1\nHost: x\n\n", [400]), ("GET / HTTP/1.1\r\n\r\n", [400]),
            ("GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", [400]),
            ("GET  / HTTP/1.1\r\nHost: a\r\n\r\n", [400]),
            ("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1x\r\n\r\n", [400]),
            ("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\na", [400]),
            ("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n", [400]),
            ("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n", [400, 501]),
            ("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n", [400]),
            ("BREW /pot HTTP/1.1\r\nHost: a\r\n\r\n", [501]), ("GET / HTTP/3.0\r\nHost: a\r\n\r\n", [505]),
            ("GET /\(long) HTTP/1.1\r\nHost: a\r\n\r\n", [414, 431]),
            ("GET / HTTP/1.1\r\nHost: a\r\n\(many)\r\n", [431]),
            ("GET / HTTP/1.1\r\nHost: a\r\n\(huge)\r\n", [431]),
            ("GET / HTTP/1.1\r\nHost: a\r\n folded: 1\r\n\r\n", [400]),
            ("GET / HTTP/1.1\r\nHost: a\r\nBad Name: 1\r\n\r\n", [400]),
            ("GET / HTTP/1.1\r\nHost: a\r\nExpect: wonders\r\n\r\n", [417]),
            ("\u{0}\u{1}\u{2}\u{3}\r\n\r\n", [400, 501]),
        ]
        let (text, statuses) = world.dice.pick(cases)
        let bytes = Array(text.utf8)
        return PlannedRequest(kind: .malformed(statuses), bytes: bytes, headBytes: bytes.count)
    }

    /// A prediction whose chunks break.
    func malformedBody() -> PlannedRequest {
        let bad = world.dice.pick([
            "zz\r\n", "5\r\n[[1,2X", "-1\r\n", "3 \r\nabc", "2\r\n{}x\r\n", "0\r\nbad trailer\r\n",
        ])
        let head =
            "POST /models/\(settings.names[0])/predict HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
        // Without the model the head is answered, and the body only breaks the connection.
        return PlannedRequest(
            kind: .malformed([400, 404, 503]), bytes: Array((head + "2\r\n[[\r\n" + bad).utf8),
            headBytes: head.utf8.count, isAnsweredEarly: true)
    }

    // MARK: Writing

    private func write(
        _ kind: PlannedRequest.Kind, _ method: String, _ target: String, _ body: [UInt8], fields: [String] = [],
        isAnsweredEarly: Bool = false, alsoTakes: Set<Int> = []
    ) -> PlannedRequest {
        var kind = kind
        if case .plain(let statuses) = kind { kind = .plain(statuses.union(alsoTakes)) }
        let isOld = world.dice.chance(percent: 3)
        var lines = ["\(method) \(target) HTTP/1.\(isOld ? 0 : 1)", cased("Host") + ": server.example"]
        var closes = isOld
        if world.dice.chance(percent: 30) { lines.append(cased("User-Agent") + ":simulation  ") }
        if world.dice.chance(percent: 4) {
            lines.append(cased("Connection") + ": close")
            closes = true
        }
        lines += fields
        let hasBody = !body.isEmpty || method == "POST" || method == "PUT"
        let isChunked = hasBody && !isOld && world.dice.chance(percent: 30)
        let awaits = hasBody && !body.isEmpty && !isOld && world.dice.chance(percent: 5)
        if awaits { lines.append(cased("Expect") + ": 100-continue") }
        if isChunked {
            lines.append(cased("Transfer-Encoding") + ": chunked")
        } else if hasBody {
            lines.append(cased("Content-Length") + ": \(body.count)")
        }
        let head = Array((lines.joined(separator: "\r\n") + "\r\n\r\n").utf8)
        var request = PlannedRequest(
            kind: kind, bytes: head + (isChunked ? chunked(body) : body), headBytes: head.count)
        request.parts = PlannedRequest.Parts(
            method: method, target: target, fields: fields.map(Self.split), body: body)
        request.isHead = method == "HEAD"
        request.isHTTP10 = isOld
        request.closes = closes
        request.isChunked = isChunked
        request.awaitsContinue = awaits
        request.isAnsweredEarly = isAnsweredEarly
        return request
    }

    private static func split(_ field: String) -> (String, String) {
        guard let colon = field.firstIndex(of: ":") else { return (field.lowercased(), "") }
        return (field[..<colon].lowercased(), String(field[field.index(colon, offsetBy: 2)...]))
    }

    // MARK: For HTTP/2 only

    /// A gRPC call with one empty message, which asks for the health of all.
    func call(isWatch: Bool) -> PlannedRequest {
        var request = PlannedRequest(kind: .call(isWatch: isWatch), bytes: [], headBytes: 0)
        request.parts = PlannedRequest.Parts(
            method: "POST", target: "/grpc.health.v1.Health/\(isWatch ? "Watch" : "Check")",
            fields: [("content-type", "application/grpc"), ("te", "trailers")], body: [0, 0, 0, 0, 0])
        return request
    }

    /// Malformed by itself, in a frame that is well-formed (RFC 9113 8.1.1).
    func brokenStream() -> PlannedRequest {
        var request = PlannedRequest(kind: .brokenStream, bytes: [], headBytes: 0)
        let fields = world.dice.pick([
            [("Upper", "1")], [("connection", "close")], [("content-length", "9")], [("te", "gzip")], [(":late", "1")],
        ])
        request.parts = PlannedRequest.Parts(method: "GET", target: "/models", fields: fields, body: [])
        return request
    }

    // MARK: Forms

    private func cased(_ name: String) -> String {
        world.dice.chance(percent: 20) ? (world.dice.chance(percent: 50) ? name.lowercased() : name.uppercased()) : name
    }

    private func chunked(_ body: [UInt8]) -> [UInt8] {
        var written: [UInt8] = []
        var start = 0
        while start < body.count {
            let count = min(body.count - start, max(body.count / 50, world.dice.skewed(1...body.count)))
            var size = String(count, radix: 16, uppercase: world.dice.chance(percent: 50))
            if world.dice.chance(percent: 10) { size = "00" + size }
            if world.dice.chance(percent: 5) { size += ";note=1" }
            written += Array("\(size)\r\n".utf8) + body[start..<start + count] + [13, 10]
            start += count
        }
        let trailer = world.dice.chance(percent: 10) ? "Checksum: 1\r\n" : ""
        return written + Array("0\r\n\(trailer)\r\n".utf8)
    }
}
