// modules: Compression HTTPCore
internal import HTTPCore

/// Feeds any bytes to an HTTP/1 connection, whole and in pieces whose sizes the first byte chooses. It must not trap,
/// must ask for no more than its bounds, and must see the same requests and write the same answers both ways.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzHTTP1(_ start: UnsafePointer<UInt8>, _ count: Int) -> CInt {
    let bytes = unsafe Array(UnsafeBufferPointer(start: start, count: count))
    guard let first = bytes.first else { return 0 }
    let wire = bytes.dropFirst()
    for isStreamed in [false, true] {
        let whole = Peer(isStreamed: isStreamed)
        whole.feed(wire)
        let pieces = Peer(isStreamed: isStreamed)
        var rest = wire
        var size = UInt(first)
        while !rest.isEmpty {
            pieces.feed(rest.prefix(Int(size % 17) + 1))
            rest = rest.dropFirst(Int(size % 17) + 1)
            size = size &* 31 &+ 7
        }
        precondition(whole.log == pieces.log, "cut differently, it was read differently")
        precondition(whole.output == pieces.output, "cut differently, it was answered differently")
    }
    return 0
}

/// A connection with a handler that answers every request with its body's length.
private final class Peer {
    private var connection = HTTP1Connection()
    private var context = ConnectionContext(limits: HTTPLimits(), unixSeconds: 0)
    private var head = RequestHead()
    private var pending: [UInt8] = []
    private let isStreamed: Bool
    private var received = 0
    private(set) var log: [String] = []
    private(set) var output = ""

    init(isStreamed: Bool) { self.isStreamed = isStreamed }

    func feed(_ bytes: ArraySlice<UInt8>) {
        pending += bytes
        let input = pending
        var position = 0
        while true {
            switch connection.step(input.span, at: &position, head: &head, context: &context) {
            case .needInput, .blocked: return finish(position)
            case .finished: return finish(input.count)
            case .head:
                log.append("\(head.method) \(head.path.text) \(head.query?.text ?? "-") \(head.fieldCount)")
                received = 0
                // 100 Continue depends on what has arrived, by design: leave it out.
                let mode: BodyMode =
                    head.expectsContinue
                    ? .answered(.forbidden, .none, [])
                    : isStreamed ? .streamed(windowBytes: 64) : .buffered(bytesMax: 512)
                let isAccepted = connection.accept(mode, hasInput: position < input.count, context: &context)
                if !isAccepted { log.append("cancelled") }
            case .body(let stream, let range, let isEnd): take(stream, range.count, isEnd)
            case .gatheredBody(let stream, let isEnd): take(stream, connection.takeBody().count, isEnd)
            case .cancelled: log.append("cancelled")
            }
        }
    }

    private func take(_ stream: UInt32, _ count: Int, _ isEnd: Bool) {
        precondition(isStreamed ? count <= 64 : count <= 512, "more than was asked for")
        received += count
        connection.consumed(stream, bytes: count)
        guard isEnd else { return }
        log.append("body \(received)")
        let body = Array("\(received)".utf8)
        connection.respond(stream, .ok, .none, body: body.span, context: &context)
    }

    private func finish(_ position: Int) {
        pending.removeFirst(position)
        output += connection.output.bytes.text
        connection.sent(connection.output.count, context: &context)
        precondition(pending.count <= 16 << 10 + 64, "a head or a line is kept beyond its bound")
    }
}
