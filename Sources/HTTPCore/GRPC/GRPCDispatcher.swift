/// Calls of all services of one loop: finds the method, reads messages, keeps deadlines, ends what goes wrong.
///
/// It takes the events of a `RequestHandler` for the exchanges that its ``head(_:_:_:)`` accepted; events for others
/// are ignored. Whatever a client sends ends in a status; the service sees whole messages only.
package final class GRPCDispatcher {
    /// The bounds of one loop's calls.
    package struct Limits: Sendable {
        /// Bytes of one call that the client may send ahead of its credit.
        package var windowBytes = 64 << 10
        /// Bytes of messages that are not whole yet, of all calls together; beyond: `RESOURCE_EXHAUSTED`.
        package var gatheredBytesMax = 64 << 20

        package init() {}
    }

    /// One line of the table of methods.
    struct Entry {
        /// `/package.Service/Method`.
        let path: [UInt8]
        let service: any GRPCService
        let method: Int
        let kind: GRPCMethod.Kind
        let messageBytesMax: Int
    }

    private let services: [any GRPCService]
    private let entries: [Entry]
    private let limits: Limits
    private var calls: [ExchangeID: GRPCCallState] = [:]
    private var gatheredBytes = 0
    /// A message with its prefix, to be sent at once.
    private var frame: [UInt8] = []
    private var compressor: GRPCMessageCompressor?
    /// Longer messages are sent behind their prefix instead of being copied.
    private static let joinedBytesMax = 16 << 10
    private static let frameBytesKeptMax = 64 << 10

    /// Makes the table of methods. Two of the same path are a mistake in the program.
    package init(_ services: [any GRPCService], limits: Limits = Limits()) {
        var entries: [Entry] = []
        for service in services {
            for (place, method) in service.methods.enumerated() {
                let path = Array("/\(service.name)/\(method.name)".utf8)
                precondition(!entries.contains { $0.path == path }, "two gRPC methods of one path")
                entries.append(
                    Entry(
                        path: path, service: service, method: place, kind: method.kind,
                        messageBytesMax: method.messageBytesMax))
            }
        }
        self.services = services
        self.entries = entries
        self.limits = limits
    }

    /// The paths of all methods.
    package var paths: [String] { entries.map { String(decoding: $0.path, as: UTF8.self) } }

    /// How many calls are under way.
    package var callCount: Int { calls.count }

    /// A call that is under way, to answer it outside of its events; nil where it is over.
    @_lifetime(immortal)
    package func call(_ exchange: ExchangeID, _ sink: any ExchangeSink) -> GRPCCall? {
        guard let state = calls[exchange] else { return nil }
        return GRPCCall(state, self, sink)
    }

    // MARK: Events

    /// Begins a call, or refuses it.
    package func head(
        _ head: borrowing RequestHead, _ exchange: ExchangeID, _ sink: any ExchangeSink
    ) -> BodyMode {
        let state: GRPCCallState
        do throws(GRPCRefusal) {
            let request = try GRPCRequest(head)
            state = GRPCCallState(exchange, try entry(of: head.path), request)
        } catch {
            return error.bodyMode
        }
        if let timeout = state.request.timeout {
            if timeout <= .zero { return GRPCRefusal.status(Self.expiry).bodyMode }
            sink.expire(exchange, after: timeout)
        }
        calls[exchange] = state
        state.entry.service.started(GRPCCall(state, self, sink), head)
        state.isStarting = false
        if let status = state.earlyStatus { return GRPCRefusal.status(status).bodyMode }
        return .streamed(windowBytes: limits.windowBytes, isPaced: false)
    }

    /// Bytes of a call.
    package func body(_ bytes: Span<UInt8>, isEnd: Bool, _ exchange: ExchangeID, _ sink: any ExchangeSink) {
        guard let state = calls[exchange] else { return }
        state.owedBytes += bytes.count
        var position = 0
        reading: while !state.isOver {
            switch state.reader.step(bytes, at: &position) {
            case .needInput: break reading
            case .message(let range):
                let isLast = isEnd && range.upperBound == bytes.count
                take(bytes.extracting(range), isLast: isLast, state, sink)
            case .gathered:
                let message = state.reader.takeGathered()
                take(message.span, isLast: isEnd && position == bytes.count, state, sink)
                state.reader.recycle(message)
            case .failed(let status): fail(state, status, sink)
            }
        }
        if isEnd { end(state, sink) }
        count(state, sink)
        if !state.isHeld { giveCredit(state, sink) }
    }

    /// There is room again for a call's messages.
    package func writable(_ exchange: ExchangeID, _ sink: any ExchangeSink) {
        guard let state = calls[exchange] else { return }
        state.entry.service.writable(GRPCCall(state, self, sink))
    }

    /// A call's time is over.
    package func expired(_ exchange: ExchangeID, _ sink: any ExchangeSink) {
        guard let state = calls[exchange] else { return }
        finish(state, Self.expiry, sink)
        state.entry.service.ended(exchange, .expired)
    }

    /// A call's client is gone.
    package func cancelled(_ exchange: ExchangeID) {
        guard let state = calls[exchange] else { return }
        forget(state)
        state.entry.service.ended(exchange, .cancelled)
    }

    /// All events of a wake-up have been delivered.
    package func endOfTick(_ sink: any ExchangeSink) {
        for service in services { service.endOfTick(self, sink) }
    }

    // MARK: What a call asks for

    func send(_ message: Span<UInt8>, _ state: GRPCCallState, _ sink: any ExchangeSink) -> Bool {
        guard !state.isOver else { return true }
        precondition(
            state.responseCount == 0 || !state.entry.kind.hasOneResponse, "a second answer to a call that has one")
        state.responseCount += 1
        if !state.hasAnswered {
            state.hasAnswered = true
            // One answer alone is only announced as compressed where it may be.
            state.compresses =
                state.request.wantsGzip && (!state.entry.kind.hasOneResponse || isCompressible(message))
            let fields = state.compresses ? GRPCFields.gzipResponse : GRPCFields.response
            sink.start(state.exchange, .ok, fields, bodyBytes: nil)
        }
        // Taken out: nobody may touch it while the sink reads it.
        var frame: [UInt8] = []
        swap(&frame, &self.frame)
        frame.removeAll(keepingCapacity: true)
        let hasRoom: Bool
        if state.compresses, isCompressible(message), compress(message, to: &frame) {
            hasRoom = sink.send(state.exchange, frame.span)
        } else if message.count <= Self.joinedBytesMax {
            GRPCMessagePrefix.append(count: message.count, isCompressed: false, to: &frame)
            frame.append(copying: message)
            hasRoom = sink.send(state.exchange, frame.span)
        } else {
            GRPCMessagePrefix.append(count: message.count, isCompressed: false, to: &frame)
            let hadRoom = sink.send(state.exchange, frame.span)
            hasRoom = sink.send(state.exchange, message) && hadRoom
        }
        if frame.capacity <= Self.frameBytesKeptMax { swap(&frame, &self.frame) }
        return hasRoom
    }

    private func isCompressible(_ message: Span<UInt8>) -> Bool {
        message.count >= GRPCMessageCompressor.messageBytesMin
    }

    private func compress(_ message: Span<UInt8>, to frame: inout [UInt8]) -> Bool {
        if compressor == nil { compressor = GRPCMessageCompressor() }
        guard let compressor else { return false }
        return GRPCMessagePrefix.append(message, compressedBy: compressor, to: &frame)
    }

    func finish(_ state: GRPCCallState, _ status: GRPCStatus, _ sink: any ExchangeSink) {
        guard !state.isOver else { return }
        giveCredit(state, sink)
        forget(state)
        if state.hasAnswered {
            sink.end(state.exchange, trailers: status.trailers)
        } else if state.isStarting {
            state.earlyStatus = status
        } else {
            let nothing: [UInt8] = []
            sink.respond(state.exchange, .ok, status.trailersOnly, body: nothing.span)
        }
    }

    func giveCredit(_ state: GRPCCallState, _ sink: any ExchangeSink) {
        guard state.owedBytes > 0, !state.isOver else { return }
        sink.consumed(state.exchange, bytes: state.owedBytes)
        state.owedBytes = 0
    }

    // MARK: Messages

    private static let expiry = GRPCStatus(.deadlineExceeded, "the call's time is over")

    /// One whole message; `isLast` where it is known that none follows.
    private func take(_ message: Span<UInt8>, isLast: Bool, _ state: GRPCCallState, _ sink: any ExchangeSink) {
        state.requestCount += 1
        if state.entry.kind.hasOneRequest {
            guard state.requestCount == 1 else {
                return fail(state, GRPCStatus(.unimplemented, "the method takes one message, found another"), sink)
            }
            guard isLast else {
                state.isRequestKept = true
                state.onlyRequest.append(copying: message)
                return
            }
        }
        state.entry.service.message(message, GRPCCall(state, self, sink))
    }

    /// The client's bytes are at their end.
    private func end(_ state: GRPCCallState, _ sink: any ExchangeSink) {
        guard !state.isOver else { return }
        guard state.reader.isBetweenMessages else {
            return fail(state, GRPCStatus(.internal, "the call's bytes end in the middle of a message"), sink)
        }
        let call = GRPCCall(state, self, sink)
        if state.entry.kind.hasOneRequest {
            guard state.requestCount == 1 else {
                return fail(state, GRPCStatus(.unimplemented, "the method takes one message, found none"), sink)
            }
        }
        if state.isRequestKept {
            state.isRequestKept = false
            var message: [UInt8] = []
            swap(&message, &state.onlyRequest)
            state.entry.service.message(message.span, call)
        }
        guard !state.isOver else { return }
        state.entry.service.halfClosed(call)
    }

    private func fail(_ state: GRPCCallState, _ status: GRPCStatus, _ sink: any ExchangeSink) {
        finish(state, status, sink)
        state.entry.service.ended(state.exchange, .failed(status))
    }

    /// Holds what calls have gathered to the loop's bound.
    private func count(_ state: GRPCCallState, _ sink: any ExchangeSink) {
        guard !state.isOver else { return }
        let bytes = state.reader.gatheredCount + state.onlyRequest.count
        gatheredBytes += bytes - state.countedBytes
        state.countedBytes = bytes
        if gatheredBytes > limits.gatheredBytesMax {
            fail(state, GRPCStatus(.resourceExhausted, "too many bytes wait for the rest of their messages"), sink)
        }
    }

    private func forget(_ state: GRPCCallState) {
        state.isOver = true
        calls[state.exchange] = nil
        gatheredBytes -= state.countedBytes
        state.countedBytes = 0
    }

    private func entry(of path: Span<UInt8>) throws(GRPCRefusal) -> Entry {
        for entry in entries where path.equals(entry.path) { return entry }
        throw .status(GRPCStatus(.unimplemented, "unknown method \(path.text)"))
    }
}

extension Span<UInt8> {
    fileprivate func equals(_ other: borrowing [UInt8]) -> Bool {
        guard count == other.count else { return false }
        for index in 0..<count where self[index] != other[index] { return false }
        return true
    }
}
