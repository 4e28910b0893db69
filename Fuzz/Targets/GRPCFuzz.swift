// modules: TensorCore ByteCoding Compression InferenceAPI HTTPCore ServingProtocols
internal import ByteCoding
internal import HTTPCore
internal import ServingProtocols

/// Feeds any bytes to what gRPC reads: messages whole and in pieces whose sizes the first byte chooses, which must be
/// read the same; a timeout; a protobuf message, walked as deep as it goes; the requests of the health service. Nothing
/// may trap, and nothing may hold more than its bounds.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzGRPC(_ start: UnsafePointer<UInt8>, _ count: Int) -> CInt {
    let bytes = unsafe Array(UnsafeBufferPointer(start: start, count: count))
    guard let first = bytes.first else { return 0 }
    let wire = Array(bytes.dropFirst())
    let encoding = GRPCEncoding.allCases[Int(first) % GRPCEncoding.allCases.count]
    let whole = messages(wire, encoding, seed: nil)
    let pieces = messages(wire, encoding, seed: UInt(first))
    precondition(whole.messages == pieces.messages, "cut differently, it was read differently")
    precondition(whole.failure == pieces.failure, "cut differently, it failed differently")

    if let timeout = GRPCTimeout.parse(wire.span) {
        precondition(timeout >= .zero && wire.count <= 9, "no such timeout")
    }
    walk(wire)
    call(wire, method: ["Check", "Watch", "List"][Int(first) % 3], isFramed: first & 0x80 != 0)
    return 0
}

/// What a reader makes of a call's bytes.
private func messages(
    _ wire: [UInt8], _ encoding: GRPCEncoding, seed: UInt?
) -> (messages: [[UInt8]], failure: GRPCStatus?) {
    let bytesMax = 64 << 10
    var reader = GRPCMessageReader(encoding: encoding, bytesMax: bytesMax)
    var found: [[UInt8]] = []
    var rest = wire[...]
    var size = seed ?? 0
    while !rest.isEmpty {
        let piece = seed == nil ? Array(rest) : Array(rest.prefix(Int(size % 17) + 1))
        rest = rest.dropFirst(piece.count)
        size = size &* 31 &+ 7
        var position = 0
        reading: while true {
            switch reader.step(piece.span, at: &position) {
            case .needInput:
                precondition(position == piece.count, "bytes were left")
                break reading
            case .message(let range): found.append(Array(piece[range]))
            case .gathered:
                let message = reader.takeGathered()
                found.append(message)
                reader.recycle(message)
            case .failed(let status): return (found, status)
            }
            precondition((found.last?.count ?? 0) <= bytesMax, "a message is longer than its bound")
        }
        precondition(reader.gatheredCount <= wire.count, "more is held than came")
    }
    return (found, nil)
}

/// Reads every field by its layout, and what may be a message as one.
private func walk(_ wire: [UInt8]) {
    do throws(ProtobufError) {
        var reader = ProtobufReader(wire.span)
        try walk(&reader, depth: 0)
    } catch {
        precondition((0...wire.count).contains(error.offset), "an error outside of the message")
    }
}

private func walk(_ reader: inout ProtobufReader, depth: Int) throws(ProtobufError) {
    while let field = try reader.nextField() {
        precondition(field.number >= 1 && field.number <= ProtobufField.numberMax, "no such number")
        switch (field.wireType, field.number % 4) {
        case (.varint, 0): _ = try reader.bool(field)
        case (.varint, 1): _ = try reader.int32(field)
        case (.fixed32, 0): _ = try reader.float(field)
        case (.fixed64, 0): _ = try reader.double(field)
        case (.bytes, 0): _ = try reader.string(field)
        case (.bytes, 1):
            var elements = try reader.elements(of: field, .varint)
            while !elements.isAtEnd { _ = try elements.readInt64() }
        case (.bytes, 2) where depth < 16:
            var message = try reader.message(field)
            try walk(&message, depth: depth + 1)
        default: try reader.skip(field)
        }
    }
}

/// A call of the health service with these bytes, as its message or as they are.
private func call(_ wire: [UInt8], method: String, isFramed: Bool) {
    let sink = CountingSink()
    let dispatcher = GRPCDispatcher([HealthService { .serving }])
    let exchange = ExchangeID(loop: 0, connection: 0, generation: 0, stream: 1)
    guard
        let head = try? RequestHead(
            method: "POST", target: "/grpc.health.v1.Health/\(method)", fields: [("content-type", "application/grpc")],
            version: .http2),
        case .streamed = dispatcher.head(head, exchange, sink)
    else { preconditionFailure("the call was refused") }
    var bytes = wire
    if isFramed {
        bytes = []
        GRPCMessagePrefix.append(count: wire.count, isCompressed: false, to: &bytes)
        bytes += wire
    }
    let half = bytes.count / 2
    dispatcher.body(bytes.span.extracting(0..<half), isEnd: false, exchange, sink)
    dispatcher.body(bytes.span.extracting(half..<bytes.count), isEnd: true, exchange, sink)
    precondition(sink.ends + dispatcher.callCount == 1, "a call ends once, or is open")
    dispatcher.cancelled(exchange)
    precondition(dispatcher.callCount == 0, "a call is left")
}

private final class CountingSink: ExchangeSink {
    private(set) var ends = 0

    func respond(_ exchange: ExchangeID, _ status: HTTPStatus, _ fields: ResponseFields, body: Span<UInt8>) {
        ends += 1
    }

    func start(_ exchange: ExchangeID, _ status: HTTPStatus, _ fields: ResponseFields, bodyBytes: Int?) {}
    func send(_ exchange: ExchangeID, _ bytes: Span<UInt8>) -> Bool { true }
    func end(_ exchange: ExchangeID, trailers: ResponseFields?) { ends += 1 }
    func consumed(_ exchange: ExchangeID, bytes: Int) {}
    func expire(_ exchange: ExchangeID, after duration: Duration) {}
    func hearLast(_ exchange: ExchangeID) {}
    func tidyLater() {}
}
