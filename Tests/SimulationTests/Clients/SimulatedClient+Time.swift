import HTTPServer

// What has to happen in time, what may not happen before its time, and how a connection may end.
extension SimulatedClient {
    /// How late the server may be beyond its timeouts: its wheel, its turns, and the way to and fro.
    private static let slack = World.second
    /// How long an answer may take while nothing moves.
    private static let patience = 60 * World.second
    /// How long something may be on its way.
    private static let onTheWay = 50 * World.millisecond

    private var headTimeout: Int64 { settings.http.headTimeout.wholeNanoseconds }
    private var bodyGrace: Int64 { settings.http.bodyGrace.wholeNanoseconds }
    private var idleTimeout: Int64 { settings.http.idleTimeout.wholeNanoseconds }
    private var writeStallTimeout: Int64 { settings.http.writeStallTimeout.wholeNanoseconds }

    /// What a stalling client waits for: never earlier than the first, never later than the second of these times
    /// after what it sent last.
    private func stallTimeout(_ request: PlannedRequest, inBody: Bool) -> (least: Int64, most: Int64) {
        guard inBody else { return (headTimeout, headTimeout) }
        let earned = Int64(request.bytes.count / settings.http.bodyBytesPerSecondMin) * World.second
        return (bodyGrace, bodyGrace + earned + World.second)
    }

    func judgeTimeout(_ request: PlannedRequest) {
        guard manner == .stallingInHead || manner == .stallingInBody, request.sentTime == nil, hasStopped else {
            return fail("408 to \(request.name)")
        }
        let (least, most) = stallTimeout(request, inBody: manner == .stallingInBody)
        if world.now < max(request.firstTime, link.acceptedAt) + least { fail("408 comes early") }
        if world.now > max(movedBefore, link.acceptedAt) + most + Self.slack { fail("408 comes late") }
    }

    /// Looks every few seconds whether what must happen does.
    func watch() {
        world.after(5 * World.second) { [self] in
            guard !isOver, !world.isOver else { return }
            if readsFrom != .max, !hasSeenServerEnd { lookForDelays() }
            watch()
        }
    }

    private func lookForDelays() {
        let quiet = world.now - max(lastMoved, link.acceptedAt)
        // Without a descriptor nobody is served for a while.
        if link.token == nil, link.serverClosedAt == nil, quiet < 100 * World.second { return }
        let bound: Int64
        let what: String
        if isClosing {
            // What is left of a request's body may be waited for, even if its answer has been given.
            bound = 2 * Self.slack + (current.map { stallTimeout($0, inBody: true).most } ?? 0)
            what = "the connection is not closed after its last answer"
        } else if outstanding.isEmpty, current == nil {
            bound = idleTimeout + Self.slack
            what = "an idle connection stays open"
        } else if hasStopped, let request = current {
            bound = stallTimeout(request, inBody: manner == .stallingInBody).most + Self.slack
            what = "a request that has stopped is waited for"
        } else {
            bound = Self.patience
            what = "no answer comes"
        }
        if quiet > bound { fail(what) }
    }

    /// A client that does not read has been waited for long enough.
    func beginPatience() {
        // Both times may pass: what fits into the buffers is an idle connection.
        let patience = (settings.http.writeStallTimeout + settings.http.idleTimeout + .seconds(5)).wholeNanoseconds
        world.after(patience) { [self] in
            guard !isOver else { return }
            if world.now < lastMoved + patience { beginPatience() } else { endOfPatience() }
        }
    }

    private func endOfPatience() {
        defer { close() }
        let isClosedByWish = simulation.drainedAt != nil || outstanding.contains { $0.closes || $0.isAnsweredEarly }
        guard link.token != nil, !isClosedByWish, !settings.isFull, !settings.isGatheringTight else { return }
        guard let endedAt = link.endedAt else { return fail("a connection whose peer does not read stays open") }
        if endedAt < link.lastProgressAt + min(writeStallTimeout, idleTimeout) {
            fail("a connection whose peer does not read is closed early")
        }
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
        guard link.token != nil, let endedAt = link.endedAt else { return }
        if isDeaf || (link.sawReset && mayBeReset) { return }
        if simulation.drainedAt != nil { return judgeDrain() }
        if reader.isInResponse { return fail("an answer is cut") }
        if isClosing || mayEnd { return }
        if manner == .halfClosing, hasStopped {
            guard let first = outstanding.first else { return }
            // It cannot be asked whether it is there, and counts as gone; but nothing is dropped of who was asked.
            if first.isHTTP10, !isAsked { return }
            return fail("\(first.name) is not answered since its client has ended")
        }
        let idleSince = max(lastAnsweredSent, link.acceptedAt)
        if manner == .stallingInBody, hasStopped, outstanding.isEmpty || outstanding.first?.isAnsweredEarly == true {
            if endedAt < idleSince + bodyGrace { fail("a slow body is given up early") }
            return
        }
        if outstanding.allSatisfy({ $0.firstTime >= endedAt - Self.onTheWay }) {
            if endedAt < idleSince + idleTimeout { fail("an idle connection is closed early") }
            return
        }
        fail("the server closes before its answer to \(outstanding.first?.name ?? "")")
    }

    /// Whether answers may be lost because the server was sent more than it reads after the last one.
    private var mayBeReset: Bool {
        if isClosing || mayEnd || simulation.drainedAt != nil { return true }
        if settings.isFull, answeredCount == 0 { return true }
        // All was sent, the connection idle and closed; then a request came over what the client had not read.
        if let endedAt = link.endedAt, endedAt >= link.lastProgressAt + idleTimeout { return true }
        if let ended = link.serverHalfClosedAt, let closed = link.serverClosedAt {
            // Closed at once behind its last answer, and sent more than the request before had allowed.
            if closed == ended, let last = outstanding.first(where: \.closes), sentBytes > last.endOffset {
                return true
            }
            let first = outstanding.first
            let begun = first.map { $0.endOffset - $0.bytes.count } ?? sentBytes
            return sentBytes - begun > settings.http.lingerBytesMax
                || closed >= ended + settings.http.lingerTimeout.wholeNanoseconds
        }
        return outstanding.contains { request in
            if case .malformed = request.kind { return true }
            return request.isAnsweredEarly || request.closes
        }
    }

    /// What had arrived before the drain began is answered, if there is time.
    private func judgeDrain() {
        guard !isClosing, let delivered = deliveredAtDrain, let began = simulation.drainedAt,
            simulation.drainDeadline - began >= 10 * World.second, manner == .polite || manner == .administrating
        else { return }
        if let lost = outstanding.first(where: { $0.sentTime != nil && $0.endOffset <= delivered }) {
            fail("\(lost.name) had arrived before the drain, and is not answered")
        }
    }
}
