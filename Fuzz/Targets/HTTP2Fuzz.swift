// modules: HTTPCore
internal import HTTPCore

/// Feeds an HTTP/2 connection with frames that the input describes, or with the input itself behind a preface, while a
/// handler answers, refuses and streams as the bytes say. It must not trap, must keep to its bounds, must tell each
/// exchange's end exactly once, and must give back all it held.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzHTTP2(_ start: UnsafePointer<UInt8>, _ count: Int) -> CInt {
    let bytes = unsafe Array(UnsafeBufferPointer(start: start, count: count))
    guard let first = bytes.first else { return 0 }
    let peer = Peer()
    peer.feed(Array("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".utf8))
    if first & 1 == 0 {
        peer.feed(Array(bytes.dropFirst()))
    } else {
        peer.feed(Script.frame(4, 0, 0, []))
        var script = Script(bytes: bytes)
        while script.step(peer) {}
    }
    peer.finish()
    return 0
}

/// Turns bytes into frames most of which make sense.
private struct Script {
    let bytes: [UInt8]
    private var position = 1
    private var nextStream: UInt32 = 1

    init(bytes: [UInt8]) { self.bytes = bytes }

    private mutating func byte() -> UInt8 {
        guard position < bytes.count else { return 0 }
        defer { position += 1 }
        return bytes[position]
    }

    private mutating func take(_ count: Int) -> [UInt8] {
        let end = min(bytes.count, position + count)
        defer { position = end }
        return Array(bytes[position..<end])
    }

    /// One of the streams that have been opened, or one near.
    private mutating func stream() -> UInt32 { max(1, nextStream &- 2 &* (UInt32(byte()) & 15)) }

    mutating func step(_ peer: Peer) -> Bool {
        guard position < bytes.count else { return false }
        switch byte() & 15 {
        case 0...3:
            let kind = byte()
            let methods = ["GET", "POST", "HEAD", "PUT", "BREW"]
            var fields = [
                (":method", methods[Int(kind & 7) % methods.count]), (":scheme", "http"),
                (":path", "/" + String(kind >> 3)), (":authority", "x"),
            ]
            if kind & 8 != 0 { fields.append(("content-length", String(byte()))) }
            if kind & 16 != 0 { fields.append(("expect", "100-continue")) }
            if kind & 128 != 0 { fields.append(("host", "y")) }
            var block = fields.flatMap { Script.literal($0.0, $0.1) }
            if kind & 64 != 0 { block += take(Int(byte())) }
            let flags: UInt8 = (kind & 32 != 0 ? 0 : 4) | (byte() & 1)
            peer.feed(Script.frame(1, flags, nextStream, block))
            if flags & 4 == 0 { peer.feed(Script.frame(9, byte() & 4, nextStream, take(3))) }
            nextStream &+= 2
        case 4...7: peer.feed(Script.frame(0, byte() & 9, stream(), take(Int(byte()))))
        case 8: peer.feed(Script.frame(3, 0, stream(), [0, 0, 0, byte() & 15]))
        case 9: peer.feed(Script.frame(8, 0, byte() & 1 == 0 ? 0 : stream(), [0, byte() & 3, byte(), byte()]))
        case 10: peer.feed(Script.frame(4, byte() & 1, 0, byte() & 1 == 0 ? [] : [0, 4, 0, 0, byte(), byte()]))
        case 11: peer.feed(Script.frame(1, 5, stream(), Script.literal("trailer", "x")))
        case 12: peer.feed(Script.frame(byte(), byte(), UInt32(byte()) & 7, take(Int(byte()))))
        case 13: peer.feed(take(Int(byte())))
        case 14: peer.act(byte())
        default: peer.pass(seconds: Int64(byte()))
        }
        return true
    }

    private static func literal(_ name: String, _ value: String) -> [UInt8] {
        [0, UInt8(name.utf8.count)] + name.utf8 + [UInt8(value.utf8.count)] + value.utf8
    }

    static func frame(_ type: UInt8, _ flags: UInt8, _ stream: UInt32, _ payload: [UInt8]) -> [UInt8] {
        let count = payload.count
        return [UInt8(count >> 16 & 255), UInt8(count >> 8 & 255), UInt8(count & 255), type, flags]
            + [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: stream >> $0) } + payload
    }
}

/// A connection with a handler that does something else for each stream.
private final class Peer {
    private var connection = HTTP2Connection()
    private var context: ConnectionContext
    private var head = RequestHead()
    private var pending: [UInt8] = []
    private var open: Set<UInt32> = []
    private var isStalled = false
    private let rate = HTTP2BodyRate(
        bytesPerSecond: 10, grace: 5_000_000_000, longest: 60_000_000_000, linger: 1_000_000_000, unread: 0)
    private static let limits = {
        var limits = HTTPLimits()
        limits.streamsMax = 16
        limits.gatheredBytesMax = 4096
        limits.queuedBytesMax = 64 << 10
        limits.headBytesMax = 1024
        return limits
    }()

    init() {
        context = ConnectionContext(limits: Peer.limits, unixSeconds: 0)
        connection.open(context: &context)
    }

    func feed(_ bytes: [UInt8]) {
        pending += bytes
        let input = pending
        var position = 0
        reading: while true {
            switch connection.step(input.span, at: &position, head: &head, context: &context) {
            case .needInput, .blocked: break reading
            case .finished:
                position = input.count
                break reading
            case .head(let stream): begin(stream)
            case .body(let stream, let range, let isEnd): take(stream, range.count, isEnd)
            case .gatheredBody(let stream, let isEnd):
                let body = connection.takeBody()
                take(stream, body.count, isEnd)
                context.recycleBody(body)
            case .cancelled(let stream): cancel(stream)
            }
        }
        pending.removeFirst(position)
        precondition(pending.count <= 16 << 10 + 9, "more than a frame is kept")
        flush()
    }

    private func begin(_ stream: UInt32) {
        precondition(open.insert(stream).inserted, "a stream began twice")
        let mode: BodyMode =
            switch stream >> 1 & 3 {
            case 0: .buffered(bytesMax: 100)
            case 1: .streamed(windowBytes: 16)
            case 2: .answered(.forbidden, .none, Array("no".utf8))
            default: .buffered(bytesMax: 1 << 20)
            }
        if case .answered = mode { open.remove(stream) }
        if !connection.accept(mode, context: &context) { cancel(stream) }
    }

    private func take(_ stream: UInt32, _ count: Int, _ isEnd: Bool) {
        precondition(open.contains(stream), "a body of a stream that is not open")
        if stream & 4 == 0 { connection.consumed(stream, bytes: count) }
        guard isEnd else { return }
        switch stream >> 1 & 7 {
        case 0, 1:
            open.remove(stream)
            let body = [UInt8](repeating: 1, count: Int(stream & 63) * 100)
            connection.respond(stream, .ok, .json, body: body.span, context: &context)
        case 2, 3: connection.start(stream, .ok, .json, bodyBytes: stream & 16 == 0 ? nil : 100, context: &context)
        default: break  // Answered later, or never.
        }
    }

    private func cancel(_ stream: UInt32) {
        precondition(open.remove(stream) != nil, "told of the end of a stream that is not open")
    }

    /// Something that the handler or the driver does.
    func act(_ kind: UInt8) {
        if kind == 255 { connection.beginDrain() }
        if kind == 254 { connection.sayLast() }
        if kind == 253 { connection.terminate(.none) }
        if kind == 252 { isStalled.toggle() }
        for stream in open where UInt8(truncatingIfNeeded: stream) ^ kind & 2 == 0 {
            connection.consumed(stream, bytes: 8)
            let part = [UInt8](repeating: 2, count: Int(kind) * 20)
            _ = connection.send(stream, part.span, context: &context)
            if kind & 1 == 0, connection.isOpen(stream),
                connection.end(stream, trailers: kind & 4 == 0 ? .json : nil, context: &context)
            {
                open.remove(stream)
            }
        }
        while let stream = connection.takeWritable() { precondition(open.contains(stream)) }
        flush()
    }

    func pass(seconds: Int64) {
        context.nanoseconds += seconds * 1_000_000_000
        while let stream = connection.timeOutBody(rate, context: &context) { cancel(stream) }
        flush()
    }

    private func flush() {
        repeat {
            while let stream = connection.frame(context: &context) { cancel(stream) }
            if isStalled { return }
            connection.sent(connection.sendableBytes, context: &context)
        } while connection.hasFramesToMake
        precondition(connection.unsentBytes <= 64 << 10 + 16 * 10_000, "more answers wait than may")
    }

    func finish() {
        var stream = connection.unanswered(from: nil)
        while let left = stream {
            cancel(left)
            stream = connection.unanswered(from: left + 1)
        }
        precondition(open.isEmpty, "a stream was forgotten")
        connection.abandon(context: &context)
        precondition(context.isGatheringNothing, "bytes of bodies were not given back")
    }
}
