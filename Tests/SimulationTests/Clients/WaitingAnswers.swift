import HTTP2Wire

/// What of the answers of an HTTP/2 server waits for its peer, and since when: the rule of docs/http.md, worked out
/// from the bytes that the server's kernel has read and taken.
struct WaitingAnswers {
    /// An answer whose head has been taken.
    private struct Answer {
        /// Bytes of its body that the kernel has taken, and those still to come.
        var taken = 0
        var left: Int
        /// When the last frame of it was taken.
        var movedAt: Int64
    }

    /// Of each stream, as long as it is never opened.
    private let window: Int
    private let transcript = HTTP2Transcript()
    private var answers: [UInt32: Answer] = [:]
    /// How long answers are that do not say it.
    private var lengths: [UInt32: Int] = [:]
    /// Streams that the peer resets, and where in its bytes.
    private var resets: [(offset: Int, stream: UInt32)] = []
    private var gone: Set<UInt32> = []
    /// Streams whose last frame has been taken.
    private var ended: Set<UInt32> = []
    /// Bytes that were offered to the kernel, and that it has not taken.
    private var leftover = 0
    private var since: Int64?
    /// The wait that has ended last: what ends and begins at the same moment goes on.
    private var last: (since: Int64, end: Int64)?
    /// When the socket last had no room.
    private(set) var fullAt: Int64 = 0
    /// When something of an answer was last taken, or the end of a stream.
    private(set) var movedAt: Int64 = 0

    init(window: Int) { self.window = window }

    /// The connection's clock: since when answers have waited without a byte of a body taken; nil if none waits.
    func waitedSince(at time: Int64) -> Int64? {
        if let since { return since }
        if let last, last.end == time { return last.since }
        return nil
    }

    /// The stream that has waited longest for its own window, and since when, if the peer never opens one.
    var heldLongest: (stream: UInt32, since: Int64)? {
        guard leftover == 0 else { return nil }
        let held = answers.filter { $0.value.left > 0 && $0.value.taken == window }
        return held.min { ($0.value.movedAt, $0.key) < ($1.value.movedAt, $1.key) }
            .map { ($0.key, $0.value.movedAt) }
    }

    /// Whether all that the server has to say of a stream is in its kernel.
    func hasEnded(_ stream: UInt32) -> Bool { ended.contains(stream) }

    mutating func expect(_ bytes: Int, of stream: UInt32) { lengths[stream] = bytes }

    /// The peer resets a stream, with a frame that ends there in all that it sends.
    mutating func reset(_ stream: UInt32, endingAt offset: Int) { resets.append((offset, stream)) }

    /// The server has read so many bytes.
    mutating func serverRead(_ total: Int, now: Int64) {
        while let first = resets.first, first.offset <= total {
            resets.removeFirst()
            gone.insert(first.stream)
            answers[first.stream] = nil
            movedAt = now
        }
        settle(isProgress: false, now)
    }

    /// The kernel has taken the first of the offered bytes.
    ///
    /// - Parameter each: is told of each frame that has been taken whole, and when its stream last moved before it.
    mutating func serverSent(
        _ offered: Span<UInt8>, _ count: Int, now: Int64, each: (HTTP2Frame, _ movedAt: Int64?) -> Void
    ) {
        // What had waited in the socket is progress, whatever it is; of what is new, bytes of bodies alone.
        let isProgress = count > 0 && (leftover > 0 || Self.hasBody(offered))
        if leftover > 0 || offered.count > count { fullAt = now }
        leftover = offered.count - count
        var frames: [HTTP2Frame] = []
        transcript.take((0..<count).map { offered[$0] }) { frames.append($0) }
        for frame in frames {
            each(frame, answers[frame.stream]?.movedAt)
            note(frame, now)
        }
        settle(isProgress: isProgress, now)
    }

    private mutating func note(_ frame: HTTP2Frame, _ now: Int64) {
        let isEnd = frame.flags & HTTP2Frame.endStream != 0
        switch HTTP2Frame.Kind(rawValue: frame.type) {
        case .headers, .data:
            movedAt = now
            if isEnd { ended.insert(frame.stream) }
            guard !isEnd, !gone.contains(frame.stream) else { return answers[frame.stream] = nil }
            let fields = transcript.answer(frame.stream).fields
            guard fields[":status"] != "100" else { return }
            let length = fields["content-length"].flatMap { Int($0) } ?? lengths[frame.stream] ?? 0
            let taken = frame.type == HTTP2Frame.Kind.data.rawValue ? frame.payload.count : 0
            var answer = answers[frame.stream] ?? Answer(left: length, movedAt: now)
            answer.taken += taken
            answer.left -= taken
            answer.movedAt = now
            answers[frame.stream] = answer
        case .resetStream:
            movedAt = now
            answers[frame.stream] = nil
            gone.insert(frame.stream)
            ended.insert(frame.stream)
        default: break
        }
    }

    private mutating func settle(isProgress: Bool, _ now: Int64) {
        let before = isProgress ? now : waitedSince(at: now)
        if leftover > 0 || answers.contains(where: { $0.value.left > 0 }) {
            since = before ?? now
        } else {
            if let before { last = (before, now) }
            since = nil
        }
    }

    /// Whether a byte of a body is among the frames.
    private static func hasBody(_ frames: Span<UInt8>) -> Bool {
        var start = 0
        while start + 9 <= frames.count {
            let length = Int(frames[start]) << 16 | Int(frames[start + 1]) << 8 | Int(frames[start + 2])
            if frames[start + 3] == HTTP2Frame.Kind.data.rawValue, length > 0 { return true }
            start += 9 + length
        }
        return false
    }
}
