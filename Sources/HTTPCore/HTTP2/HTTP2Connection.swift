/// One HTTP/2 connection without its socket (RFC 9113): bytes in, steps out; answers in, bytes out.
///
/// The same shape as ``HTTP1Connection``: `step` looks at the bytes at hand, uses some and says the one thing that is
/// to be done next; so a driver treats both alike. Frames, HPACK, flow control and most of validation are libnghttp2's,
/// which is given whole frames only, one a time: then a frame comes to at most one event, a body's bytes are handed on
/// where they lie, and what is useless is counted before it costs anything.
///
/// An inert one, as each connection has until its first bytes tell its protocol, owns nothing.
package struct HTTP2Connection: ~Copyable {
    /// What is to be done next.
    package typealias Step = HTTP1Connection.Step

    enum Reading { case frames, mode, finished }

    /// The client's part of the preface (RFC 9113 3.4); the rest of it is a SETTINGS frame.
    static let prefaceBytes = 24
    static let frameHeaderBytes = 9
    /// SETTINGS_MAX_FRAME_SIZE, which is never raised.
    static let frameBytesMax = 16 << 10
    /// Bytes of frames that are made ahead of the socket.
    static let framesAheadMax = 64 << 10

    var session = HTTP2Session()
    var reading = Reading.frames
    var isPrefaceRead = false
    /// HEADERS without END_HEADERS: CONTINUATION has to follow.
    var isInFieldBlock = false
    /// Changes with each frame, or each field block, that has come whole.
    package internal(set) var frameMark: UInt32 = 0
    /// The place of the request whose mode is to be chosen.
    var acceptingPlace = 0
    var acceptingLength = 0
    var acceptingContinue = false
    /// Streams that may have something to deliver without any input.
    var due: [UInt32] = []
    /// Begun answers whose HEADERS wait, since they may turn out to be all.
    var unsubmitted: [UInt32] = []
    /// What ``takeBody()`` gives.
    var delivered: [UInt8] = []
    var isDraining = false
    /// There were streams when the drain began, or came after that.
    var answersInDrain = false

    /// What can be sent now.
    package internal(set) var output = OutputBuffer()
    /// The error which it was ended with, by us.
    package internal(set) var failure: HTTP2Error?

    /// Makes an inert connection.
    package init() {}

    /// Begins the session; our SETTINGS are the first thing to be sent.
    package mutating func open(context: inout ConnectionContext) {
        if context.http2 == nil { context.http2 = HTTP2Library() }
        guard let library = context.http2, session.open(library, limits: context.limits, now: context.nanoseconds)
        else {
            // No memory: nothing can be said.
            reading = .finished
            failure = .internalError
            return
        }
    }

    // MARK: State, for the driver

    /// Everything has been said and nothing more will be read.
    package var isFinished: Bool {
        guard session.isOpen else { return reading == .finished }
        return output.count == 0 && !session.wantsWrite && (reading == .finished || !session.wantsRead)
    }
    /// Nothing more will be read.
    package var isReadingFinished: Bool { reading == .finished }
    /// Bytes that can be sent now.
    package var sendableBytes: Int { output.count }
    /// Bytes that wait for the peer: to read, or to open a window.
    package var unsentBytes: Int { output.count + (session.isOpen ? session.core.queuedBytes : 0) }
    /// Whether ``frame(context:)`` may find something to put into the output.
    package var hasFramesToMake: Bool { session.isOpen && (session.wantsWrite || !unsubmitted.isEmpty) }
    /// No stream is open, and nothing waits.
    package var isIdle: Bool {
        isPrefaceRead && !isInFieldBlock && reading == .frames && session.isOpen && session.core.streamCount == 0
    }
    /// A field block has begun to arrive.
    package var isInHead: Bool { reading != .finished && (isInFieldBlock || !isPrefaceRead) }
    /// The peer may still be sending what nobody will read: after an error, and behind the last answers of a drain or
    /// to a peer that leaves, which a reset by the kernel might overtake.
    package var mustLinger: Bool {
        failure != nil || answersInDrain || (session.isOpen && session.core.isPeerLeaving)
    }
    /// A notice was given, and the last word on it is still to be said: ``sayLast()``.
    package var awaitsLastWord: Bool { isDraining && !session.hasSaidLast && reading != .finished }

    /// Whether a `step` without more bytes may do something.
    package var canProceed: Bool { !due.isEmpty || output.count < HTTP2Connection.framesAheadMax }
    /// Whether there is something to deliver that needs no bytes.
    package var hasDue: Bool { !due.isEmpty || (session.isOpen && !session.core.closed.isEmpty) }

    /// Whether an answer by the handler can still begin or go on.
    package func isOpen(_ stream: UInt32) -> Bool {
        guard let place = session.place(of: stream) else { return false }
        return session.core.streams[place].isUnanswered
    }

    /// The exchange with the smallest number from `stream` on whose answer has not ended; for telling the handler
    /// before a close.
    package func unanswered(from stream: UInt32?) -> UInt32? {
        guard session.isOpen else { return nil }
        let least = stream ?? 0
        var found: UInt32?
        for place in session.core.streams.indices {
            let id = session.core.streams[place].id
            guard id >= least, id > 0, session.core.streams[place].isUnanswered else { continue }
            if id < found ?? UInt32.max { found = id }
        }
        return found
    }

    /// The bytes of answers that have been framed since the last call.
    package mutating func takeFramedBytes() -> Int {
        guard session.isOpen else { return 0 }
        let count = session.core.framedBytes
        session.core.framedBytes = 0
        return count
    }

    // MARK: End

    /// Lets streams that are on their way still come, and tells the peer to open no more (RFC 9113 6.8). When the peer
    /// has heard of it, or after a while, ``sayLast()`` ends that.
    package mutating func beginDrain() {
        // Who has left, and knows its last stream, needs no notice; our direction may have ended.
        guard session.isOpen, reading != .finished, !isDraining, !session.hasSaidLast else { return }
        isDraining = true
        answersInDrain = session.core.streamCount > 0
        session.giveNotice()
    }

    /// Takes no more streams than have come, and ends when those are answered.
    package mutating func sayLast() {
        guard awaitsLastWord else { return }
        session.closeToNewStreams()
    }

    /// Ends it with GOAWAY, without an error where it has only been idle.
    package mutating func terminate(_ error: HTTP2Error) {
        guard session.isOpen, reading != .finished else { return }
        if error != .none { failure = error }
        reading = .finished
        session.terminate(error)
    }

    /// Gives back what it holds of the loop's memory, before it goes.
    package mutating func abandon(context: inout ConnectionContext) {
        guard session.isOpen else { return }
        context.recycleBody(takeBody())
        for place in session.core.streams.indices {
            dropBody(place, &context)
        }
        if output.hasMemory, !context.frames.hasMemory {
            output.removeAll()
            swap(&output, &context.frames)
        }
    }

    /// The peer will send no more.
    package mutating func endInput() { reading = .finished }
}
