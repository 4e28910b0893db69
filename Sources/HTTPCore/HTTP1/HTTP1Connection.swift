/// One HTTP/1 connection without its socket: bytes in, steps out; answers in, bytes out.
///
/// Reading is pulled: `step` looks at the bytes at hand, uses some and says the one thing that is to be done next.
/// Requests are read one after the other, at most `pipelinedMax` ahead of their answers; answers may come in any order
/// and leave in the order of the requests. It has no clock and calls nobody; a driver gives it bytes, calls the
/// handler and takes the output.
///
/// It owns no buffer while it is idle: input stays with the driver, buffers come from and go back to the context.
package struct HTTP1Connection: ~Copyable {
    /// What is to be done next.
    package enum Step {
        /// All that can be used has been used: give more bytes.
        case needInput
        /// Nothing may be read now: answers, output or credit have to move first. Ask again when ``canProceed``.
        case blocked
        /// A request: its head has been filled in. Call ``accept(_:hasInput:context:)`` next.
        case head(stream: UInt32)
        /// Bytes of its body, in the input.
        case body(stream: UInt32, Range<Int>, isEnd: Bool)
        /// Bytes of its body, gathered: ``takeBody()`` has them.
        case gatheredBody(stream: UInt32, isEnd: Bool)
        /// The handler has to be told that this exchange is over.
        case cancelled(stream: UInt32)
        /// No more requests are read here. Throw further bytes away.
        case finished
    }

    struct HeldAnswer {
        let status: HTTPStatus
        let fields: ResponseFields
        let body: [UInt8]
    }

    enum Reading { case head, mode, length, chunks, finished }
    enum Delivery { case buffered, streamed, discarded }

    /// Bytes of a streamed chunked body that are gathered before they are delivered: one event for many small chunks.
    static let gatheredBytesMax = 64 << 10

    // Reading.
    var reading = Reading.head
    var parser = HTTP1HeadParser()
    var decoder = HTTP1ChunkedDecoder()
    var delivery = Delivery.buffered
    /// Buffered: the longest body. Streamed: the window. Discarded: the bytes left to throw away.
    var deliveryBound = 0
    /// Bytes left of a body with a known length.
    var remaining = 0
    /// The request being read.
    var readingStream: UInt32 = 0
    var readingIsChunked = false
    var readingCloses = false
    /// The client waits for 100 Continue, which has not been written.
    var awaitsContinue = false
    /// The answer came before the body, which is too long to be read for nothing.
    var abandonsBody = false
    /// The final answer to a request with a chunked body that nobody wants, until that body's end has come.
    var heldAnswer: HeldAnswer?
    /// The streamed exchange whose credit is open, and the bytes it was given and has not consumed.
    var creditStream: UInt32 = 0
    var unconsumed = 0
    var gathered: [UInt8] = []
    var isDraining = false
    /// Of the body being read; and what decodes it, from its first byte on.
    var contentCoding = ContentCoding.identity
    var isCodingUnknown = false
    var bodyDecoder: BodyDecoder?
    /// Bytes at the front of the input that the chunked framing has given out and the decoder has not used.
    var heldBytes = 0
    /// The decoder may have more to give than it had room for.
    var isDecoderFull = false

    // Writing: a ring of slots for streams `first..<next`.
    var slots: [HTTP1ResponseSlot] = []
    var first: UInt32 = 0
    var next: UInt32 = 0
    /// What can be sent now.
    package internal(set) var output = OutputBuffer()
    var parkedBytes = 0
    /// Slots with `wantsWritable`.
    var owedWritable = 0

    /// The last answer that will be sent has joined the output.
    var isLastAnswered = false
    /// Why the connection gave up reading, where it did.
    package internal(set) var failure: RequestFailure?
    /// The connection cannot be kept to its framing: close it at once.
    package internal(set) var isAborted = false
    /// The peer may still be sending what nobody will read: after the output half-close, drain and only then close, so
    /// that the answer is not lost to a reset (RFC 9112 9.6).
    package internal(set) var mustLinger = false

    /// Makes a fresh connection.
    package init() {}

    // MARK: State, for the driver

    /// Requests that have begun and whose answers have not all joined the output.
    package var pendingCount: Int { Int(next &- first) }
    /// Bytes that wait to be sent, those of answers out of turn included.
    package var unsentBytes: Int { output.count + parkedBytes }
    /// Bytes that can be sent now.
    package var sendableBytes: Int { output.count }
    /// Everything is answered and nothing more will be read.
    package var isFinished: Bool { reading == .finished && (first == next || isLastAnswered) }
    /// No more requests will be read.
    package var isReadingFinished: Bool { reading == .finished }
    /// Bytes of a head have arrived, but not all.
    package var isInHead: Bool { reading == .head && !parser.isFresh }
    /// A body is expected.
    package var isInBody: Bool { reading == .length || reading == .chunks }
    /// The body that is expected is handed on as it comes, and may take as long as its sender keeps up the rate.
    package var isInStreamedBody: Bool { isInBody && delivery == .streamed }
    /// No request is in any stage.
    package var isIdle: Bool { reading == .head && parser.isFresh && first == next }
    /// Requests read so far.
    package var requestCount: UInt32 { next }

    /// Whether a `step` may do something else than say `blocked` again.
    package func canProceed(limits: HTTPLimits) -> Bool {
        switch reading {
        case .head: canBegin(limits)
        case .length, .chunks: !isOutOfCredit
        case .mode, .finished: true
        }
    }

    /// Whether ``takeWritable(limits:)`` has something.
    package func isOwedWritable(limits: HTTPLimits) -> Bool {
        guard owedWritable > 0 else { return false }
        let isFirst = slots[index(first)].flags.contains(.wantsWritable)
        return unsentBytes(before: isFirst ? first : next) <= limits.outputBytesMax / 2
    }

    /// Bytes that an answer waits for before it goes on. The first one does not wait for those behind it, which are
    /// parked until it has ended: neither would ever end.
    func unsentBytes(before stream: UInt32) -> Int { stream == first ? output.count : unsentBytes }

    func canBegin(_ limits: HTTPLimits) -> Bool {
        pendingCount < limits.pipelinedMax && unsentBytes <= limits.outputBytesMax && unconsumed == 0
    }

    var isOutOfCredit: Bool { delivery == .streamed && unconsumed >= deliveryBound }

    // MARK: Credit and end

    /// Gives back credit for a streamed body.
    package mutating func consumed(_ stream: UInt32, bytes: Int) {
        guard stream == creditStream else { return }
        unconsumed = max(0, unconsumed - max(0, bytes))
    }

    /// No more requests than have begun: the last answer says `Connection: close`, an idle connection is finished.
    package mutating func beginDrain() {
        isDraining = true
        guard reading == .head, parser.isFresh else {
            readingCloses = true
            if reading != .head, reading != .finished, isPending(readingStream) {
                slots[index(readingStream)].flags.insert(.closes)
            }
            return
        }
        reading = .finished
        if first != next { slots[index(next &- 1)].flags.insert(.closes) }
    }

    /// The peer will send no more.
    package mutating func endInput() {
        reading = .finished
    }

    /// The oldest exchange at or after `stream` whose answer has not ended; for telling the handler before a close.
    package func unanswered(from stream: UInt32?) -> UInt32? {
        var candidate = stream ?? first
        while candidate != next {
            let isHeld = heldAnswer != nil && candidate == readingStream
            if isPending(candidate), !isHeld, !slots[index(candidate)].flags.contains(.ended) { return candidate }
            candidate &+= 1
        }
        return nil
    }

    // MARK: Slots

    @inline(__always)
    func index(_ stream: UInt32) -> Int { Int(stream) & (slots.count - 1) }

    /// Whether the stream has a slot.
    @inline(__always)
    func isPending(_ stream: UInt32) -> Bool { stream &- first < next &- first }

    /// Whether an answer by the handler can still begin or go on.
    package func isOpen(_ stream: UInt32) -> Bool {
        isPending(stream) && !slots[index(stream)].flags.contains(.ended)
    }

    mutating func pushSlot(_ flags: HTTP1ResponseSlot.Flags) -> UInt32 {
        if pendingCount == slots.count { growSlots() }
        let stream = next
        next &+= 1
        slots[index(stream)].flags = flags
        slots[index(stream)].owed = 0
        return stream
    }

    private mutating func growSlots() {
        // A power of two, so that a stream's low bits are its place; at most 128 (64 requests and one refusal).
        var grown = [HTTP1ResponseSlot](repeating: HTTP1ResponseSlot(), count: max(2, slots.count * 2))
        var stream = first
        while stream != next {
            grown[Int(stream) & (grown.count - 1)] = slots[index(stream)]
            stream &+= 1
        }
        slots = grown
    }
}
