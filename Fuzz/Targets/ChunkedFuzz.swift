// modules: Compression HTTPCore
internal import HTTPCore

/// Feeds any bytes to an HTTP/1 connection as a chunked body, whole and cut at places that the input chooses, plain and
/// as gzip, buffered and streamed. It must not trap, must hold its bounds, and must see the same data and the same end
/// every way.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzChunked(_ start: UnsafePointer<UInt8>, _ count: Int) -> CInt {
    let bytes = unsafe Array(UnsafeBufferPointer(start: start, count: count))
    guard let first = bytes.first else { return 0 }
    let wire = bytes.dropFirst()
    for mode in Reader.Mode.allCases {
        let whole = Reader(mode)
        whole.feed(wire)
        let bytewise = Reader(mode)
        for byte in wire { bytewise.feed([byte]) }
        let pieces = Reader(mode)
        var rest = wire
        var size = UInt(first)
        while !rest.isEmpty {
            pieces.feed(rest.prefix(Int(size % 29) + 1))
            rest = rest.dropFirst(Int(size % 29) + 1)
            size = size &* 31 &+ 7
        }
        precondition(whole.outcome == pieces.outcome, "cut differently, it was read differently")
        precondition(whole.outcome == bytewise.outcome, "byte by byte it was read differently")
    }
    return 0
}

/// Reads one chunked body, and what comes behind it as requests.
private final class Reader {
    enum Mode: CaseIterable { case buffered, streamed, discarded, codedBuffered, codedStreamed }

    /// What is the same however the bytes were cut.
    struct Outcome: Equatable {
        var data: [UInt8] = []
        var isWhole = false
        var isCancelled = false
        var requests = 0
        var isFinished = false
    }

    private static let windowBytes = 48
    private static let bufferedMax = 1 << 10
    private var connection = HTTP1Connection()
    private var context = ConnectionContext(limits: HTTPLimits(), unixSeconds: 0)
    private var head = RequestHead()
    private var pending: [UInt8] = []
    private let mode: Mode
    private(set) var outcome = Outcome()

    init(_ mode: Mode) {
        self.mode = mode
        let coding = mode == .codedBuffered || mode == .codedStreamed ? "Content-Encoding: gzip\r\n" : ""
        feed(Array("POST / HTTP/1.1\r\nHost: x\r\n\(coding)Transfer-Encoding: chunked\r\n\r\n".utf8)[...])
    }

    func feed(_ bytes: ArraySlice<UInt8>) {
        pending += bytes
        let input = pending
        var position = 0
        while true {
            switch connection.step(input.span, at: &position, head: &head, context: &context) {
            case .needInput, .blocked: return finish(position)
            case .finished:
                outcome.isFinished = true
                return finish(input.count)
            case .head:
                outcome.requests += 1
                let isFirst = outcome.requests == 1
                _ = connection.accept(
                    isFirst ? bodyMode : .answered(.ok, .none, []), hasInput: true, context: &context)
            case .body(let stream, let range, let isEnd): take(stream, Array(input[range]), isEnd)
            case .gatheredBody(let stream, let isEnd):
                let body = connection.takeBody()
                take(stream, body, isEnd)
                context.recycleBody(body)
            case .cancelled:
                outcome.isCancelled = true
                // How much of a refused body came before depends on how it was cut.
                outcome.data = []
            }
        }
    }

    private var bodyMode: BodyMode {
        switch mode {
        case .buffered, .codedBuffered: .buffered(bytesMax: Self.bufferedMax)
        case .streamed, .codedStreamed: .streamed(windowBytes: Self.windowBytes)
        case .discarded: .answered(.ok, .none, [])
        }
    }

    private func take(_ stream: UInt32, _ bytes: [UInt8], _ isEnd: Bool) {
        let isBuffered = mode == .buffered || mode == .codedBuffered
        precondition(bytes.count <= (isBuffered ? Self.bufferedMax : Self.windowBytes), "more than was asked for")
        outcome.data += bytes
        connection.consumed(stream, bytes: bytes.count)
        guard isEnd else { return }
        outcome.isWhole = true
        connection.respond(stream, .ok, .none, body: [UInt8]().span, context: &context)
    }

    private func finish(_ position: Int) {
        pending.removeFirst(position)
        connection.sent(connection.output.count, context: &context)
        precondition(pending.count <= 32 << 10, "more is kept than a head, or a piece that waits for room")
    }
}
