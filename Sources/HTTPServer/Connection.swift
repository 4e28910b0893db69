internal import EventLoop
internal import HTTPCore

/// One slot of a loop's table: a socket and what drives it. Used again after a close, with the next generation.
struct Connection: ~Copyable {
    struct Flags: OptionSet {
        let rawValue: UInt16
        /// The kernel may have bytes for us.
        static let readable = Flags(rawValue: 1)
        /// The kernel has no room: wait for its edge.
        static let outputBlocked = Flags(rawValue: 2)
        /// The kernel has told that the end comes behind its bytes: read up to it.
        static let endAhead = Flags(rawValue: 1024)
        /// The HTTP side reads nothing until something has moved.
        static let inputBlocked = Flags(rawValue: 4)
        /// In the list of connections to be flushed.
        static let dirty = Flags(rawValue: 8)
        /// In the list of connections to go on with in the next turn.
        static let queued = Flags(rawValue: 16)
        /// The first bytes have been judged.
        static let sniffed = Flags(rawValue: 32)
        /// The peer has ended its direction.
        static let inputEnded = Flags(rawValue: 64)
        /// Half-closed: only draining.
        static let lingering = Flags(rawValue: 128)
        /// Bytes came that nobody will read.
        static let hasLeftover = Flags(rawValue: 256)
        /// Over the bound of connections: only there to be told so.
        static let refused = Flags(rawValue: 512)
        /// Its preface has been that of HTTP/2.
        static let http2 = Flags(rawValue: 2048)
        /// An HTTP/2 frame has not come in time.
        static let headTimedOut = Flags(rawValue: 4096)
        /// The peer has ended its direction, and has been asked whether it waits for its answers.
        static let asked = Flags(rawValue: 8192)
        /// Its last request is slow to answer: what it sends next is heard behind what the others send.
        static let patient = Flags(rawValue: 16384)
        /// In the list of those that have sent something and are heard behind the others.
        static let behind = Flags(rawValue: 32768)
    }

    /// What the deadline is about.
    enum Waiting {
        /// `write` is the whole connection's, `answer` that of one stream beside others that move.
        case nothing, idle, head, body, write, answer, linger, notice

        /// What counts the open connections that wait for this.
        @inline(__always)
        var counter: HTTPServerCounter {
            switch self {
            case .nothing, .notice: .awaitingAnswer
            case .idle: .idle
            case .head: .readingHead
            case .body: .readingBody
            case .write, .answer: .writing
            case .linger: .lingering
            }
        }
    }

    var fd: Int32 = -1
    var generation: UInt32 = 0
    var flags: Flags = []
    var http1 = HTTP1Connection()
    /// Bytes that arrived and are not used yet: a part of a head, or what came while input was blocked.
    var pending: [UInt8] = []
    var pendingStart = 0
    /// What the loop has counted of its unsent bytes.
    var unsentCounted = 0
    /// Bytes read only to be thrown away.
    var lingerBytes = 0

    var deadline = LoopInstant.never
    var waiting = Waiting.nothing
    /// What the wheel is set to; at or before the deadline.
    var wheelDeadline = LoopInstant.never
    var headStart = LoopInstant.never
    var bodyStart = LoopInstant.never
    /// The request that `bodyStart` is about.
    var bodyRequest: UInt32 = 0
    var bodyBytes = 0
    /// The HTTP/2 frame that `headStart` is about.
    var frameMark: UInt32 = 0
    /// When output last moved, or began to wait.
    var writeProgress = LoopInstant.never
    /// Inert but for connections that speak it. Last, so that what HTTP/1 touches lies together.
    var http2 = HTTP2Connection()

    var isOpen: Bool { fd >= 0 }
    /// Between requests: nothing has come of the next, nothing of the last is left to send.
    var isQuiet: Bool {
        http1.isIdle && http1.sendableBytes == 0 && pending.isEmpty && flags.isDisjoint(with: [.lingering, .http2])
    }
    /// HTTP/1: bytes have arrived that are only looked at when an answer has gone.
    var hasRequestsBehind: Bool {
        flags.contains(.inputBlocked) && !flags.contains(.http2) && (pendingCount > 0 || flags.contains(.readable))
    }
    /// Input has been put off only until the peer has taken more output.
    var isWaitingToGoOn: Bool { flags.contains(.inputBlocked) && unanswered(from: nil) == nil }
    var pendingCount: Int { pending.count - pendingStart }
}
