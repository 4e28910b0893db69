import HTTP2Wire

@testable import HTTPCore

/// Drives one `HTTP2Connection` without a socket and writes down what happens. The peer reads all, unless told not to.
final class HTTP2Driver {
    var connection = HTTP2Connection()
    var context: ConnectionContext
    var head = RequestHead()
    var mode: (borrowing RequestHead) -> BodyMode = { _ in .buffered(bytesMax: 1 << 20) }
    /// Called at the end of each body; answers by default with the request's own words.
    var complete: (HTTP2Driver, UInt32) -> Void = { driver, stream in
        driver.respond(stream, 200, driver.requests[stream, default: "?"] + "|" + driver.text(stream))
    }
    var requests: [UInt32: String] = [:]
    var bodies: [UInt32: [UInt8]] = [:]
    var events: [String] = []
    var pending: [UInt8] = []
    var isFinished = false
    var isBlocked = false
    /// Whether streamed bytes are consumed at once.
    var consumes = true
    var gathered = 0
    /// Whether the peer takes what is sent.
    var reads = true
    let transcript = HTTP2Transcript()

    init(limits: HTTPLimits = HTTPLimits(), hello: [UInt8] = HTTP2Frame.hello()) {
        context = ConnectionContext(limits: limits, unixSeconds: 784_111_777)
        connection.open(context: &context)
        feed(hello)
    }

    func text(_ stream: UInt32) -> String { String(decoding: bodies[stream, default: []], as: UTF8.self) }

    func feed(_ frames: HTTP2Frame...) { feed(frames.flatMap(\.bytes)) }

    func feed(_ bytes: [UInt8]) {
        pending += bytes
        run()
        flush()
    }

    func run() {
        isBlocked = false
        var position = 0
        defer { pending.removeFirst(min(position, pending.count)) }
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
                var query = ""
                if let text = head.query?.text { query = "?" + text }
                requests[stream] = "\(head.method.name) \(head.path.text)\(query)"
                events.append("head \(stream) \(requests[stream, default: ""])")
                let mode = mode(head)
                if !connection.accept(mode, context: &context) {
                    events.append("cancelled \(stream)")
                }
            case .body(let stream, let range, let isEnd): take(stream, Array(pending[range]), isEnd)
            case .gatheredBody(let stream, let isEnd):
                let body = connection.takeBody()
                gathered += 1
                take(stream, body, isEnd)
                context.recycleBody(body)
            case .cancelled(let stream): events.append("cancelled \(stream)")
            }
        }
    }

    private func take(_ stream: UInt32, _ bytes: [UInt8], _ isEnd: Bool) {
        bodies[stream, default: []] += bytes
        if consumes { connection.consumed(stream, bytes: bytes.count) }
        guard isEnd else { return }
        events.append("body \(stream) \(bodies[stream, default: []].count)")
        complete(self, stream)
    }

    /// Makes and takes frames until there are none.
    func flush() {
        repeat {
            while let stream = connection.frame(context: &context) { events.append("cancelled \(stream)") }
            guard reads, connection.sendableBytes > 0 else { return }
            transcript.take(Array(copying: connection.output.bytes))
            connection.sent(connection.sendableBytes, context: &context)
        } while connection.hasFramesToMake
    }

    func respond(_ stream: UInt32, _ status: UInt16, _ text: String) {
        let body = Array(text.utf8)
        connection.respond(stream, HTTPStatus(rawValue: status), .none, body: body.span, context: &context)
    }

    func start(_ stream: UInt32, _ fields: ResponseFields = .none, bodyBytes: Int? = nil) {
        connection.start(stream, .ok, fields, bodyBytes: bodyBytes, context: &context)
    }

    func send(_ stream: UInt32, _ bytes: [UInt8]) -> Bool {
        connection.send(stream, bytes.span, context: &context)
    }

    func end(_ stream: UInt32, trailers: ResponseFields? = nil) {
        connection.end(stream, trailers: trailers, context: &context)
    }

    func answer(_ stream: UInt32) -> HTTP2Transcript.Answer { transcript.answer(stream) }

    // What expectations ask: a macro cannot hold a connection, which does not copy.
    var isDone: Bool { connection.isFinished }
    var isIdle: Bool { connection.isIdle }
    var isInHead: Bool { connection.isInHead }
    var failure: HTTP2Error? { connection.failure }
    var unsentBytes: Int { connection.unsentBytes }
    var openStreams: Int { connection.session.core.streamCount }
    var gatheredBytes: Int { context.gatheredBytes }
    var canProceed: Bool { connection.canProceed }
    func takeWritable() -> UInt32? { connection.takeWritable() }
    func isOpen(_ stream: UInt32) -> Bool { connection.isOpen(stream) }

    /// All that can be observed, for comparing ways of cutting the same bytes.
    var observation: [String] {
        events + transcript.answers.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value.status) \($0.value.text)" }
            + transcript.goAways.map { "\($0)" } + ["finished \(isFinished)"]
    }
}

extension Array<UInt8> {
    init(copying bytes: Span<UInt8>) {
        self = []
        for index in bytes.indices { append(bytes[index]) }
    }
}
