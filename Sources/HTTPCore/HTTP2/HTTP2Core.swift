/// What an HTTP/2 connection knows: its streams, and what the session has told in its callbacks.
///
/// The session's callbacks change it while the session works; everybody else between two calls of the session.
struct HTTP2Core {
    /// What a received frame came to, beyond the session's own affairs.
    enum Event {
        case none
        /// A request's head is whole, in the builder.
        case head(place: Int)
        /// Bytes of a body, at these offsets of the frame.
        case data(place: Int, Range<Int>, isEnd: Bool)
        /// The end of a body, without bytes.
        case end(place: Int)
    }

    /// Frames of no use that a peer may send at once, and a second (PING, SETTINGS, PRIORITY, WINDOW_UPDATE, empty
    /// DATA, unknown types); what it requests and what it is sent allow some more.
    static let idleFramesBurst = 1000
    static let idleFramesPerSecond = 100
    /// Streams that we had to reset for what the peer did (CVE-2025-8671), at once and a second; the same numbers as
    /// for the resets that it sends itself.
    static let resetsBurst = 200
    static let resetsPerSecond = 20
    /// Streams that the peer resets itself (CVE-2023-44487), at once and a second.
    static let cancellationsBurst = 200
    static let cancellationsPerSecond = 20

    let limits: HTTPLimits
    var streams: [HTTP2Stream] = []
    private var free: [Int] = []
    /// Streams that are open, or closed and not yet looked at.
    private(set) var streamCount = 0
    var builder = HTTP2HeadBuilder()
    var event = Event.none
    /// Where the frame that is being received begins.
    var frameAddress: UInt = 0
    private var isInTrailers = false
    /// Places of streams that the session has closed.
    var closed: [Int] = []
    /// Bytes of answers that wait in streams.
    var queuedBytes = 0
    /// Bytes of answers framed since somebody last asked.
    var framedBytes = 0
    /// All bytes that the session has made.
    private(set) var madeBytes = 0
    /// The stream whose head is in the frame that is being made.
    var headPlace: Int?
    /// Streams with `wantsWritable`.
    var owedWritable = 0
    /// The error of the GOAWAY that ended it, once that is framed.
    var goneAway: UInt32?
    /// The peer has sent GOAWAY: it may still open streams, and waits for no more than their answers.
    var isPeerLeaving = false
    /// We have said which of its streams were the last.
    var hasSaidLast = false
    /// The peer has sent its answer to our PING.
    var isPingAnswered = false
    /// No new streams: what they would be answered could not be sent.
    var isRefusing: Bool { queuedBytes > limits.queuedBytesMax }
    var now: Int64
    var idleFrames: HTTP2Allowance
    var resets: HTTP2Allowance
    var cancellations: HTTP2Allowance
    /// The peer has made us reset too many streams.
    var isResetTooOften = false

    init(limits: HTTPLimits, now: Int64) {
        self.limits = limits
        self.now = now
        idleFrames = HTTP2Allowance(
            burst: HTTP2Core.idleFramesBurst, perSecond: HTTP2Core.idleFramesPerSecond, now: now)
        resets = HTTP2Allowance(burst: HTTP2Core.resetsBurst, perSecond: HTTP2Core.resetsPerSecond, now: now)
        cancellations = HTTP2Allowance(
            burst: HTTP2Core.cancellationsBurst, perSecond: HTTP2Core.cancellationsPerSecond, now: now)
    }

    // MARK: Streams

    /// A place for a new stream.
    mutating func open(_ id: UInt32) -> Int {
        let place: Int
        if let spare = free.popLast() {
            place = spare
        } else {
            place = streams.count
            streams.append(HTTP2Stream())
        }
        streams[place].id = id
        streamCount += 1
        return place
    }

    /// Frees a place; its buffers must have been taken.
    mutating func release(_ place: Int) {
        streams[place] = HTTP2Stream()
        free.append(place)
        streamCount -= 1
    }

    // MARK: What the session tells

    mutating func beginHead(_ id: UInt32) -> Int {
        idleFrames.earn(2)
        isInTrailers = false
        builder.begin()
        return open(id)
    }

    mutating func beginTrailers() {
        isInTrailers = true
        builder.begin()
    }

    /// - Returns: false where the stream is to be reset.
    mutating func addField(_ name: Span<UInt8>, _ value: Span<UInt8>) -> Bool {
        if isInTrailers { return builder.skip(name, value, limits) }
        builder.add(name, value, limits)
        return !builder.isOverflowing(limits)
    }

    /// - Returns: false where the stream is malformed.
    mutating func endHead(_ place: Int, isEnd: Bool) -> Bool {
        guard builder.finish(hasBody: !isEnd) else { return false }
        if isEnd { streams[place].flags.insert(.requestEnded) }
        event = .head(place: place)
        return true
    }

    mutating func data(_ place: Int, _ range: Range<Int>) {
        event = .data(place: place, range, isEnd: false)
    }

    mutating func endBody(_ place: Int) {
        streams[place].flags.insert(.requestEnded)
        if case .data(place, let range, _) = event {
            event = .data(place: place, range, isEnd: true)
        } else {
            event = .end(place: place)
        }
    }

    /// The peer has reset it.
    mutating func cancel(_ place: Int) { streams[place].flags.insert(.isCancelled) }

    mutating func close(_ place: Int) {
        closed.append(place)
    }

    /// The end of an answer has been framed. Where the request has not ended, the rest of it is of no interest (RFC
    /// 9113 8.1); the reset which says so waits a while, as a client that reads it together with the answer may take
    /// the one for the loss of the other (curl 7.88 does).
    mutating func noteAnswered(_ place: Int) {
        guard !streams[place].flags.contains(.requestEnded) else { return }
        streams[place].flags.insert(.answeredEarly)
        streams[place].bodyStart = now
    }

    /// The session has made a frame of so many bytes.
    mutating func noteMade(_ count: Int) {
        madeBytes += count
        if let place = headPlace.take() { streams[place].outputMark = madeBytes }
    }

    /// A stream has been reset by us. After a whole answer that is nobody's fault.
    mutating func noteReset(_ error: UInt32) {
        switch error {
        case HTTP2Error.none.rawValue: break
        // Our own want of room: cheap, and mostly not the peer's doing.
        case HTTP2Error.refusedStream.rawValue: if !idleFrames.take(now: now) { isResetTooOften = true }
        default: if !resets.take(now: now) { isResetTooOften = true }
        }
    }

    /// How much of an answer goes into a frame of at most `room` bytes, and whether that is its end; `nil`: there is
    /// nothing yet.
    mutating func frameBody(_ place: Int, room: Int) -> (range: Range<Int>, isEnd: Bool)? {
        let start = streams[place].outputStart
        let count = min(streams[place].output.count - start, room)
        let hasEnded = streams[place].flags.contains(.ended)
        guard count > 0 || hasEnded else {
            streams[place].flags.insert(.deferred)
            return nil
        }
        idleFrames.earn(2)
        queuedBytes -= count
        framedBytes += count
        streams[place].heldSince = nil
        // Behind the frame's header.
        streams[place].outputMark = madeBytes + HTTP2Connection.frameHeaderBytes + count
        streams[place].outputStart = start + count
        return (start..<start + count, hasEnded && start + count == streams[place].output.count)
    }

    /// Forgets what of the output has been framed, when that is all of it, or much and the larger part.
    ///
    /// - Complexity: constant for each framed byte, over all calls.
    mutating func trimOutput(_ place: Int) {
        let start = streams[place].outputStart
        let count = streams[place].output.count
        if start == count {
            streams[place].output.removeAll(keepingCapacity: true)
        } else if start >= limits.streamOutputBytesMax / 2, start >= count - start {
            streams[place].output.removeFirst(start)
        } else {
            return
        }
        streams[place].outputStart = 0
    }
}
