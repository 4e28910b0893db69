import HTTP2Wire
import HTTPCore
import HTTPServer

// What has to happen in time, what may not happen before its time, and how a connection may end.
extension SimulatedHTTP2Client {
    private static let slack = World.second
    private static let patience = 60 * World.second
    /// How long something may be on its way.
    private static let onTheWay = 300 * World.millisecond

    private var bodyGrace: Int64 { settings.http.bodyGrace.wholeNanoseconds }
    private var idleTimeout: Int64 { settings.http.idleTimeout.wholeNanoseconds }
    var writeStallTimeout: Int64 { settings.http.writeStallTimeout.wholeNanoseconds }

    /// How long a stalling client may be waited for.
    private var stallTimeout: Int64 {
        let bytes = streams.filter { !$0.isAnswered }.map { $0.request.parts.body.count }.max() ?? 0
        return settings.http.headTimeout.wholeNanoseconds + bodyGrace
            + Int64(bytes / settings.http.bodyBytesPerSecondMin + 1) * World.second
            + settings.http.lingerTimeout.wholeNanoseconds + writeStallTimeout + 2 * Self.slack
    }

    /// Nothing of what the server sends takes its time on the way.
    var readsPromptly: Bool {
        ![.readingSlowly, .pausing, .neverReading, .openingLate, .neverOpening].contains(manner) && !link.isNarrow
    }

    /// 408: a body may have been slow, but not before its grace is over, and not when it was sent.
    func judgeTimeout(_ stream: SimulatedHTTP2Stream) {
        // Credit that waits in the socket has been given.
        if readsPromptly, let shut = stream.shutSince, max(shut, waiting.fullAt) + Self.slack < world.now {
            fail("408 to \(stream.name), whose window is shut")
        }
        if isCall(stream.request) { fail("408 to \(stream.name), which may last") }
        if world.now < stream.request.firstTime + bodyGrace { fail("408 comes early, to \(stream.name)") }
        if readsPromptly, let sent = stream.sentTime, world.now > sent + 2 * World.second {
            fail("408 to \(stream.name), which was sent")
        }
    }

    /// Looks every few seconds whether what must happen does.
    func watch() {
        world.after(5 * World.second) { [self] in
            guard !isOver, !world.isOver else { return }
            lookForStalls()
            if readsFrom != .max, !hasSeenServerEnd { lookForDelays() }
            watch()
        }
    }

    /// Watches may stay for ever, and calls whose message has not been sent: without a time limit a call may last. What
    /// the server has not heard of may, too.
    private func mayLast(_ stream: SimulatedHTTP2Stream) -> Bool {
        stream.isWatch || (isCall(stream.request) && stream.sentTime == nil) || !isKnown(stream)
    }

    private func isKnown(_ stream: SimulatedHTTP2Stream) -> Bool { stream.headOffset <= sentBytes }

    /// There is a call which the server has to keep.
    private var hasLastingCall: Bool { streams.contains { !$0.isAnswered && isKnown($0) && mayLast($0) } }

    /// It has stopped between two frames, and there is such a call.
    private var mustBeKept: Bool { hasStopped && !isInsideOfFrame && hasLastingCall }

    /// Whether all that is left is calls that may last.
    private var onlyLasts: Bool { streams.allSatisfy { $0.isAnswered || mayLast($0) } }

    private func lookForDelays() {
        let quiet = world.now - max(lastMoved, link.acceptedAt)
        if link.token == nil, link.serverClosedAt == nil, quiet < 100 * World.second { return }
        let awaited = streams.contains { !$0.isWatch && !$0.isAnswered }
        let bound: Int64
        let what: String
        if hasStopped {
            bound = stallTimeout + idleTimeout
            if mustBeKept, quiet > bound, onlyLasts { return close() }
            what = "a client that has stopped is waited for"
        } else if manner == .neverOpening {
            bound = writeStallTimeout + idleTimeout + 2 * Self.slack
            // A watch whose answers have fitted into its window waits for nothing.
            let isWaiting = waiting.waitedSince(at: world.now) != nil
            if hasLastingCall, quiet > bound, onlyLasts, !isWaiting { return close() }
            what = "a client that opens no window is waited for"
        } else if awaited {
            bound = Self.patience
            what = "no answer comes"
        } else if streams.isEmpty {
            bound = idleTimeout + Self.slack
            what = "an idle connection stays open"
        } else {
            return
        }
        if quiet > bound { fail(what) }
    }

    /// A client that does not read has been waited for long enough.
    func beginPatience() {
        let patience = (settings.http.writeStallTimeout + settings.http.idleTimeout + .seconds(5)).wholeNanoseconds
        world.after(patience) { [self] in
            guard !isOver else { return }
            if world.now < lastMoved + patience { beginPatience() } else { endOfPatience() }
        }
    }

    private func endOfPatience() {
        defer { close() }
        guard link.token != nil, simulation.drainedAt == nil, !settings.isFull, !settings.isGatheringTight else {
            return
        }
        guard let endedAt = link.endedAt else { return fail("a connection whose peer does not read stays open") }
        if !isStalled(at: endedAt), !wasIdle(at: endedAt) {
            fail("a connection whose peer does not read is closed early")
        }
    }

    /// Whether the server had nothing more to say, and the time of an idle connection was over.
    private func wasIdle(at time: Int64) -> Bool {
        // Its GOAWAY may be all that waits.
        let isWaiting = (waiting.waitedSince(at: time) ?? time) < time
        return !isWaiting && time >= max(waiting.movedAt, link.acceptedAt) + idleTimeout
    }

    // MARK: Answers that wait

    func serverRead(_ total: Int) {
        lookForStalls()
        waiting.serverRead(total, now: world.now)
    }

    func serverSent(_ offered: Span<UInt8>, _ count: Int) {
        lookForStalls()
        waiting.serverSent(offered, count, now: world.now) { frame, movedAt in
            let isGivenUp = frame.type == HTTP2Frame.Kind.resetStream.rawValue && frame.payload == HTTP2Frame.word(8)
            guard isGivenUp, movedAt.map({ world.now < $0 + writeStallTimeout }) ?? true else { return }
            fail("stream \(frame.stream) is given up early")
        }
    }

    /// Whether the time of answers that wait is over.
    private func isStalled(at time: Int64) -> Bool {
        waiting.waitedSince(at: time).map { time >= $0 + writeStallTimeout } ?? false
    }

    /// Looks whether the server has waited for longer than it may.
    func lookForStalls() {
        guard !isOver, link.token != nil, !hasBroken, !wasShed, !settings.isFull else { return }
        let time = link.endedAt ?? world.now
        if let since = waiting.waitedSince(at: time), time > since + writeStallTimeout + Self.slack {
            fail("answers have waited since \(Trace.seconds(since))")
        }
        guard link.endedAt == nil, manner == .neverOpening || manner == .neverReading, lastTaken == nil,
            let held = waiting.heldLongest, time > held.since + writeStallTimeout + Self.slack
        else { return }
        fail("stream \(held.stream) has waited for its window since \(Trace.seconds(held.since))")
    }

    /// It has left, and then sent more, or waited for longer, than a server listens to one that leaves.
    private var wasHeardToTheEnd: Bool {
        guard let leftAt, let ended = link.serverHalfClosedAt, let closed = link.serverClosedAt else { return false }
        let limits = settings.http.limits
        return closed >= ended + settings.http.lingerTimeout.wholeNanoseconds
            || sentBytes - leftAt > min(settings.http.lingerBytesMax, limits.connectionWindowBytes)
    }

    /// The server has ended its direction, and all of it has been read.
    func serverEnded() {
        guard !hasSeenServerEnd else { return }
        hasSeenServerEnd = true
        world.note("client \(number) sees the \(link.sawReset ? "reset" : "end")")
        judgeEnd()
        guard !isOver else { return }
        world.after(world.dice.nanoseconds(0...2 * World.second)) { [self] in close() }
    }

    private func judgeEnd() {
        // It was lost or let go before a loop had it.
        guard link.token != nil, let endedAt = link.endedAt, !wasShed else { return }
        if settings.isFull, transcript.frames.isEmpty { return }
        if simulation.drainedAt != nil { return judgeDrain() }
        if hasBroken { return }
        lookForStalls()
        // What was sent over a connection that had been closed may take along what had not been read.
        let mayBeLost = link.sawReset && (wasIdle(at: endedAt) || wasHeardToTheEnd)
        let awaited = streams.filter { !$0.isAnswered && !(mayBeLost && waiting.hasEnded($0.id)) }
        if isStalled(at: endedAt), !readsPromptly || hasStopped { return }
        if hasStopped {
            if mustBeKept { fail("the server closes, and a call may last") }
            return
        }
        if hasLeft, awaited.isEmpty { return }
        if awaited.allSatisfy({ $0.request.firstTime >= endedAt - Self.onTheWay }) {
            if endedAt < max(lastAnsweredSent, link.acceptedAt) + idleTimeout {
                fail("an idle connection is closed early")
            }
            return
        }
        fail("the server closes before its answer to \(awaited.first?.name ?? "")")
    }

    /// Streams that had begun when the drain did are finished, if there is time.
    private func judgeDrain() {
        guard let began = simulation.drainedAt, simulation.drainDeadline - began >= 10 * World.second, !hasBroken,
            !link.isNarrow,
            [.polite, .administrating, .resetting].contains(manner)
        else { return }
        let delivered = deliveredAtDrain ?? 0
        for stream in streams where !stream.isAnswered {
            if stream.isWatch, !stream.hasAnswerBegun { continue }
            if let end = stream.endOffset, end <= delivered {
                return fail("\(stream.name) had arrived before the drain, and is not answered")
            }
            if let last = lastTaken, last < 1 << 30, stream.id <= last, stream.sentTime != nil {
                return fail("\(stream.name) was taken, and is not answered")
            }
        }
    }
}
