internal import EventLoop
internal import HTTPCore

/// What the loop asks of a connection, whichever version of HTTP it speaks.
extension Connection {
    @inline(__always)
    var isHTTP2: Bool { flags.contains(.http2) }

    var isFinished: Bool { isHTTP2 ? http2.isFinished : http1.isFinished }
    var isReadingFinished: Bool { isHTTP2 ? http2.isReadingFinished : http1.isReadingFinished }
    var sendableBytes: Int { isHTTP2 ? http2.sendableBytes : http1.sendableBytes }
    /// Bytes of answers that have not reached the kernel.
    var unsentBytes: Int { isHTTP2 ? http2.unsentBytes : http1.unsentBytes }
    var mustLinger: Bool { isHTTP2 ? http2.mustLinger : http1.mustLinger }

    /// Whether its peer has broken the protocol.
    var hasFramingError: Bool { isHTTP2 ? http2.failure != nil : http1.failure?.isFraming ?? false }

    /// Whether going on with it, without another byte, may do something.
    func mayProceed(_ limits: HTTPLimits) -> Bool {
        if isHTTP2 { return http2.hasDue || (flags.contains(.inputBlocked) && http2.canProceed) }
        return flags.contains(.inputBlocked) && http1.canProceed(limits: limits)
    }

    func isOwedWritable(_ limits: HTTPLimits) -> Bool {
        isHTTP2 ? http2.isOwedWritable : http1.isOwedWritable(limits: limits)
    }

    mutating func takeWritable(_ limits: HTTPLimits) -> UInt32? {
        isHTTP2 ? http2.takeWritable() : http1.takeWritable(limits: limits)
    }

    func unanswered(from stream: UInt32?) -> UInt32? {
        isHTTP2 ? http2.unanswered(from: stream) : http1.unanswered(from: stream)
    }

    func isOpen(_ stream: UInt32) -> Bool { isHTTP2 ? http2.isOpen(stream) : http1.isOpen(stream) }

    @inline(__always)
    mutating func step(
        _ input: Span<UInt8>, at position: inout Int, head: inout RequestHead, context: inout ConnectionContext
    ) -> HTTP1Connection.Step {
        isHTTP2
            ? http2.step(input, at: &position, head: &head, context: &context)
            : http1.step(input, at: &position, head: &head, context: &context)
    }

    @inline(__always)
    mutating func accept(_ mode: BodyMode, hasInput: Bool, context: inout ConnectionContext) -> Bool {
        isHTTP2
            ? http2.accept(mode, context: &context)
            : http1.accept(mode, hasInput: hasInput, context: &context)
    }

    mutating func takeBody() -> [UInt8] { isHTTP2 ? http2.takeBody() : http1.takeBody() }

    mutating func beginDrain() {
        if isHTTP2 { http2.beginDrain() } else { http1.beginDrain() }
    }

    mutating func endInput() {
        if isHTTP2 { http2.endInput() } else { http1.endInput() }
    }

    /// Gives back what it holds of the loop's, before it goes.
    mutating func abandon(_ context: inout ConnectionContext) {
        if isHTTP2 { http2.abandon(context: &context) } else { context.recycleBody(http1.takeBody()) }
    }

    /// Writes what can be sent now, as far as the kernel takes it.
    func send(_ transport: any LoopTransport) -> TransferResult {
        isHTTP2 ? transport.send(fd, http2.output.bytes) : transport.send(fd, http1.output.bytes)
    }

    mutating func sent(_ count: Int, _ context: inout ConnectionContext) {
        if isHTTP2 { http2.sent(count, context: &context) } else { http1.sent(count, context: &context) }
    }
}
