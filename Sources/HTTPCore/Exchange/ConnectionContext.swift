/// What all connections of one loop share, whatever version they speak: limits, the ready-made beginnings of answers,
/// spare buffers and coders.
package struct ConnectionContext: ~Copyable {
    /// Buffers that grew beyond this are given back to the system instead of being kept.
    static let bufferBytesKept = 64 << 10
    private static let buffersKept = 128
    private static let bufferBytesFirst = 2 << 10
    private static let answerBytesFirst = 480
    private static let answerBytesKept = 4 << 10
    private static let answersKept = 1024

    /// The bounds.
    package let limits: HTTPLimits
    /// `HTTP/1.1 200 OK`, CRLF, the date line.
    private(set) var okLines: [UInt8] = []
    private(set) var date: HTTPDate
    private var spare: [[UInt8]] = []
    private var spareAnswers: [[UInt8]] = []
    /// Bytes of bodies that connections have gathered and not given back.
    var gatheredBytes = 0
    /// How often each kind of refusal was answered by a connection itself, by the failure's raw value.
    package internal(set) var refusals = [Int](repeating: 0, count: RequestFailure.allCases.count)
    /// How many those are in all.
    package internal(set) var refusalCount = 0
    /// Requests that their peers have reset before they were answered.
    var abandonedCount = 0
    var outputs = OutputBufferPool()
    /// What decodes and codes bodies.
    let coders: ContentCoders
    /// Where a body is coded before its answer is put together.
    var coded = OutputBuffer()
    /// Where an answer out of its turn is put together before it is parked.
    var scratch = OutputBuffer()
    /// The loop's time in nanoseconds from any start, for what is bounded by a rate; kept up by the driver.
    package var nanoseconds: Int64 = 0
    /// What HTTP/2 sessions share; made with the first.
    var http2: HTTP2Library?
    /// The large buffer in which an HTTP/2 connection puts its frames together. It leaves with them only where the peer
    /// does not take them all at once.
    var frames = OutputBuffer()

    /// Makes a context; `date` must be kept up by ``update(unixSeconds:)``.
    package init(limits: HTTPLimits, unixSeconds: Int64) {
        var bounded = limits
        bounded.pipelinedMax = min(max(1, limits.pipelinedMax), 64)
        self.limits = bounded
        coders = ContentCoders(limits: bounded)
        date = HTTPDate(unixSeconds: unixSeconds)
        makeOKLines()
    }

    /// Takes over the wall clock; cheap while the second is the same.
    package mutating func update(unixSeconds: Int64) {
        if date.update(unixSeconds: unixSeconds) { makeOKLines() }
    }

    private mutating func makeOKLines() {
        okLines = Array("HTTP/1.1 200 OK\r\n".utf8) + date.line
    }

    /// Counts an answer that a connection gives by itself.
    package mutating func count(_ failure: RequestFailure) {
        refusals[Int(failure.rawValue)] += 1
        refusalCount += 1
    }

    /// How many requests their peers have reset before they were answered, since the last call.
    package mutating func takeAbandoned() -> Int {
        defer { abandonedCount = 0 }
        return abandonedCount
    }

    /// Whether that many bytes more of bodies may be gathered.
    func mayGather(_ count: Int) -> Bool { count <= limits.gatheredBytesMax - gatheredBytes }

    /// Whether no body is being gathered.
    package var isGatheringNothing: Bool { gatheredBytes == 0 }

    /// Takes back a body that was gathered.
    package mutating func recycleBody(_ body: consuming [UInt8]) {
        gatheredBytes -= body.count
        recycle(consume body)
    }

    /// An empty buffer with some room.
    mutating func takeBuffer() -> [UInt8] {
        if let buffer = spare.popLast() { return buffer }
        var buffer: [UInt8] = []
        buffer.reserveCapacity(ConnectionContext.bufferBytesFirst)
        return buffer
    }

    /// Buffers that are kept to be used again, for tests.
    package var spareCount: Int { spare.count }

    /// An empty buffer that was recycled, or one without room.
    package mutating func takeSpare() -> [UInt8] { spare.popLast() ?? [] }

    /// An empty buffer for a short answer of an HTTP/2 stream: there are as many of them as streams that one turn
    /// answers, so more are kept than of those for bodies.
    mutating func takeAnswer() -> [UInt8] {
        if let buffer = spareAnswers.popLast() { return buffer }
        var buffer: [UInt8] = []
        buffer.reserveCapacity(ConnectionContext.answerBytesFirst)
        return buffer
    }

    /// Takes such a buffer back, and leaves an empty one.
    ///
    /// By `inout`, since emptying an array to which the caller still has a reference would make a new one.
    mutating func recycleAnswer(_ buffer: inout [UInt8]) {
        guard buffer.capacity > 0 else { return }
        var taken: [UInt8] = []
        if buffer.capacity <= ConnectionContext.answerBytesKept, spareAnswers.count < ConnectionContext.answersKept {
            buffer.removeAll(keepingCapacity: true)
            swap(&taken, &buffer)
            spareAnswers.append(taken)
        } else {
            buffer = taken
        }
    }

    /// Takes a buffer back, to be used again if it is not too large.
    package mutating func recycle(_ buffer: consuming [UInt8]) {
        guard buffer.capacity > 0, buffer.capacity <= ConnectionContext.bufferBytesKept,
            spare.count < ConnectionContext.buffersKept
        else { return }
        buffer.removeAll(keepingCapacity: true)
        spare.append(buffer)
    }
}
