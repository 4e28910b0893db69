/// One exchange of an HTTP/2 connection: how its body is read, and what of its answer waits to be sent.
struct HTTP2Stream {
    struct Flags: OptionSet {
        let rawValue: UInt16
        static let isHead = Flags(rawValue: 1)
        /// The handler has been told of it.
        static let isKnown = Flags(rawValue: 2)
        /// The peer has sent END_STREAM.
        static let requestEnded = Flags(rawValue: 4)
        /// The handler has been told of the body's end.
        static let endDelivered = Flags(rawValue: 8)
        /// The handler has begun an answer.
        static let started = Flags(rawValue: 16)
        /// The answer's HEADERS have been given to the session.
        static let submitted = Flags(rawValue: 32)
        /// The answer is whole.
        static let ended = Flags(rawValue: 64)
        /// The session waits to be told that there is more of the answer.
        static let deferred = Flags(rawValue: 128)
        /// `send` has returned false: `writable` is owed.
        static let wantsWritable = Flags(rawValue: 256)
        /// The answer's length was promised.
        static let hasLength = Flags(rawValue: 512)
        /// The answer has been sent, and the request's body still comes.
        static let answeredEarly = Flags(rawValue: 1024)
        /// The request's body is coded in a way that is not read here.
        static let isCodingUnknown = Flags(rawValue: 2048)
        /// The request's body may come as slowly as its sender likes.
        static let isUnpaced = Flags(rawValue: 4096)
        /// The peer has reset it.
        static let isCancelled = Flags(rawValue: 8192)
        /// It has been reset for its window, and its frame may still wait.
        static let isGivenUp = Flags(rawValue: 16384)
    }

    enum Delivery { case undecided, buffered, streamed, discarded }

    /// The stream's number; 0 where the place is free.
    var id: UInt32 = 0
    var flags: Flags = []

    // The request's body.
    var delivery = Delivery.undecided
    /// Buffered: the longest body. Streamed: the window.
    var bound = 0
    /// Streamed bytes that were delivered and not consumed.
    var unconsumed = 0
    /// Buffered: what has come. Streamed: what came beyond the handler's window.
    var gathered: [UInt8] = []
    /// How the body is coded, what has come of it and is not decoded, and what decodes it.
    var coding = ContentCoding.identity
    var coded: [UInt8] = []
    var decoder: BodyDecoder?
    /// The time, in nanoseconds, since which the body is waited for, and what of it has come since; or the time of an
    /// early answer.
    var bodyStart: Int64 = 0
    var bodyBytes = 0

    // The answer.
    /// The coding which the client likes best.
    var accepted = ContentCoding.identity
    /// How an answer that has begun is coded, and by what.
    var answerCoding = AnswerCoding.none
    var encoder: BodyEncoder?
    var status = HTTPStatus.ok
    var fields = ResponseFields.none
    var trailers: ResponseFields?
    /// Bytes of a promised body still to come from the handler.
    var owed = 0
    /// Bytes from the handler; those before `outputStart` have been framed.
    var output: [UInt8] = []
    var outputStart = 0
    /// How many bytes the session had made when the last frame of its head or body was whole; none are enough before.
    var outputMark = Int.max
    /// The time, in nanoseconds, since which its peer has had all that its window allows; nil while it does not wait
    /// for the window.
    var heldSince: Int64?

    var outputCount: Int { output.count - outputStart }
    /// The handler awaits something of it.
    var isUnanswered: Bool { flags.contains(.isKnown) && !flags.contains(.ended) }
    /// The peer still has to send of its body, and may.
    var isReceiving: Bool {
        isUnanswered && !flags.contains(.requestEnded) && delivery != .discarded && delivery != .undecided
            && (delivery != .streamed || unconsumed < bound)
    }
}
