import HTTP2Wire
import HTTPCore
import HTTPServer

/// One client with one HTTP/2 connection: many streams at once, in its manner, and each answer held to what may come.
final class SimulatedHTTP2Client: SimulatedPeer {
    enum Manner: CaseIterable {
        case polite, administrating
        /// Resets streams of its own, at any moment.
        case resetting
        /// Opens windows late, but before the time is over.
        case openingLate
        case readingSlowly, pausing
        /// Goes away in the middle of anything.
        case vanishing
        /// Stops in the middle of a frame, or of a body between two frames.
        case stallingInFrame, stallingInBody
        /// Never opens a window.
        case neverOpening
        case neverReading
        /// Breaks the protocol at last.
        case malformed
        /// Says GOAWAY and waits for the end.
        case leaving
        /// Stays after its last answer.
        case idling
    }

    let simulation: Simulation
    let number: Int
    let manner: Manner
    var world: World { simulation.world }
    var settings: Settings { simulation.settings }
    let link: Link
    let judge: AnswerJudge
    private let writer: RequestWriter

    // Sending.
    var requestsLeft: Int
    private let depth: Int
    private let pieceMax: Int
    private let frameMax: Int
    private let gap: Int64
    private var outbox: [UInt8] = []
    /// All bytes that have been put into the outbox, and all that have left it.
    private(set) var plannedBytes = 0
    private(set) var sentBytes = 0
    /// Where frames, or whole field blocks, end in what is planned and has not been sent.
    private var frameEnds: [Int] = []
    /// It has stopped with a part of a frame, or of a field block.
    private(set) var isInsideOfFrame = false
    private var isSendScheduled = false
    private var vanishesAt = Int.max
    private var stallsAt = Int.max
    var hasStopped = false
    /// Where in all that it sends its GOAWAY ends.
    private(set) var leftAt: Int?
    var hasLeft: Bool { leftAt != nil }
    var hasBroken = false
    var nextID: UInt32 = 1
    /// In the order of their numbers; without those that are over.
    var streams: [SimulatedHTTP2Stream] = []

    // What the server has told.
    var serverWindow = 65535
    var streamsMax = Int.max
    var sendWindow = 65535
    var knowsSettings = false
    var hasNotice = false
    /// Of the last GOAWAY.
    var lastTaken: UInt32?

    // Receiving.
    let transcript = HTTP2Transcript()
    let window: Int
    var receiveWindow = 65535
    var owed = 0
    var isOpening = false
    /// Streams whose answers are whole, and those that either side has reset.
    var endedAnswers: Set<UInt32> = []
    var resetStreams: Set<UInt32> = []
    /// What waits for this client, as the server's kernel sees it.
    var waiting: WaitingAnswers
    private var isReadScheduled = false
    var readsFrom: Int64 = 0
    var hasSeenServerEnd = false
    var lastMoved: Int64 = 0
    /// When the frames that are being sent were begun.
    private(set) var frameStart: Int64 = 0
    /// When the last request that has been answered was sent.
    var lastAnsweredSent: Int64 = 0
    var isOver = false
    var wasShed = false
    var deliveredAtDrain: Int?

    init(_ simulation: Simulation, number: Int) {
        self.simulation = simulation
        self.number = number
        let world = simulation.world
        let common: [Manner] = [.polite, .polite, .polite, .administrating, .administrating, .resetting]
        let restless: [Manner] = [.administrating, .vanishing, .vanishing, .resetting]
        manner = world.dice.pick(simulation.settings.isRestless ? restless : Manner.allCases + common)
        writer = RequestWriter(simulation: simulation)
        judge = AnswerJudge(simulation, number: number)
        link = Link(
            world, number: number, isWide: manner == .administrating,
            isSlow: [.readingSlowly, .pausing, .neverReading, .openingLate].contains(manner))
        requestsLeft = 1 + world.dice.skewed(0...(world.dice.chance(percent: 10) ? 100 : 12))
        depth = world.dice.pick([1, 2, 5, 20, 100])
        pieceMax = world.dice.pick([1, 7, 50, 1000, 2_000_000])
        frameMax = world.dice.pick([1, 100, 4000, 16384])
        gap = world.dice.pick([0, 100_000, 2 * World.millisecond])
        switch manner {
        case .openingLate: window = world.dice.pick([0, 1, 100, 3000])
        case .neverOpening: window = world.dice.pick([0, 1, 100])
        default: window = world.dice.pick([100, 5000, 65535, 1 << 20])
        }
        waiting = WaitingAnswers(window: window)
        if manner == .vanishing { vanishesAt = world.dice.skewed(0...8000) }
        link.client = self
    }

    var description: String {
        "HTTP/2 client \(number) (\(manner), \(streams.map(\.name)), \(requestsLeft) to send, window \(sendWindow), "
            + "GOAWAY \(lastTaken.map { "\($0)" } ?? "none"))"
    }

    // MARK: Life

    func connect() {
        world.note("HTTP/2 client \(number) connects: \(manner)", requestsLeft, depth)
        lastMoved = world.now
        simulation.network.connect(link)
        put(HTTP2Frame.hello([(4, UInt32(window))]), isWhole: true)
        if manner == .pausing || manner == .neverReading { stopReading() }
        scheduleSend(after: 0)
        watch()
    }

    func close() {
        lookForStalls()
        guard !isOver else { return }
        isOver = true
        world.note("client \(number) closes")
        link.clientClose()
    }

    func noteDrain() {
        if !isOver, link.token != nil { deliveredAtDrain = link.deliveredBytes }
    }

    func checkUploads() { judge.checkUploads() }

    func fail(_ text: String) {
        guard !isOver else { return }
        isOver = true
        world.fail("\(description): \(text)")
    }

    func stream(_ id: UInt32) -> SimulatedHTTP2Stream? { streams.first { $0.id == id } }

    func drop(_ stream: SimulatedHTTP2Stream) { streams.removeAll { $0 === stream } }

    // MARK: Sending

    func put(_ frame: HTTP2Frame) {
        let isBlock =
            frame.type == HTTP2Frame.Kind.headers.rawValue || frame.type == HTTP2Frame.Kind.continuation.rawValue
        put(frame.bytes, isWhole: !isBlock || frame.flags & HTTP2Frame.endHeaders != 0)
    }

    private func put(_ bytes: [UInt8], isWhole: Bool) {
        outbox += bytes
        plannedBytes += bytes.count
        if isWhole { frameEnds.append(plannedBytes) }
    }

    func scheduleSend(after delay: Int64) {
        guard !isSendScheduled else { return }
        isSendScheduled = true
        world.after(delay) { [self] in
            isSendScheduled = false
            sendMore()
        }
    }

    func sendMore() {
        guard !isOver, !hasStopped, !isSendScheduled, !hasSeenServerEnd else { return }
        if outbox.isEmpty {
            frameStart = world.now
            planFrame()
        }
        guard !outbox.isEmpty else { return closeWhenDone() }
        guard link.clientRoom > 0 else { return link.waitForRoom() }
        let most = max(pieceMax, outbox.count / 4)
        let count = min(
            outbox.count, link.clientRoom, world.dice.number(1...most), vanishesAt - sentBytes, stallsAt - sentBytes)
        if count > 0 {
            link.clientSend(Array(outbox[..<count]))
            outbox.removeFirst(count)
            sentBytes += count
            isInsideOfFrame = !frameEnds.contains(sentBytes)
            frameEnds.removeAll { $0 <= sentBytes }
            lastMoved = world.now
            for stream in streams where stream.sentTime == nil {
                if let end = stream.endOffset, end <= sentBytes { stream.sentTime = world.now }
            }
        }
        if sentBytes >= vanishesAt { return vanish() }
        if sentBytes >= stallsAt {
            hasStopped = true
            return world.note("client \(number) stalls")
        }
        scheduleSend(after: gap)
    }

    /// Decides on the next frame, if there is one to send.
    private func planFrame() {
        guard !hasBroken else { return }
        var actions: [() -> Void] = []
        if requestsLeft > 0, !hasNotice, !hasLeft, streams.count < min(depth, streamsMax) {
            actions.append { [self] in openStream() }
        }
        for stream in streams where !stream.hasEndedSending && !stream.awaitsContinue {
            if stream.bodyLeft == 0 || min(stream.sendWindow, sendWindow) > 0 {
                stream.shutSince = nil
                actions.append { [self] in sendBody(stream) }
            } else if stream.shutSince == nil {
                stream.shutSince = world.now
            }
        }
        guard !actions.isEmpty else { return endWhenSent() }
        if world.dice.chance(percent: 3) {
            put(
                world.dice.pick([
                    HTTP2Frame.ping(), HTTP2Frame(type: 0x42, flags: 0, stream: 0, payload: [1, 2, 3]),
                    HTTP2Frame(.settings, []),
                ]))
        }
        world.dice.pick(actions)()
    }

    /// What comes behind the last request.
    private func endWhenSent() {
        guard requestsLeft == 0 else { return }
        switch manner {
        case .malformed where world.dice.chance(percent: 50) || streams.isEmpty: breakProtocol()
        case .leaving where !hasLeft:
            put(HTTP2Frame(.goAway, HTTP2Frame.word(0) + HTTP2Frame.word(0)))
            leftAt = plannedBytes
        default: break
        }
    }

    private func openStream() {
        requestsLeft -= 1
        var request = nextRequest()
        request.firstStep = world.step
        request.firstTime = world.now
        let parts = request.parts
        let hasBody = !parts.body.isEmpty || ((parts.method == "POST") && world.dice.chance(percent: 50))
        let isExpecting = !parts.body.isEmpty && !isCall(request) && world.dice.chance(percent: 5)
        var fields = parts.fields
        if hasBody, world.dice.chance(percent: 60) { fields.append(("content-length", "\(parts.body.count)")) }
        if isExpecting { fields.append(("expect", "100-continue")) }
        let stream = SimulatedHTTP2Stream(
            id: nextID, request, sendWindow: serverWindow, receiveWindow: window, awaitsContinue: isExpecting,
            mayBeRefused: !knowsSettings || settings.http.limits.queuedBytesMax < 1 << 20)
        nextID += 2
        streams.append(stream)
        if isCall(request) { waiting.expect(HealthText.serving.count, of: stream.id) }
        world.note("client \(number) opens stream \(stream.id): \(request.name)", parts.body.count)
        let whole = HTTP2Frame.request(stream.id, parts.method, parts.target, fields, end: !hasBody)
        if world.dice.chance(percent: 10) {
            let split = world.dice.number(0...whole.payload.count)
            put(
                HTTP2Frame(
                    type: whole.type, flags: whole.flags & HTTP2Frame.endStream, stream: stream.id,
                    payload: Array(whole.payload[..<split])))
            put(
                HTTP2Frame(
                    .continuation, flags: HTTP2Frame.endHeaders, stream: stream.id, Array(whole.payload[split...])))
        } else {
            put(whole)
        }
        stream.headOffset = plannedBytes
        if !hasBody { endSending(stream) }
        if isExpecting, world.dice.chance(percent: 50) { stopWaiting(stream) }
        if window == 0 { openWindow(stream) }
        if stream.isWatch || (manner == .resetting && world.dice.chance(percent: 40)) { resetLater(stream) }
        guard requestsLeft == 0, hasBody else { return }
        if manner == .stallingInFrame { stallsAt = plannedBytes + world.dice.number(-20...8) }
        if manner == .stallingInBody, isPrediction(request) {
            sendBody(stream)
            stallsAt = plannedBytes
        }
    }

    func isCall(_ request: PlannedRequest) -> Bool {
        if case .call = request.kind { return true }
        return false
    }

    private func isPrediction(_ request: PlannedRequest) -> Bool {
        if case .prediction = request.kind { return true }
        return false
    }

    private func nextRequest() -> PlannedRequest {
        if requestsLeft == 0, manner == .stallingInBody || manner == .stallingInFrame { return writer.prediction() }
        switch world.dice.number(0...99) {
        case _ where manner == .administrating: return writer.administration()
        case _ where manner == .vanishing && settings.isRestless: return writer.administration()
        case _ where manner == .neverReading: return writer.metrics()
        case ..<50: return writer.prediction()
        case ..<60: return writer.badPrediction()
        case ..<63: return writer.tooLong()
        case ..<66: return writer.brokenStream()
        case ..<71: return writer.call(isWatch: false)
        case ..<78: return writer.call(isWatch: true)
        case ..<80: return writer.administration()
        default: return writer.simple()
        }
    }

    /// Sends the next DATA of a body, as large as windows let.
    private func sendBody(_ stream: SimulatedHTTP2Stream) {
        let left = stream.bodyLeft
        let room = max(0, min(left, 16384, stream.sendWindow, sendWindow))
        let most = min(room, max(frameMax, stream.request.parts.body.count / 8))
        let count = room == 0 ? 0 : world.dice.number(1...most)
        let isLast = count == left
        let hasTrailers = isLast && world.dice.chance(percent: 5) && !isCall(stream.request)
        let start = stream.position
        let bytes = Array(stream.request.parts.body[start..<start + count])
        stream.position += count
        var frame = HTTP2Frame.data(stream.id, bytes, end: isLast && !hasTrailers)
        let padding = min(room - count, world.dice.chance(percent: 10) ? world.dice.number(0...50) : 0) - 1
        if padding >= 0 {
            frame.flags |= 8
            frame.payload = [UInt8(padding)] + bytes + [UInt8](repeating: 0, count: padding)
        }
        stream.sendWindow -= frame.payload.count
        sendWindow -= frame.payload.count
        put(frame)
        if hasTrailers { put(HTTP2Frame.headers(stream.id, [("checksum", "1")])) }
        if isLast { endSending(stream) }
    }

    private func endSending(_ stream: SimulatedHTTP2Stream) {
        stream.hasEndedSending = true
        stream.endOffset = plannedBytes
        if stream.isAnswered { drop(stream) }
    }

    private func stopWaiting(_ stream: SimulatedHTTP2Stream) {
        world.after(World.second) { [self] in
            stream.awaitsContinue = false
            sendMore()
        }
    }

    private func resetLater(_ stream: SimulatedHTTP2Stream) {
        var times = [0, World.millisecond, 100 * World.millisecond, 3 * World.second]
        if stream.isWatch { times += [20 * World.second, 20 * World.second] }
        let latest = world.dice.pick(times)
        world.after(world.dice.nanoseconds(0...latest)) { [self] in
            guard !isOver, !hasBroken, !hasStopped, streams.contains(where: { $0 === stream }) else { return }
            // The server has to end it.
            if stream.isWatch, manner == .polite || manner == .resetting, simulation.drainedAt != nil { return }
            reset(stream)
        }
    }

    /// Resets a stream; what still comes for it is of no interest.
    func reset(_ stream: SimulatedHTTP2Stream) {
        world.note("client \(number) resets stream \(stream.id)")
        put(HTTP2Frame.reset(stream.id))
        waiting.reset(stream.id, endingAt: plannedBytes)
        resetStreams.insert(stream.id)
        drop(stream)
        sendMore()
    }

    /// Sends what no client may send: the server must end the connection.
    private func breakProtocol() {
        hasBroken = true
        let frames = [
            HTTP2Frame(.data, stream: 0, [1]), HTTP2Frame.request(2), HTTP2Frame(.settings, [1, 2, 3, 4, 5]),
            HTTP2Frame(.ping, [1]), HTTP2Frame(.headers, flags: 5, stream: nextID, [0x80]),
            HTTP2Frame(.continuation, flags: 4, stream: nextID, []), HTTP2Frame.window(0, 0x7FFF_FFFF),
            HTTP2Frame(.data, stream: nextID, [UInt8](repeating: 0, count: 16385)),
            HTTP2Frame(.pushPromise, flags: 4, stream: 1, [0, 0, 0, 2]), HTTP2Frame.reset(nextID),
        ]
        put(world.dice.pick(frames))
    }

    private func vanish() {
        lookForStalls()
        world.note("client \(number) vanishes")
        isOver = true
        if world.dice.chance(percent: 50) { link.clientReset() } else { link.clientClose() }
    }

    // MARK: Reading

    private func stopReading() {
        readsFrom = .max
        guard manner == .pausing else { return beginPatience() }
        let pause = settings.http.writeStallTimeout.wholeNanoseconds / 2
        world.after(world.dice.nanoseconds(0...pause)) { [self] in
            readsFrom = 0
            bytesArrived()
        }
    }

    func bytesArrived() { scheduleRead() }
    func endArrived() { scheduleRead() }
    func resetArrived() { scheduleRead() }

    private func scheduleRead() {
        guard !isOver, !isReadScheduled, world.now >= readsFrom else { return }
        isReadScheduled = true
        let pause = manner == .readingSlowly ? world.dice.nanoseconds(0...100 * World.millisecond) : 0
        world.after(pause + world.dice.nanoseconds(0...100_000)) { [self] in
            isReadScheduled = false
            read()
        }
    }

    private func read() {
        guard !isOver else { return }
        let bytes = link.clientRead(atMost: manner == .readingSlowly ? 2000 : Int.max)
        if !bytes.isEmpty {
            lastMoved = world.now
            take(bytes)
        }
        guard !isOver else { return }
        if !link.received.isEmpty { return scheduleRead() }
        if link.sawEnd || link.sawReset { serverEnded() } else { sendMore() }
    }

    private func closeWhenDone() {
        guard requestsLeft == 0 || hasNotice, !isOver, !hasBroken, !hasStopped, streams.isEmpty, !hasNotice,
            manner != .idling, manner != .leaving, manner != .malformed
        else { return }
        world.after(world.dice.nanoseconds(0...World.millisecond)) { [self] in
            if streams.isEmpty { close() }
        }
    }
}
