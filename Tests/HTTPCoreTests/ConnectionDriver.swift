@testable import HTTPCore

/// Drives one `HTTP1Connection` without a socket and writes down what happens.
final class ConnectionDriver {
    var connection = HTTP1Connection()
    var context: ConnectionContext
    var head = RequestHead()
    /// What each request's body is to be delivered as.
    var mode: (borrowing RequestHead) -> BodyMode = { _ in .buffered(bytesMax: 1 << 20) }
    /// Called at the end of each body; answers by default with the request's own words.
    var complete: (ConnectionDriver, UInt32) -> Void = { driver, stream in
        driver.respond(stream, 200, driver.requests[Int(stream)] + "|" + driver.bodies[Int(stream), default: ""])
    }
    var requests: [Int: String] = [:]
    var bodies: [Int: String] = [:]
    var events: [String] = []
    var pending: [UInt8] = []
    var isFinished = false
    var isBlocked = false
    /// Whether streamed bytes are consumed at once.
    var consumes = true
    var bodyEvents = 0

    init(limits: HTTPLimits = HTTPLimits()) {
        context = ConnectionContext(limits: limits, unixSeconds: 784_111_777)
    }

    func feed(_ text: String) { feed(Array(text.utf8)) }

    func feed(_ bytes: [UInt8]) {
        pending += bytes
        run()
    }

    func run() {
        isBlocked = false
        var position = 0
        defer { pending.removeFirst(position) }
        while true {
            let input = pending
            switch connection.step(input.span, at: &position, head: &head, context: &context) {
            case .needInput: return
            case .blocked:
                isBlocked = true
                return
            case .finished:
                isFinished = true
                position = pending.count
                return
            case .head(let stream):
                requests[Int(stream)] = "\(head.method.name) \(head.path.text)"
                events.append("head \(stream) \(head.method.name) \(head.path.text)")
                let mode = mode(head)
                if !connection.accept(mode, hasInput: position < pending.count, context: &context) {
                    events.append("cancelled \(stream)")
                }
            case .body(let stream, let range, let isEnd):
                take(stream, Array(pending[range]), isEnd)
            case .gatheredBody(let stream, let isEnd):
                let body = connection.takeBody()
                take(stream, body, isEnd)
                context.recycleBody(body)
            case .cancelled(let stream): events.append("cancelled \(stream)")
            }
        }
    }

    private func take(_ stream: UInt32, _ bytes: [UInt8], _ isEnd: Bool) {
        bodyEvents += 1
        bodies[Int(stream), default: ""] += String(decoding: bytes, as: UTF8.self)
        if consumes { connection.consumed(stream, bytes: bytes.count) }
        guard isEnd else { return }
        events.append("body \(stream) \(bodies[Int(stream), default: ""])")
        complete(self, stream)
    }

    func respond(_ stream: UInt32, _ status: UInt16, _ text: String) {
        let body = Array(text.utf8)
        connection.respond(stream, HTTPStatus(rawValue: status), .none, body: body.span, context: &context)
    }

    /// Takes all output, as a peer that reads would.
    func takeOutput() -> String {
        let text = connection.output.bytes.text
        connection.sent(connection.output.count, context: &context)
        return text
    }

    /// The status codes in the output, in order; 100 included.
    func takeStatuses() -> [Int] {
        ConnectionDriver.statuses(takeOutput())
    }

    static func statuses(_ output: String) -> [Int] {
        output.components(separatedBy: "HTTP/1.1 ").dropFirst().compactMap { Int($0.prefix(3)) }
    }

    // What expectations ask: a macro cannot hold a connection, which does not copy.
    var isDone: Bool { connection.isFinished }
    var lingers: Bool { connection.mustLinger }
    var isAborted: Bool { connection.isAborted }
    var failure: RequestFailure? { connection.failure }
    var isIdle: Bool { connection.isIdle }
    var isInHead: Bool { connection.isInHead }
    var sendableBytes: Int { connection.sendableBytes }
    var unsentBytes: Int { connection.unsentBytes }
    var canProceed: Bool { connection.canProceed(limits: context.limits) }
    func timeOut() -> UInt32? { connection.timeOut(context: &context) }
    func takeWritable() -> UInt32? { connection.takeWritable(limits: context.limits) }
    func send(_ stream: UInt32, _ bytes: [UInt8]) -> Bool {
        connection.send(stream, bytes.span, context: &context)
    }

    /// All that can be observed, for comparing ways of cutting the same bytes.
    var observation: [String] {
        var all = events
        all.append("output " + connection.output.bytes.text)
        all.append("finished \(isFinished), lingers \(connection.mustLinger), aborted \(connection.isAborted)")
        return all
    }
}

extension String {
    /// The parts between occurrences of `separator`.
    func components(separatedBy separator: String) -> [String] {
        let mark = Array(separator.utf8)
        let bytes = Array(utf8)
        var parts: [String] = []
        var start = 0
        var index = 0
        while index < bytes.count {
            if index + mark.count <= bytes.count, Array(bytes[index..<index + mark.count]) == mark {
                parts.append(String(decoding: bytes[start..<index], as: UTF8.self))
                index += mark.count
                start = index
            } else {
                index += 1
            }
        }
        parts.append(String(decoding: bytes[start...], as: UTF8.self))
        return parts
    }

    func contains(text: String) -> Bool { components(separatedBy: text).count > 1 }
}

private func + (left: String?, right: String) -> String { (left ?? "?") + right }
