internal import ByteCoding
internal import InferenceAPI
internal import ModelStore
internal import Serving
internal import ServingProtocols
internal import Synchronization

/// `vencejo push MODEL http://HOST:PORT`: publishes a model to a server that runs, and shows how far it is.
enum ServerUpload {
    private static let timeout = Duration.seconds(3600)
    private static let answerBytesMax = 4 << 20

    /// - Parameters:
    ///   - bytes: the model's file.
    ///   - name: what it is to be called.
    ///   - server: `http://` or `https://`, host and port.
    ///   - token: the server's admin token.
    /// - Returns: what to print. Limits that the new version breaks are told on standard error.
    static func push(
        _ bytes: [UInt8], as name: String, to server: String, token: String?, _ options: PushOptions = PushOptions()
    ) throws(CommandError) -> String {
        var root = server
        while root.hasSuffix("/") { root.removeLast() }
        guard root.contains("://") else {
            throw CommandError("store: found \"\(server)\"; expected a server's address, such as http://localhost:8080")
        }
        guard let token else {
            throw CommandError("\(server): set VENCEJO_ADMIN_TOKEN or VENCEJO_ADMIN_TOKEN_FILE to the server's token")
        }
        let transport: CurlTransport
        do {
            transport = try CurlTransport()
        } catch {
            throw CommandError(error.text)
        }
        var bar = ProgressBar()
        defer { bar.end() }
        let fields = [("Authorization", "Bearer \(token)"), ("Prefer", "respond-async")]
        let source = ShownBytes(bytes, bar)
        let accepted = try ask(
            .put, root + "/models/" + name + options.query, fields + (options.ifMatch.map { [("If-Match", $0)] } ?? []),
            .source(source), transport)
        bar = source.bar
        guard accepted.status == 202, let place = accepted.field("location") else {
            let reason = detail(accepted.body) ?? "nothing that a model server would say"
            let isElsewhere = [404, 405, 501].contains(accepted.status)
            throw CommandError(
                "\(server) answers \(accepted.status): \(reason)"
                    + (isElsewhere ? "; give a model server's address alone, such as http://localhost:8080" : ""))
        }
        var body = accepted.body
        while true {
            guard let job = UploadedJob(body) else {
                throw CommandError("\(server): \(detail(body) ?? "the server's answer cannot be read")")
            }
            bar.show(job.share, job.step)
            if let page = job.answer {
                guard !job.hasFailed else {
                    throw CommandError("\(server): \(detail(page) ?? "the model was refused")")
                }
                let version = number("version", page).map { "version \($0)" } ?? "a new version"
                for limit in brokenLimits(page) { bar.tell("warning: \(name) \(version): \(limit)") }
                guard !options.isDryRun else {
                    return "\(name) \(version) would serve at \(root), nothing is published"
                }
                let generation = number("generation", page).map { ", generation \($0)" } ?? ""
                let place = job.stored.map { "\(root) (\($0))" } ?? root
                return "\(name) \(version) serves at \(place)\(generation)"
            }
            body = try poll(root + place, fields, transport)
        }
    }

    /// Asks how it goes on. Behind a balancer another server may answer now and then that knows nothing of it.
    private static func poll(
        _ url: String, _ fields: [(String, String)], _ transport: CurlTransport
    ) throws(CommandError) -> [UInt8] {
        for _ in 0..<pollsMax {
            StoreSystem.process.sleep(.milliseconds(100))
            let answer = try ask(.get, url, fields, .none, transport)
            switch answer.status {
            case 404, 502, 503, 504: continue
            default: return answer.body
            }
        }
        throw CommandError("\(url): nobody there knows of the upload; GET /models tells whether it serves")
    }

    /// Answers in a row that tell nothing.
    private static let pollsMax = 100

    private static func ask(
        _ method: HTTPRequest.Method, _ url: String, _ fields: [(String, String)], _ body: HTTPRequest.Body,
        _ transport: CurlTransport
    ) throws(CommandError) -> HTTPResponse {
        var request = HTTPRequest(method, url)
        request.fields = fields.map { (name: $0.0, value: $0.1) }
        request.body = body
        request.bytesMax = answerBytesMax
        request.timeout = timeout
        // The server may well be this host's.
        request.allowsLinkLocal = true
        do {
            return try transport.perform(request, into: nil)
        } catch {
            throw CommandError("\(url): \(error.text)")
        }
    }

    /// The sentence of a problem document.
    private static func detail(_ body: [UInt8]) -> String? {
        var detail: String?
        JSONMembers.forEach(in: body) { (name, reader) throws(JSONError) in
            guard name == "detail", try reader.peek() == .string else { return false }
            let token = try reader.readString()
            detail = reader.string(token)
            return true
        }
        return detail
    }

    /// What a publish was published in spite of: `certificate.shadow.broken_limits` of its page.
    private static func brokenLimits(_ page: [UInt8]) -> [String] {
        guard let certificate = member("certificate", page), let shadow = member("shadow", certificate) else {
            return []
        }
        var limits: [String] = []
        JSONMembers.forEach(in: shadow) { (name, reader) throws(JSONError) in
            guard name == "broken_limits" else { return false }
            try reader.beginArray()
            while try reader.nextElement() {
                let token = try reader.readString()
                limits.append(reader.string(token))
            }
            return true
        }
        return limits
    }

    /// The bytes of a member's value.
    private static func member(_ member: String, _ body: [UInt8]) -> [UInt8]? {
        var value: [UInt8]?
        JSONMembers.forEach(in: body) { (name, reader) throws(JSONError) in
            guard name == member else { return false }
            value = Array(body[try reader.skipValue()])
            return true
        }
        return value
    }

    private static func number(_ member: String, _ body: [UInt8]) -> Int64? {
        var number: Int64?
        JSONMembers.forEach(in: body) { (name, reader) throws(JSONError) in
            guard name == member, try reader.peek() == .number else { return false }
            number = try reader.readInt64()
            return true
        }
        return number
    }
}

/// How a publish is that the server goes on with by itself.
private struct UploadedJob {
    let step: String
    let hasFailed: Bool
    /// What a client that waits would have been answered; nil while it runs.
    let answer: [UInt8]?
    /// Where it serves, if that is not everywhere.
    let stored: String?
    /// The upload itself is taken for a half.
    let share: Double

    /// - Parameter body: what the server tells of it; nil where that cannot be read.
    init?(_ body: [UInt8]) {
        var state: String?
        var stored: String?
        var (step, done, steps) = ("", Int64(0), Int64(1))
        var answer: [UInt8]?
        JSONMembers.forEach(in: body) { (name, reader) throws(JSONError) in
            switch name {
            case "state":
                let token = try reader.readString()
                state = reader.string(token)
            case "stored":
                let token = try reader.readString()
                stored = reader.string(token)
            case "step":
                let token = try reader.readString()
                step = reader.string(token)
            case "steps_done": done = try reader.readInt64()
            case "steps": steps = try reader.readInt64()
            case "answer": answer = Array(body[try reader.skipValue()])
            default: return false
            }
            return true
        }
        guard let state else { return nil }
        self.step = step
        self.stored = stored
        self.answer = answer
        hasFailed = state == "failed"
        share = 0.5 + 0.5 * Double(done) / Double(max(steps, 1))
    }
}

/// The members of one JSON object, one after the other.
private enum JSONMembers {
    /// - Parameter read: reads the member's value, or returns false to have it passed over.
    static func forEach(
        in body: [UInt8], _ read: (String, inout JSONReader) throws(JSONError) -> Bool
    ) {
        var reader = JSONReader(body.span)
        // What cannot be read is as good as not there: the caller finds nothing.
        do throws(JSONError) {
            try reader.beginObject()
            while let key = try reader.nextKey() {
                if !(try read(reader.string(key), &reader)) { _ = try reader.skipValue() }
            }
        } catch {
            return
        }
    }
}

/// The bytes of an upload, which tell how many of them are on their way.
private final class ShownBytes: BodySource {
    private struct State: Sendable {
        var sent = 0
        var bar: ProgressBar
    }

    private let bytes: [UInt8]
    private let state: Mutex<State>

    init(_ bytes: [UInt8], _ bar: ProgressBar) {
        self.bytes = bytes
        state = Mutex(State(bar: bar))
    }

    var byteCount: Int { bytes.count }
    var bar: ProgressBar { state.withLock { $0.bar } }

    func next(byteCount: Int) throws(StoreError) -> [UInt8] {
        state.withLock { state in
            let end = min(bytes.count, state.sent + byteCount)
            let part = Array(bytes[state.sent..<end])
            state.sent = end
            state.bar.show(0.5 * Double(end) / Double(max(bytes.count, 1)), "upload")
            return part
        }
    }

    func rewind() throws(StoreError) { state.withLock { $0.sent = 0 } }
}
