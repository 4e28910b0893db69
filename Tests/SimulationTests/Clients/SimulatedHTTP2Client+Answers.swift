import HTTP2Wire
import HTTPServer

// What the server sends, frame by frame.
extension SimulatedHTTP2Client {
    func take(_ bytes: [UInt8]) {
        if settings.isFull, transcript.frames.isEmpty, bytes.first == UInt8(ascii: "H") {
            // Refused before it was heard, in HTTP/1.
            wasShed = true
        }
        guard !wasShed else { return }
        transcript.take(bytes) { frame in
            guard !isOver else { return }
            handle(frame)
        }
        sendMore()
    }

    private func handle(_ frame: HTTP2Frame) {
        if frame.payload.count > 16384 { fail("a frame of \(frame.payload.count) bytes") }
        if transcript.frames.count == 1, frame.type != HTTP2Frame.Kind.settings.rawValue {
            fail("SETTINGS do not come first")
        }
        switch HTTP2Frame.Kind(rawValue: frame.type) {
        case .settings: if frame.flags & HTTP2Frame.acknowledgement == 0 { takeSettings(frame) }
        case .ping:
            if frame.flags & HTTP2Frame.acknowledgement == 0 {
                put(HTTP2Frame(.ping, flags: HTTP2Frame.acknowledgement, frame.payload))
            }
        case .windowUpdate:
            if frame.stream == 0 { sendWindow += word(frame) } else { stream(frame.stream)?.sendWindow += word(frame) }
            if sendWindow > Int(Int32.max) { fail("the connection's window overflows") }
            // Also where nothing will be sent any more.
            for stream in streams where min(stream.sendWindow, sendWindow) > 0 { stream.shutSince = nil }
        case .headers: takeHead(frame)
        case .data: takeData(frame)
        case .resetStream: takeReset(frame)
        case .goAway: takeGoAway(frame)
        default: fail("a frame of type \(frame.type)")
        }
    }

    private func word(_ frame: HTTP2Frame, at start: Int = 0) -> Int {
        frame.payload[start..<start + 4].reduce(0) { $0 << 8 | Int($1) }
    }

    private func takeSettings(_ frame: HTTP2Frame) {
        knowsSettings = true
        for start in stride(from: 0, to: frame.payload.count, by: 6) {
            let value = word(frame, at: start + 2)
            switch frame.payload[start + 1] {
            case 3: streamsMax = value
            case 4:
                for stream in streams { stream.sendWindow += value - serverWindow }
                serverWindow = value
            default: break
            }
        }
        put(HTTP2Frame(.settings, flags: HTTP2Frame.acknowledgement))
    }

    private func takeHead(_ frame: HTTP2Frame) {
        guard frame.flags & HTTP2Frame.endHeaders != 0 else { return fail("a head in parts") }
        guard let stream = open(frame) else { return }
        let answer = transcript.answer(stream.id)
        if answer.fields["error"] != nil || answer.trailers["error"] != nil { return fail("a broken field block") }
        let isEnd = frame.flags & HTTP2Frame.endStream != 0
        if answer.status == 100 {
            if stream.hasAnswerBegun || isEnd { fail("100 comes late, for \(stream.name)") }
            stream.awaitsContinue = false
            return
        }
        if stream.hasAnswerBegun, !isEnd || answer.trailers.isEmpty { fail("a second head of \(stream.name)") }
        stream.hasAnswerBegun = true
        if answer.fields["date"] == nil { fail("no Date for \(stream.name)") }
        if answer.fields["connection"] != nil { fail("Connection for \(stream.name)") }
        if isEnd { ended(stream) }
    }

    private func takeData(_ frame: HTTP2Frame) {
        let count = frame.payload.count
        receiveWindow -= count
        if receiveWindow < 0 { return fail("the connection's window is overrun") }
        owed += count
        openConnectionWindow()
        guard let stream = open(frame) else { return }
        if !stream.hasAnswerBegun { return fail("DATA before the head of \(stream.name)") }
        stream.receiveWindow -= count
        if stream.receiveWindow < 0 { return fail("the window of \(stream.name) is overrun") }
        stream.owed += count
        if stream.isWatch { checkWatch(stream) }
        if frame.flags & HTTP2Frame.endStream != 0 { return ended(stream) }
        openWindow(stream)
    }

    /// The stream of a frame of an answer; nil where it has been reset.
    private func open(_ frame: HTTP2Frame) -> SimulatedHTTP2Stream? {
        if resetStreams.contains(frame.stream) { return nil }
        if endedAnswers.contains(frame.stream) {
            fail("a frame behind the end of stream \(frame.stream)")
            return nil
        }
        if let stream = stream(frame.stream) { return stream }
        fail("a frame of type \(frame.type) of stream \(frame.stream), which is not open")
        return nil
    }

    private func takeReset(_ frame: HTTP2Frame) {
        let code = word(frame)
        guard let stream = stream(frame.stream) else {
            if !endedAnswers.contains(frame.stream), !resetStreams.contains(frame.stream) {
                fail("stream \(frame.stream) is reset, which is not open")
            }
            return
        }
        world.note("client \(number) sees stream \(stream.id) reset with \(code)")
        resetStreams.insert(stream.id)
        drop(stream)
        if stream.isAnswered {
            if code != 0 { fail("\(stream.name) is reset with \(code) after its answer") }
            return
        }
        switch (stream.request.kind, code) {
        case (.brokenStream, 1): break
        case (_, 7) where stream.mayBeRefused && !stream.hasAnswerBegun: judge.wasRefused(stream.request)
        case (_, 11) where settings.isGatheringTight: break
        // Its own window has stayed shut for too long: `serverSent` looks for how long.
        case (_, 8) where !readsPromptly || hasStopped: break
        default: fail("\(stream.name) is reset with \(code)")
        }
    }

    private func takeGoAway(_ frame: HTTP2Frame) {
        let last = UInt32(word(frame))
        let code = word(frame, at: 4)
        world.note("client \(number) sees GOAWAY", Int(last), code)
        hasNotice = true
        if last > lastTaken ?? .max { fail("GOAWAY takes back its last stream") }
        lastTaken = last
        switch code {
        case 0: break
        case 11 where manner == .stallingInFrame && hasStopped:
            if world.now < frameStart + settings.http.headTimeout.wholeNanoseconds { fail("a frame times out early") }
        case 1, 3, 5, 6, 9: if !hasBroken { fail("GOAWAY with \(code)") }
        default: fail("GOAWAY with \(code)")
        }
        // What has not been taken will not be answered.
        for stream in streams where stream.id > last {
            if stream.hasAnswerBegun { fail("\(stream.name) was answered, and not taken") }
            judge.wasRefused(stream.request)
            drop(stream)
        }
    }

    /// A whole answer.
    private func ended(_ stream: SimulatedHTTP2Stream) {
        let answer = transcript.answer(stream.id)
        stream.isAnswered = true
        lastAnsweredSent = stream.sentTime ?? stream.request.firstTime
        endedAnswers.insert(stream.id)
        world.note("client \(number) is answered \(answer.status) for \(stream.name)")
        if let length = answer.fields["content-length"], !stream.request.isHead, length != "\(answer.body.count)" {
            fail("\(answer.body.count) bytes instead of \(length) for \(stream.name)")
        }
        judgeAnswer(stream, answer)
        stream.awaitsContinue = false
        if stream.hasEndedSending { return drop(stream) }
        // The rest of the body is of no use: it is sent until the server resets, or left out.
        if manner != .stallingInBody, world.dice.chance(percent: 50) { reset(stream) }
    }

    private func judgeAnswer(_ stream: SimulatedHTTP2Stream, _ answer: HTTP2Transcript.Answer) {
        if answer.status == 408 { return judgeTimeout(stream) }
        if answer.status == 503, settings.isGatheringTight { return }
        if let wrong = judge.judge(answer.status, answer.body, stream.request) { return fail(wrong) }
        simulation.http2AnswerCount += 1
        guard case .call(let isWatch) = stream.request.kind else { return }
        let status = answer.trailers["grpc-status"] ?? answer.fields["grpc-status"]
        // A deadline may have been set for it.
        if status == "4" { return }
        if isWatch {
            if status != "14" || simulation.drainedAt == nil { fail("\(stream.name) ends with \(status ?? "nothing")") }
            if answer.body.suffix(7) != HealthText.notServing[...] { fail("\(stream.name) is not told of the drain") }
        } else if status != "0" || !HealthText.isRight(answer.body, isDrained: simulation.drainedAt != nil) {
            fail("\(stream.name) ends with \(status ?? "nothing") and \(answer.body)")
        }
    }

    private func checkWatch(_ stream: SimulatedHTTP2Stream) {
        let all = HealthText.serving + HealthText.notServing
        let body = transcript.answer(stream.id).body
        let isRight = all.starts(with: body) || (simulation.drainedAt != nil && all.suffix(7).starts(with: body))
        if !isRight { fail("\(stream.name) is told \(body)") }
    }

    // MARK: Windows

    private var openingDelay: Int64 {
        manner == .openingLate
            ? world.dice.nanoseconds(0...settings.http.writeStallTimeout.wholeNanoseconds / 3)
            : world.dice.pick([0, 0, 5 * World.millisecond])
    }

    private static let growth = 3000

    /// Gives back what a stream owes, and some more where its window is small.
    func openWindow(_ stream: SimulatedHTTP2Stream) {
        guard manner != .neverOpening, !stream.isOpening, stream.receiveWindow <= window / 2 else { return }
        stream.isOpening = true
        world.after(openingDelay) { [self] in
            stream.isOpening = false
            guard !isOver, !hasBroken, !stream.isAnswered, streams.contains(where: { $0 === stream }) else { return }
            let count = stream.owed + (window < Self.growth ? Self.growth : 0)
            guard count > 0 else { return }
            stream.owed = 0
            stream.receiveWindow += count
            put(HTTP2Frame.window(stream.id, UInt32(count)))
            sendMore()
        }
    }

    private func openConnectionWindow() {
        guard manner != .neverOpening, !isOpening, owed > 30_000 else { return }
        isOpening = true
        world.after(openingDelay) { [self] in
            isOpening = false
            guard !isOver, !hasBroken, owed > 0 else { return }
            receiveWindow += owed
            put(HTTP2Frame.window(0, UInt32(owed)))
            owed = 0
            sendMore()
        }
    }
}

/// The messages of the health service, in gRPC's framing.
enum HealthText {
    static let serving: [UInt8] = [0, 0, 0, 0, 2, 8, 1]
    static let notServing: [UInt8] = [0, 0, 0, 0, 2, 8, 2]

    static func isRight(_ body: [UInt8], isDrained: Bool) -> Bool {
        body == serving || (isDrained && body == notServing)
    }
}
