internal import EventLoop
internal import HTTPCore
internal import Synchronization

/// One loop: its poller, its connections, its handler, on one thread.
///
/// A turn: wait, read and parse every ready connection (the handler hears of each request), take the mailbox, fire
/// timers, `endOfTick`, then one `send` for each connection with output. So answers that the handler gives for all of a
/// turn's requests together leave together. Behind that, a piece of what those connections have sent whose requests are
/// slow to answer (`hearLast`); the next turn begins at once.
final class ServerLoop {
    /// Tokens of the descriptors that are no connections; those have their slot in the low half. A listener's is its
    /// place below the first one's.
    private static let wakeUpToken = UInt64.max
    private static let firstListenerToken = UInt64.max - 1
    private static var lastListenerToken: UInt64 { firstListenerToken - UInt64(HTTPServer.listenersMax) }
    /// Timer numbers; a connection's is its slot behind them.
    static let acceptTimer = 0
    static let drainTimer = 1
    static let exchangeTimer = 2
    static let tidyTimer = 3
    static let connectionTimers = 4
    /// What one `recv` asks for, and the most that is worked through of one connection in one turn: a body that comes
    /// fast costs the others some 10 us. More brings a large body no sooner.
    static let readBytes = 16 << 10
    /// Reads in one turn of a connection whose bytes are thrown away, or whose end is still to come.
    static let readsPerTurn = 4
    /// A turn ends early after this, where bodies of at least ``timedBytes`` have made it long.
    static let turnNanosecondsMax: Int64 = 10_000_000
    static let timedBytes = 4 << 10
    /// How long connections that are heard behind the others are heard in one turn: so much later are those that come
    /// meanwhile.
    static let behindMax = LoopDuration(.microseconds(20))
    /// The same where no others have been heard for `othersSpan`: what is heard together makes a larger batch.
    static let behindMaxAlone = LoopDuration(.microseconds(250))
    static let othersSpan = LoopDuration(.milliseconds(2))
    /// Connections over the bound that are kept for a moment to be told so.
    static let refusedMax = 64

    let index: Int
    let configuration: HTTPServerConfiguration
    let clock: any LoopClock
    let handler: any RequestHandler
    let transport: any LoopTransport
    let mailbox: LoopMailbox
    let published: HTTPServerCounters
    let load: LoopLoad
    let peers: [HTTPServer.LoopParts]
    /// Of the accepting loop, until it drains.
    var listeners: [any ConnectionSource]
    let connectionsMax: Int
    let timeouts: Timeouts

    /// The configuration's times, narrowed once.
    struct Timeouts {
        let head, idle, body, bodyGrace, writeStall, linger: LoopDuration

        init(_ configuration: HTTPServerConfiguration) {
            head = LoopDuration(configuration.headTimeout)
            idle = LoopDuration(configuration.idleTimeout)
            body = LoopDuration(configuration.bodyTimeout)
            bodyGrace = LoopDuration(configuration.bodyGrace)
            writeStall = LoopDuration(configuration.writeStallTimeout)
            linger = LoopDuration(configuration.lingerTimeout)
        }
    }

    let connections: ConnectionTable
    let state: OwnedCell<State>

    /// What changes with each request, but for the connections.
    struct State: ~Copyable {
        var freeSlots: [UInt32] = []
        var dirty: [Int] = []
        var queued: [Int] = []
        /// Connections that have sent something and are heard behind the others, the longest wait first.
        var behind: [Int] = []
        /// When one was last heard that is not.
        var othersHeard: LoopInstant
        /// Something has been heard since `endOfTick`.
        var isTickBegun = false
        var context: ConnectionContext
        var wheel: TimerWheel
        var deadlines = ExchangeDeadlines()
        var counters = PlainCounters()
        var now: LoopInstant
        var isDraining = false
        /// Connections that are to be told of the drain once what they have sent already has been read.
        var undrained: [Int] = []
        /// This turn has taken long enough: what is left waits for the next.
        var isTurnOver = false
        /// Bytes of answers of all connections that have not reached the kernel, as of each one's last flush.
        var unsentBytes = 0
        var isStopped = false
        /// Which listeners the poller watches.
        var isListening: [Bool] = []
        var publishedRefusals = 0
        var due: [Int] = []
        var inbox: [LoopMessage] = []
    }

    init(
        index: Int, configuration: HTTPServerConfiguration, clock: any LoopClock, handler: any RequestHandler,
        parts: HTTPServer.LoopParts, peers: [HTTPServer.LoopParts], listeners: [any ConnectionSource]
    ) {
        self.index = index
        self.configuration = configuration
        self.clock = clock
        self.handler = handler
        transport = parts.transport
        mailbox = parts.mailbox
        published = parts.counters
        load = parts.load
        self.peers = peers
        self.listeners = listeners
        connectionsMax = (configuration.connectionsMax + configuration.loopCount - 1) / configuration.loopCount
        timeouts = Timeouts(configuration)
        connections = ConnectionTable(capacity: connectionsMax + ServerLoop.refusedMax)
        let now = clock.now()
        state = OwnedCell(
            State(
                othersHeard: now,
                context: ConnectionContext(limits: configuration.limits, unixSeconds: clock.unixSeconds()),
                wheel: TimerWheel(now: now), now: now))
    }

    /// Runs until drained.
    func run() {
        begin()
        var input = [UInt8](repeating: 0, count: inputBytes)
        var head = RequestHead()
        while !state.value.isStopped { turn(&input, &head) }
        finish()
    }

    // The parts of `run`, apart so that a simulation can take turns with several loops on one thread.

    /// Starts to listen, to its mailbox and to new connections.
    func begin() {
        _ = transport.add(source: mailbox.messages.wakeUp.descriptor, token: ServerLoop.wakeUpToken)
        state.value.isListening = listeners.map { _ in false }
        listenAgain()
    }

    /// Room for what one connection has left over and one more read.
    var inputBytes: Int { ServerLoop.readBytes + max(configuration.limits.headBytesMax, ServerLoop.readBytes) }

    /// Waits once, and does all that there is to do then.
    /// - Parameters:
    ///   - input: `inputBytes` of room, the same for every turn.
    ///   - head: the same for every turn.
    func turn(_ input: inout [UInt8], _ head: inout RequestHead) {
        let count = transport.wait(milliseconds: waitMilliseconds())
        state.value.isTurnOver = false
        state.value.isTickBegun = false
        state.value.now = clock.now()
        state.value.context.update(unixSeconds: clock.unixSeconds())
        state.value.context.nanoseconds = state.value.now.nanoseconds

        resumeQueued(&input, &head)
        var isRung = false
        for place in 0..<count {
            let event = transport.event(place)
            switch event.token {
            case 0..<ServerLoop.lastListenerToken: handle(event, &input, &head)
            case ServerLoop.wakeUpToken: isRung = true
            default: acceptWaiting(Int(ServerLoop.firstListenerToken - event.token))
            }
        }
        if isRung { takeMessages() }
        drainConnections(&input, &head)
        fireTimers()
        handler.endOfTick(self)
        flushDirty()
        hearBehind(&input, &head)
        publishCounters()
        handler.endOfTurn()
        if state.value.isDraining, state.value.counters[.open] == 0 { state.value.isStopped = true }
    }

    private func publishCounters() {
        state.value.counters[.ticks] += 1
        state.value.counters[.abandoned] += state.value.context.takeAbandoned()
        let spent = clock.now().nanoseconds.subtractingReportingOverflow(state.value.now.nanoseconds)
        published.tickTimes.record(spent.overflow ? 0 : UInt64(max(0, spent.partialValue)))
        published.publish(state.value.counters)
        let refusals = state.value.context.refusalCount
        guard refusals != state.value.publishedRefusals else { return }
        state.value.publishedRefusals = refusals
        published.publish(refusals: state.value.context.refusals)
    }

    /// How long the next turn may wait; negative: without end.
    func waitMilliseconds() -> Int32 {
        if !state.value.queued.isEmpty || !state.value.behind.isEmpty || state.value.isTickBegun { return 0 }
        guard let next = state.value.wheel.nextDeadline else { return -1 }
        // Against the time of now, not of the last turn: a turn may have taken long.
        let (left, overflow) = next.nanoseconds.subtractingReportingOverflow(clock.now().nanoseconds)
        if overflow { return Int32.max }
        return Int32(clamping: max(0, (left + 999_999) / 1_000_000))
    }

    private func handle(_ event: ReadinessEvent, _ input: inout [UInt8], _ head: inout RequestHead) {
        let slot = Int(truncatingIfNeeded: event.token & 0xFFFF_FFFF)
        // A slot closed and used again within this turn: the event is about its former connection.
        guard slot < connections.count, connections[slot].isOpen,
            connections[slot].generation == UInt32(truncatingIfNeeded: event.token >> 32)
        else { return }
        if event.isBroken {
            if connections[slot].flags.contains(.lingering) { return close(slot, lingerReason(slot)) }
            // A socket in the file system tells a peer that has closed, as most do between two requests, like this.
            return close(slot, connections[slot].isQuiet ? .closedByPeer : .closedBroken)
        }
        if event.isWritable, connections[slot].flags.contains(.outputBlocked) {
            connections[slot].flags.remove(.outputBlocked)
            markDirty(slot)
        }
        if event.isReadable {
            connections[slot].flags.insert(event.isPeerEnded ? [.readable, .endAhead] : .readable)
            if connections[slot].flags.contains(.patient) { return putBehind(slot) }
            state.value.othersHeard = state.value.now
            read(slot, &input, &head)
        }
    }

    private func takeMessages() {
        mailbox.messages.take(into: &state.value.inbox)
        for message in state.value.inbox {
            switch message {
            case .answer(let exchange, let status, let fields, let body):
                respond(exchange, status, fields, body: body.span)
            case .consumed(let exchange, let bytes): consumed(exchange, bytes: bytes)
            case .adopt(let fd): adopt(fd)
            case .drain(let deadline): beginDrain(deadline)
            }
        }
        state.value.inbox.removeAll(keepingCapacity: state.value.inbox.count <= 1024)
    }

    private func fireTimers() {
        state.value.wheel.expire(at: state.value.now, into: &state.value.due)
        guard !state.value.due.isEmpty else { return }
        for timer in state.value.due {
            switch timer {
            case ServerLoop.acceptTimer: listenAgain()
            case ServerLoop.drainTimer: stopNow()
            case ServerLoop.exchangeTimer: expireExchanges()
            case ServerLoop.tidyTimer: handler.tidy(self)
            default: checkDeadline(timer - ServerLoop.connectionTimers)
            }
        }
        state.value.due.removeAll(keepingCapacity: true)
    }

    // MARK: Lists

    @inline(__always)
    func markDirty(_ slot: Int) {
        guard !connections[slot].flags.contains(.dirty) else { return }
        connections[slot].flags.insert(.dirty)
        state.value.dirty.append(slot)
    }

    func queue(_ slot: Int) {
        guard !connections[slot].flags.contains(.queued) else { return }
        connections[slot].flags.insert(.queued)
        state.value.queued.append(slot)
    }

    private func putBehind(_ slot: Int) {
        guard !connections[slot].flags.contains(.behind) else { return }
        connections[slot].flags.insert(.behind)
        state.value.behind.append(slot)
    }

    /// Hears connections whose requests are slow to answer, one at least.
    private func hearBehind(_ input: inout [UInt8], _ head: inout RequestHead) {
        guard !state.value.behind.isEmpty, !state.value.isTurnOver else { return }
        let isAlone = state.value.othersHeard.advanced(by: ServerLoop.othersSpan) < state.value.now
        let end = clock.now().advanced(by: isAlone ? ServerLoop.behindMaxAlone : ServerLoop.behindMax)
        var heard = 0
        while heard < state.value.behind.count {
            let slot = state.value.behind[heard]
            heard += 1
            guard connections[slot].flags.contains(.behind) else { continue }
            connections[slot].flags.remove(.behind)
            guard connections[slot].flags.contains(.readable) else { continue }
            state.value.isTickBegun = true
            read(slot, &input, &head)
            if clock.now() >= end { break }
        }
        state.value.behind.removeFirst(heard)
    }

    private func resumeQueued(_ input: inout [UInt8], _ head: inout RequestHead) {
        guard !state.value.queued.isEmpty else { return }
        // What queues itself again waits for the next turn.
        var list: [Int] = []
        swap(&list, &state.value.queued)
        var place = 0
        while place < list.count, !state.value.isTurnOver {
            let slot = list[place]
            place += 1
            guard connections[slot].flags.contains(.queued) else { continue }
            connections[slot].flags.remove(.queued)
            if connections[slot].isOpen { resume(slot, &input, &head) }
        }
        // Those whose turn has not come are the first in the next.
        if place < list.count { state.value.queued.insert(contentsOf: list[place...], at: 0) }
    }

    // MARK: Accepting

    /// - Parameters:
    ///   - index: the listener's place.
    ///   - acceptsMax: a bound a turn, so that a flood of connections does not starve those that are there.
    private func acceptWaiting(_ index: Int, acceptsMax: Int = 64) {
        guard index < listeners.count else { return }
        let listener = listeners[index]
        for _ in 0..<acceptsMax {
            switch listener.accept() {
            case .accepted(let fd): place(fd)
            case .lost: continue
            case .shed: state.value.counters[.shed] += 1
            case .wouldBlock: return
            case .exhausted:
                if state.value.isListening[index] { transport.remove(listener.descriptor) }
                state.value.isListening[index] = false
                let pause = LoopDuration(.milliseconds(100))
                return state.value.wheel.schedule(ServerLoop.acceptTimer, at: state.value.now.advanced(by: pause))
            }
        }
    }

    private func listenAgain() {
        for (index, listener) in listeners.enumerated() where !state.value.isListening[index] {
            let token = ServerLoop.firstListenerToken - UInt64(index)
            state.value.isListening[index] = transport.add(source: listener.descriptor, token: token)
        }
    }

    private func place(_ fd: Int32) {
        var best = index
        var least = load.connections.load(ordering: .relaxed)
        for (other, parts) in peers.enumerated() where other != index {
            let count = parts.load.connections.load(ordering: .relaxed)
            if count < least {
                least = count
                best = other
            }
        }
        peers[best].load.connections.add(1, ordering: .relaxed)
        if best == index { return adopt(fd) }
        if !peers[best].mailbox.messages.post(.adopt(fd)) {
            // It has been drained and is gone.
            peers[best].load.connections.subtract(1, ordering: .relaxed)
            load.connections.add(1, ordering: .relaxed)
            adopt(fd)
        }
    }

    func adopt(_ fd: Int32) {
        let isOver = state.value.counters[.open] >= connectionsMax
        guard state.value.counters[.open] < connectionsMax + ServerLoop.refusedMax else {
            state.value.counters[.shed] += 1
            load.connections.subtract(1, ordering: .relaxed)
            return transport.close(fd)
        }
        let slot: Int
        if let free = state.value.freeSlots.popLast() {
            slot = Int(free)
        } else {
            slot = connections.count
            connections.grow()
        }
        let token = UInt64(connections[slot].generation) << 32 | UInt64(slot)
        guard transport.add(connection: fd, token: token) else {
            state.value.freeSlots.append(UInt32(slot))
            state.value.counters[.shed] += 1
            load.connections.subtract(1, ordering: .relaxed)
            return transport.close(fd)
        }
        connections[slot].fd = fd
        state.value.counters[.open] += 1
        state.value.counters[connections[slot].waiting.counter] += 1
        state.value.counters[isOver ? .refused : .accepted] += 1
        if state.value.isDraining { state.value.undrained.append(slot) }
        if isOver {
            connections[slot].flags.insert(.refused)
            connections[slot].http1.refuseConnection(.tooManyConnections, context: &state.value.context)
        }
        markDirty(slot)
    }

    // MARK: Closing

    func close(_ slot: Int, _ reason: HTTPServerCounter) {
        guard connections[slot].isOpen else { return }
        // Where we give up with bytes unsent the peer has no whole answer to wait for, and the kernel nothing to keep.
        // What an idle one had, the kernel may still hold for a peer that is slow to read; only GOAWAY found no room.
        let isUnfinished = connections[slot].sendableBytes > 0 && reason != .closedIdle
        if reason == .closedWriteStall || reason == .closedAborted || isUnfinished {
            transport.reset(connections[slot].fd)
        } else {
            transport.close(connections[slot].fd)
        }
        state.value.wheel.cancel(slot + ServerLoop.connectionTimers)
        state.value.counters[.open] -= 1
        state.value.counters[connections[slot].waiting.counter] -= 1
        state.value.unsentBytes -= connections[slot].unsentCounted
        state.value.counters[reason] += 1
        load.connections.subtract(1, ordering: .relaxed)
        let generation = connections[slot].generation
        var old = Connection()
        // From here on the handler's calls for it find nothing.
        old.generation = generation &+ 1
        swap(&old, &connections[slot])
        // It may still stand in the lists; they look at the new flags, which are empty.
        state.value.freeSlots.append(UInt32(slot))
        state.value.context.recycle(old.pending)
        old.abandon(&state.value.context)
        var stream = old.unanswered(from: nil)
        while let open = stream {
            state.value.counters[.abandoned] += 1
            handler.cancelled(exchangeID(slot, generation, open))
            stream = old.unanswered(from: open &+ 1)
        }
    }

    func exchangeID(_ slot: Int, _ generation: UInt32, _ stream: UInt32) -> ExchangeID {
        ExchangeID(
            loop: UInt16(truncatingIfNeeded: index), connection: UInt32(truncatingIfNeeded: slot),
            generation: generation, stream: stream)
    }

    // MARK: Draining

    private func beginDrain(_ deadline: LoopInstant) {
        defer {
            // Behind the connections that were handed over: a loop that is drained takes no more.
            if index == 0 { for peer in peers.dropFirst() { peer.mailbox.messages.post(.drain(deadline)) } }
        }
        state.value.wheel.schedule(ServerLoop.drainTimer, at: deadline)
        guard !state.value.isDraining else { return }
        // Those whose handshake is done are served; the rest find the port closed.
        for (index, listener) in listeners.enumerated() {
            acceptWaiting(index, acceptsMax: connectionsMax)
            if state.value.isListening[index] { transport.remove(listener.descriptor) }
            listener.stop()
        }
        listeners = []
        state.value.isDraining = true
        for slot in 0..<connections.count where connections[slot].isOpen { state.value.undrained.append(slot) }
    }

    /// Requests that were sent before the drain are answered, also where they have not been read yet: each connection
    /// is read once, and finished after that.
    private func drainConnections(_ input: inout [UInt8], _ head: inout RequestHead) {
        guard !state.value.undrained.isEmpty else { return }
        var slots: [Int] = []
        swap(&slots, &state.value.undrained)
        for slot in slots where connections[slot].isOpen {
            if state.value.isTurnOver {
                state.value.undrained.append(slot)
                queue(slot)
                continue
            }
            read(slot, &input, &head)
            guard connections[slot].isOpen else { continue }
            // Requests wait behind answers that wait: they are looked at before the end, as far as the deadline lets.
            if connections[slot].hasRequestsBehind {
                state.value.undrained.append(slot)
                continue
            }
            connections[slot].beginDrain()
            markDirty(slot)
        }
    }

    private func stopNow() {
        for slot in 0..<connections.count where connections[slot].isOpen { close(slot, .closedByDrain) }
        state.value.isStopped = true
    }

    /// Gives back what came too late, after the last turn.
    func finish() {
        for message in mailbox.messages.close() {
            if case .adopt(let fd) = message {
                load.connections.subtract(1, ordering: .relaxed)
                transport.close(fd)
            }
        }
        published.publish(state.value.counters)
    }
}
