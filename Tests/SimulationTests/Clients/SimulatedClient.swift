import HTTPCore
import HTTPServer

/// One client with one connection: sends requests in its manner, and holds what comes back to what may come back.
final class SimulatedClient: SimulatedPeer {
    enum Manner: CaseIterable {
        /// Sends whole requests and reads all answers.
        case polite
        /// Publishes and removes models, politely.
        case administrating
        /// As polite, until a request that is not HTTP.
        case malformed
        /// Goes away in the middle of anything.
        case vanishing
        /// Ends its direction behind its last request.
        case halfClosing
        /// Stops in the middle of a head or of a body.
        case stallingInHead, stallingInBody
        /// Stays after its last answer.
        case idling
        /// Reads slowly, but reads.
        case readingSlowly
        /// Stops to read, and goes on before the time is over.
        case pausing
        /// Stops to read for good.
        case neverReading
    }

    let simulation: Simulation
    let number: Int
    let manner: Manner
    var world: World { simulation.world }
    var settings: Settings { simulation.settings }
    let writer: RequestWriter
    let link: Link

    // Sending.
    var requestsLeft: Int
    let depth: Int
    let pieceMax: Int
    let gap: Int64
    let thinkTime: Int64
    var current: PlannedRequest?
    var position = 0
    var sentBytes = 0
    var isSendScheduled = false
    var waitsForContinue = false
    var hasContinue = false
    var hasStopped = false
    /// The server has asked whether the client is still there, as it may once.
    private(set) var isAsked = false
    /// Bytes after which a vanishing client vanishes.
    var vanishesAt = Int.max

    // Receiving.
    var reader = ResponseReader()
    var outstanding: [PlannedRequest] = []
    /// The last answer has come: the server closes.
    var isClosing = false
    /// What still comes cannot be understood.
    var isDeaf = false
    var isReadScheduled = false
    var readsFrom: Int64 = 0
    var hasSeenServerEnd = false
    var lastReceived: Int64 = 0
    var lastMoved: Int64 = 0
    var movedBefore: Int64 = 0
    /// When the last request that has been answered was sent.
    var lastAnsweredSent: Int64 = 0
    /// Its end can come without an answer: a broken body after an early answer.
    var mayEnd = false
    var answeredCount = 0
    var isOver = false
    private let answers: AnswerJudge
    /// What had reached the server when the drain began.
    var deliveredAtDrain: Int?

    init(_ simulation: Simulation, number: Int) {
        self.simulation = simulation
        self.number = number
        let world = simulation.world
        let common: [Manner] = [.polite, .polite, .polite, .polite, .administrating, .administrating]
        let restless: [Manner] = [.administrating, .vanishing, .vanishing]
        manner = world.dice.pick(simulation.settings.isRestless ? restless : Manner.allCases + common)
        writer = RequestWriter(simulation: simulation)
        answers = AnswerJudge(simulation, number: number)
        link = Link(
            world, number: number, isWide: manner == .administrating,
            isSlow: [.readingSlowly, .pausing, .neverReading].contains(manner))
        requestsLeft = world.dice.skewed(0...30)
        depth = world.dice.pick([1, 1, 2, 5, 100])
        pieceMax = world.dice.pick([1, 7, 50, 1000, 2_000_000])
        gap = world.dice.pick([0, 100_000, 5 * World.millisecond])
        thinkTime = world.dice.pick([0, 0, World.millisecond, 700 * World.millisecond])
        switch manner {
        case .polite, .administrating, .halfClosing: requestsLeft = max(1, requestsLeft)
        case .neverReading, .pausing: requestsLeft = world.dice.number(1...200)
        case .vanishing: vanishesAt = world.dice.skewed(0...5000)
        case .malformed, .stallingInHead, .stallingInBody: requestsLeft += 1
        case .idling, .readingSlowly: break
        }
        link.client = self
    }

    var description: String {
        "client \(number) (\(manner), \(outstanding.count) unanswered, \(requestsLeft) to send, "
            + "current \(current?.name ?? "none") at \(position), closing \(isClosing))"
    }

    // MARK: Life

    func connect() {
        world.note("client \(number) connects: \(manner)", requestsLeft, depth)
        lastMoved = world.now
        simulation.network.connect(link)
        if manner == .pausing || manner == .neverReading { stopReading() }
        if requestsLeft == 0, manner == .halfClosing || manner == .polite { return close() }
        scheduleSend(after: 0)
        watch()
    }

    /// Closes, and is not interested in anything more.
    func close() {
        guard !isOver else { return }
        isOver = true
        world.note("client \(number) closes")
        link.clientClose()
    }

    func noteDrain() {
        guard !isOver else { return }
        if link.token != nil { deliveredAtDrain = link.deliveredBytes }
    }

    // MARK: Sending

    private func scheduleSend(after delay: Int64) {
        guard !isSendScheduled else { return }
        isSendScheduled = true
        world.after(delay) { [self] in
            isSendScheduled = false
            sendMore()
        }
    }

    /// Sends the next piece.
    func sendMore() {
        guard !isOver, !hasStopped, !isSendScheduled, !hasSeenServerEnd else { return }
        guard !isClosing || manner == .malformed else { return }
        if current == nil {
            guard requestsLeft > 0, outstanding.count < depth else { return }
            beginRequest()
        }
        guard let request = current else { return }
        var end = request.bytes.count
        if request.awaitsContinue, !hasContinue {
            if position >= request.headBytes, !waitsForContinue { return waitForContinue() }
            if position >= request.headBytes { return }
            end = request.headBytes
        }
        if let stop = stopPosition(request) {
            guard position < stop else { return stall() }
            end = min(end, stop)
        }
        guard link.clientRoom > 0 else { return link.waitForRoom() }
        // However small the pieces, a request takes a fraction of a second.
        let most = max(pieceMax, request.bytes.count / 40)
        let count = min(end - position, link.clientRoom, world.dice.number(1...most), vanishesAt - sentBytes)
        if count > 0 { send(request, count) }
        if sentBytes >= vanishesAt { return vanish() }
        if position == request.bytes.count {
            requestEnded()
        } else {
            scheduleSend(after: gap)
        }
    }

    private func beginRequest() {
        requestsLeft -= 1
        var request = nextRequest()
        request.firstStep = world.step
        request.firstTime = world.now
        request.endOffset = sentBytes + request.bytes.count
        current = request
        outstanding.append(request)
        position = 0
        hasContinue = false
        waitsForContinue = false
        world.note("client \(number) begins \(request.name)", request.bytes.count)
    }

    private func nextRequest() -> PlannedRequest {
        let isLast = requestsLeft == 0
        switch manner {
        case .administrating: return writer.administration()
        case .vanishing where settings.isRestless: return writer.administration()
        case .malformed where isLast || (isClosing && world.dice.chance(percent: 50)):
            return world.dice.chance(percent: 75) ? writer.malformed() : writer.malformedBody()
        case .stallingInHead where isLast, .stallingInBody where isLast: return writer.prediction()
        case .neverReading: return writer.metrics()
        case .pausing:
            return world.dice.chance(percent: 50) ? writer.metrics() : writer.prediction()
        default:
            let kind = world.dice.number(0...99)
            if kind < 65 { return writer.prediction() }
            if kind < 77 { return writer.badPrediction() }
            if kind < 80 { return writer.tooLong() }
            return writer.simple()
        }
    }

    private func send(_ request: PlannedRequest, _ count: Int) {
        let part = Array(request.bytes[position..<position + count])
        position += count
        sentBytes += count
        lastMoved = world.now
        link.clientSend(part)
    }

    private func requestEnded() {
        guard let request = current else { return }
        if let index = outstanding.firstIndex(where: { $0.endOffset == request.endOffset }) {
            outstanding[index].sentTime = world.now
        }
        current = nil
        if requestsLeft == 0, manner == .halfClosing {
            hasStopped = true
            return link.clientEnd()
        }
        if request.closes, manner != .malformed {
            hasStopped = true
        } else {
            scheduleSend(after: max(gap, thinkTime))
        }
        closeWhenDone()
    }

    private func waitForContinue() {
        waitsForContinue = true
        let offset = outstanding.last?.endOffset
        // RFC 9110 10.1.1: a client does not wait for ever.
        world.after(World.second) { [self] in
            guard !isOver, current != nil, outstanding.last?.endOffset == offset else { return }
            hasContinue = true
            sendMore()
        }
    }

    /// Where a stalling client stops in its last request.
    private func stopPosition(_ request: PlannedRequest) -> Int? {
        guard requestsLeft == 0 else { return nil }
        switch manner {
        case .stallingInHead: return max(1, request.headBytes / 2)
        case .stallingInBody: return request.headBytes + (request.bytes.count - request.headBytes) / 2
        default: return nil
        }
    }

    /// Sends nothing more: the server must end it, in its time.
    private func stall() {
        hasStopped = true
        world.note("client \(number) stalls")
    }

    private func vanish() {
        world.note("client \(number) vanishes")
        isOver = true
        switch world.dice.number(0...2) {
        case 0: link.clientReset()
        case 1: link.clientClose()
        default:
            link.clientEnd()
            world.after(world.dice.nanoseconds(0...World.second)) { [self] in link.clientClose() }
        }
    }

    // MARK: Receiving

    private func stopReading() {
        readsFrom = .max
        guard manner == .pausing else {
            return beginPatience()
        }
        let pause = settings.http.writeStallTimeout.wholeNanoseconds / 2
        world.after(world.dice.nanoseconds(0...pause)) { [self] in
            readsFrom = 0
            bytesArrived()
        }
    }

    func serverRead(_ total: Int) {}
    func serverSent(_ offered: Span<UInt8>, _ count: Int) {}

    func bytesArrived() { scheduleRead() }

    func endArrived() { scheduleRead() }

    private func scheduleRead() {
        guard !isOver, !isReadScheduled, world.now >= readsFrom else { return }
        isReadScheduled = true
        let pause = manner == .readingSlowly ? world.dice.nanoseconds(0...300 * World.millisecond) : 0
        world.after(pause + world.dice.nanoseconds(0...100_000)) { [self] in
            isReadScheduled = false
            read()
        }
    }

    private func read() {
        guard !isOver else { return }
        let most = manner == .readingSlowly ? max(1, settings.http.limits.outputBytesMax / 20, 200) : Int.max
        let bytes = link.clientRead(atMost: most)
        if !bytes.isEmpty {
            lastReceived = world.now
            movedBefore = lastMoved
            lastMoved = world.now
            if isClosing, !isDeaf {
                return fail("bytes come after the last answer: \(String(decoding: bytes, as: UTF8.self))")
            }
            reader.append(bytes)
            takeResponses()
        }
        guard !isOver else { return }
        if !link.received.isEmpty { return scheduleRead() }
        if link.sawEnd || link.sawReset { serverEnded() }
    }

    func resetArrived() { scheduleRead() }

    private func takeResponses() {
        while !isOver, !isDeaf, let response = reader.next(isHead: outstanding.first?.isHead ?? false) {
            if response.status == 100, manner == .halfClosing, hasStopped, !isAsked {
                // Whether it is still there, since it has ended its direction.
                isAsked = true
                continue
            }
            if response.status == 100 {
                guard outstanding.first?.awaitsContinue == true else { return fail("100 Continue comes unasked") }
                outstanding[0].awaitsContinue = false
                if outstanding[0].endOffset == current?.endOffset { hasContinue = true }
                sendMore()
                continue
            }
            take(response)
        }
        if let error = reader.error { fail("not a response: \(error)") }
        if isClosing, !isDeaf, reader.isInResponse { fail("bytes come behind the last answer") }
    }

    private func take(_ response: ResponseReader.Response) {
        // Refused before it was heard: nobody knew that it would ask for no body.
        if response.status == 503, settings.isFull, answeredCount == 0, outstanding.first?.isHead == true {
            isClosing = true
            isDeaf = true
            return
        }
        guard let request = outstanding.first else {
            isClosing = response.closes
            if response.status != 503 || !settings.isFull || !response.closes {
                fail("\(response.status) comes unasked")
            }
            return
        }
        outstanding.removeFirst()
        answeredCount += 1
        lastAnsweredSent = request.sentTime ?? request.firstTime
        world.note("client \(number) is answered \(response.status) for \(request.name)")
        if response.closes { isClosing = true }
        // A chunked body that nobody wants turns out to be too long only after the answer.
        if request.isChunked, response.status >= 400,
            request.bytes.count - request.headBytes > settings.http.limits.discardBytesMax
        {
            mayEnd = true
        }
        judge(response, request)
        if request.closes, !response.closes, !isOver { fail("no Connection: close for \(request.name)") }
        if let current, current.endOffset == request.endOffset, request.awaitsContinue, !hasContinue {
            // A final answer in place of 100 Continue: the body is not sent.
            if !response.closes { fail("the connection is kept after a final answer instead of 100 Continue") }
        }
        if isClosing {
            if manner != .malformed { hasStopped = true }
            return
        }
        sendMore()
        closeWhenDone()
    }

    private func closeWhenDone() {
        guard !isOver, outstanding.isEmpty, requestsLeft == 0, current == nil, !isClosing, manner != .idling,
            manner != .halfClosing
        else { return }
        world.after(world.dice.nanoseconds(0...World.millisecond)) { [self] in close() }
    }

    func fail(_ text: String) {
        isOver = true
        world.fail("\(description): \(text)")
    }
}

// MARK: What is right

extension SimulatedClient {
    private func judge(_ response: ResponseReader.Response, _ request: PlannedRequest) {
        let status = response.status
        // A request that has not been sent whole, and whose head does not tell the answer.
        if status == 408 { return judgeTimeout(request) }
        if status == 503, settings.isGatheringTight { return }
        if status == 503, settings.isFull, response.closes, answeredCount == 1 { return }
        if let wrong = answers.judge(status, response.body, request) { fail(wrong) }
        if case .malformed = request.kind {
            if !response.closes, !request.isAnsweredEarly { fail("a malformed request does not end the connection") }
            if !response.closes { mayEnd = true }
        }
    }

    func checkUploads() { answers.checkUploads() }
}
