extension HTTP2Connection {
    // Types of frames (RFC 9113 6).
    private enum FrameType {
        static let data: UInt8 = 0
        static let headers: UInt8 = 1
        static let reset: UInt8 = 3
        static let continuation: UInt8 = 9
    }

    private static let endStream: UInt8 = 1
    private static let endHeaders: UInt8 = 4

    /// Looks at `input[position...]` and says what is to be done next, as ``HTTP1Connection`` does.
    ///
    /// - Complexity: O(bytes used).
    package mutating func step(
        _ input: Span<UInt8>, at position: inout Int, head: inout RequestHead, context: inout ConnectionContext
    ) -> Step {
        while true {
            guard session.isOpen else { return .finished }
            if let stream = settleClosed(&context) { return .cancelled(stream: stream) }
            if let step = deliverDue(position, &context) { return step }
            switch reading {
            case .mode: preconditionFailure("accept comes after a head")
            case .finished: return .finished
            case .frames: break
            }
            // A peer that does not read what it makes us say is not listened to.
            guard output.count < HTTP2Connection.framesAheadMax else { return .blocked }
            guard let frame = nextFrame(input, position, context.nanoseconds) else { return .needInput }
            position = frame.upperBound
            guard reading == .frames else { continue }
            session.core.now = context.nanoseconds
            session.core.event = .none
            let error = session.receive(input.extracting(frame))
            isPrefaceRead = true
            if error != 0 {
                // The library has given up; which of the bounds it was makes no difference to the peer.
                terminate(.enhanceYourCalm)
                continue
            }
            if !isInFieldBlock { frameMark &+= 1 }
            if let step = handleEvent(input, frame.lowerBound, &head, &context) { return step }
        }
    }

    /// The next frame, whole; `nil` where not all of it has come.
    private mutating func nextFrame(_ input: Span<UInt8>, _ position: Int, _ now: Int64) -> Range<Int>? {
        let available = input.count - position
        guard isPrefaceRead else {
            return available >= HTTP2Connection.prefaceBytes ? position..<position + HTTP2Connection.prefaceBytes : nil
        }
        guard available >= HTTP2Connection.frameHeaderBytes else { return nil }
        let length = Int(input[position]) << 16 | Int(input[position + 1]) << 8 | Int(input[position + 2])
        // The session says FRAME_SIZE_ERROR when it sees the header.
        let size = HTTP2Connection.frameHeaderBytes + (length > HTTP2Connection.frameBytesMax ? 0 : length)
        guard available >= size else { return nil }
        noteFrame(input[position + 3], flags: input[position + 4], length, now)
        return position..<position + size
    }

    /// Whether the bytes, of which some have come, are those of a DATA frame.
    package static func isData(_ bytes: Span<UInt8>) -> Bool { bytes.count > 3 && bytes[3] == FrameType.data }

    /// Counts what is of no use, before it costs anything.
    private mutating func noteFrame(_ type: UInt8, flags: UInt8, _ length: Int, _ now: Int64) {
        switch type {
        case FrameType.headers, FrameType.continuation:
            isInFieldBlock = flags & HTTP2Connection.endHeaders == 0
            return
        case FrameType.data where length > 0 || flags & HTTP2Connection.endStream != 0: return
        case FrameType.reset:
            if !session.core.cancellations.take(now: now) { terminate(.enhanceYourCalm) }
            return
        default: break
        }
        if !session.core.idleFrames.take(now: now) { terminate(.enhanceYourCalm) }
    }

    private mutating func handleEvent(
        _ input: Span<UInt8>, _ start: Int, _ head: inout RequestHead, _ context: inout ConnectionContext
    ) -> Step? {
        switch session.core.event {
        case .none: return nil
        case .head(let place): return begin(place, &head, &context)
        case .data(let place, let range, let isEnd):
            return take(place, input, range.lowerBound + start..<range.upperBound + start, isEnd, &context)
        case .end(let place): return take(place, input, start..<start, true, &context)
        }
    }

    // MARK: Heads

    private mutating func begin(
        _ place: Int, _ head: inout RequestHead, _ context: inout ConnectionContext
    ) -> Step? {
        let stream = session.core.streams[place].id
        session.core.builder.exchange(with: &head)
        if isDraining { answersInDrain = true }
        if head.method == .head { session.core.streams[place].flags.insert(.isHead) }
        if let failure = session.core.builder.failure {
            session.core.streams[place].delivery = .discarded
            refuse(stream, failure, &context)
            return nil
        }
        session.core.streams[place].flags.insert(.isKnown)
        noteCodings(place, head)
        acceptingPlace = place
        acceptingLength = head.contentLength ?? 0
        acceptingContinue = head.expectsContinue && head.hasBody
        reading = .mode
        return .head(stream: stream)
    }

    /// Takes the handler's choice for the body of the request whose head came last. What has arrived behind the head
    /// may be another stream's, so a client that waits for 100 gets it in any case.
    ///
    /// - Returns: false where the handler has to be told that the exchange is over.
    package mutating func accept(_ mode: BodyMode, context: inout ConnectionContext) -> Bool {
        precondition(reading == .mode, "accept comes after a head")
        reading = .frames
        let place = acceptingPlace
        let stream = session.core.streams[place].id
        let hasEnded = session.core.streams[place].flags.contains(.requestEnded)
        session.core.streams[place].bodyStart = context.nanoseconds
        // The handler may have answered already.
        guard session.core.streams[place].isUnanswered else {
            session.core.streams[place].delivery = .discarded
            return true
        }
        let isCoded = session.core.streams[place].coding != .identity
        switch mode {
        case .buffered where session.core.streams[place].flags.contains(.isCodingUnknown),
            .streamed where session.core.streams[place].flags.contains(.isCodingUnknown):
            respond(.unsupported, to: place, &context)
            return false
        case .answered(let status, let fields, let body):
            respond(stream, status, fields, body: body.span, context: &context)
            return true
        case .buffered(let bytesMax):
            let isTooLong =
                isCoded
                ? HTTP1Connection.isTooLong(coded: acceptingLength, bytesMax: max(0, bytesMax))
                : acceptingLength > max(0, bytesMax)
            guard !isTooLong else {
                refuse(stream, .bodyTooLong, &context)
                return false
            }
            session.core.streams[place].delivery = .buffered
            session.core.streams[place].bound = max(0, bytesMax)
        case .streamed(let windowBytes, let isPaced):
            if !isPaced { session.core.streams[place].flags.insert(.isUnpaced) }
            session.core.streams[place].delivery = .streamed
            session.core.streams[place].bound = max(1, windowBytes)
            // A window as large as the handler's, within the bound of all streams' windows.
            let wanted = min(windowBytes, context.limits.connectionWindowBytes)
            let more = wanted - context.limits.streamWindowBytes
            if !hasEnded, !isCoded, more > 0 { session.widen(stream, by: more) }
        }
        if hasEnded {
            due.append(stream)
        } else if acceptingContinue {
            session.sayContinue(stream)
        }
        return true
    }

    // MARK: Bodies

    private mutating func take(
        _ place: Int, _ input: Span<UInt8>, _ range: Range<Int>, _ isEnd: Bool, _ context: inout ConnectionContext
    ) -> Step? {
        let stream = session.core.streams[place].id
        let count = range.count
        session.core.streams[place].bodyBytes += count
        let delivery = session.core.streams[place].delivery
        if session.core.streams[place].coding != .identity, delivery == .buffered || delivery == .streamed {
            return takeCoded(place, input, range, isEnd, &context)
        }
        switch delivery {
        case .undecided, .discarded:
            // Until the reset: a client that reads the answer only when it has sent all should come to that.
            if isEnd { session.consumeConnection(count) } else { session.consume(stream, count) }
            return nil
        case .buffered:
            // Nothing is given back to a stream that has ended.
            if isEnd { session.consumeConnection(count) } else { session.consume(stream, count) }
            let held = session.core.streams[place].gathered.count
            guard count <= session.core.streams[place].bound - held else {
                refuse(stream, .bodyTooLong, &context)
                return .cancelled(stream: stream)
            }
            if isEnd, held == 0 {
                session.core.streams[place].flags.insert(.endDelivered)
                return .body(stream: stream, range, isEnd: true)
            }
            guard context.mayGather(count) else {
                refuse(stream, .tooManyBodies, &context)
                return .cancelled(stream: stream)
            }
            gather(place, input, range, &context)
            return isEnd ? deliver(place, count: held + count) : nil
        case .streamed:
            // The connection's window is not kept shut by one slow taker; the stream's is.
            session.consumeConnection(count)
            let room = session.core.streams[place].bound - session.core.streams[place].unconsumed
            if session.core.streams[place].gathered.isEmpty, count <= room {
                session.core.streams[place].unconsumed += count
                if isEnd { session.core.streams[place].flags.insert(.endDelivered) }
                return .body(stream: stream, range, isEnd: isEnd)
            }
            guard context.mayGather(count) else {
                return resetStream(place, .enhanceYourCalm)
            }
            gather(place, input, range, &context)
            if room > 0 { due.append(stream) }
            return nil
        }
    }

    private mutating func gather(
        _ place: Int, _ input: Span<UInt8>, _ range: Range<Int>, _ context: inout ConnectionContext
    ) {
        if session.core.streams[place].gathered.capacity == 0 {
            session.core.streams[place].gathered = context.takeBuffer()
        }
        session.core.streams[place].gathered.append(copying: input, range)
        context.gatheredBytes += range.count
    }

    /// Hands on the first `count` gathered bytes.
    mutating func deliver(_ place: Int, count: Int) -> Step {
        let stream = session.core.streams[place].id
        if count == session.core.streams[place].gathered.count {
            var body: [UInt8] = []
            swap(&body, &session.core.streams[place].gathered)
            delivered = body
        } else {
            delivered = Array(session.core.streams[place].gathered[..<count])
            session.core.streams[place].gathered.removeFirst(count)
        }
        let isEnd =
            session.core.streams[place].gathered.isEmpty
            && session.core.streams[place].flags.contains(.requestEnded)
        if isEnd { session.core.streams[place].flags.insert(.endDelivered) }
        return .gatheredBody(stream: stream, isEnd: isEnd)
    }

    /// What can be delivered without input: the end of a request without a body, and what waited for credit.
    private mutating func deliverDue(_ position: Int, _ context: inout ConnectionContext) -> Step? {
        while let stream = due.popLast() {
            guard let place = session.place(of: stream), session.core.streams[place].isUnanswered,
                session.core.streams[place].delivery != .discarded
            else { continue }
            if session.core.streams[place].coding != .identity {
                if session.core.streams[place].flags.contains(.endDelivered) { continue }
                if session.core.streams[place].delivery == .buffered {
                    // Ended without a byte.
                    respond(.empty, to: place, &context)
                    return .cancelled(stream: stream)
                }
                if let step = pump(place, &context) { return step }
                continue
            }
            if session.core.streams[place].gathered.isEmpty {
                let flags = session.core.streams[place].flags
                guard flags.contains(.requestEnded), !flags.contains(.endDelivered) else { continue }
                session.core.streams[place].flags.insert(.endDelivered)
                return .body(stream: stream, position..<position, isEnd: true)
            }
            guard session.core.streams[place].delivery == .streamed else { continue }
            let room = session.core.streams[place].bound - session.core.streams[place].unconsumed
            guard room > 0 else { continue }
            let count = min(room, session.core.streams[place].gathered.count)
            session.core.streams[place].unconsumed += count
            return deliver(place, count: count)
        }
        return nil
    }

    /// The body that was gathered; to be given back by `recycleBody`.
    package mutating func takeBody() -> [UInt8] {
        var body: [UInt8] = []
        swap(&body, &delivered)
        return body
    }

    /// Gives back credit for a streamed body.
    package mutating func consumed(_ stream: UInt32, bytes: Int) {
        guard let place = session.place(of: stream), session.core.streams[place].delivery == .streamed else { return }
        let count = min(max(0, bytes), session.core.streams[place].unconsumed)
        guard count > 0 else { return }
        session.core.streams[place].unconsumed -= count
        if session.core.streams[place].coding != .identity { return due.append(stream) }
        if !session.core.streams[place].gathered.isEmpty { due.append(stream) }
        if !session.core.streams[place].flags.contains(.requestEnded) { session.consumeStream(stream, count) }
    }

    // MARK: Bodies that come too slowly

    /// Until when each body that is being received must have more, the earliest of all; `nil` where none is.
    ///
    /// - Complexity: O(streams).
    package func bodyDeadline(_ rate: HTTP2BodyRate) -> Int64? {
        guard session.isOpen, reading != .finished else { return nil }
        var earliest: Int64?
        for place in session.core.streams.indices {
            guard let end = bodyDeadline(place, rate) else { continue }
            earliest = min(earliest ?? Int64.max, end)
        }
        return earliest
    }

    private func bodyDeadline(_ place: Int, _ rate: HTTP2BodyRate) -> Int64? {
        let start = session.core.streams[place].bodyStart
        if session.core.streams[place].flags.contains(.answeredEarly) {
            return rate.resetTime(answered: start)
        }
        guard session.core.streams[place].isReceiving, !session.core.streams[place].flags.contains(.isUnpaced) else {
            return nil
        }
        let paced = rate.deadline(start: start, bytes: session.core.streams[place].bodyBytes)
        return session.core.streams[place].delivery == .buffered ? min(paced, rate.lastTime(start: start)) : paced
    }

    /// Refuses one stream whose body has come too slowly: 408, or a reset where its answer has begun. Those that were
    /// answered some time ago are reset without more ado.
    ///
    /// - Returns: the exchange which the handler has to be told about; `nil` if none is late.
    package mutating func timeOutBody(_ rate: HTTP2BodyRate, context: inout ConnectionContext) -> UInt32? {
        guard session.isOpen, reading != .finished else { return nil }
        for place in session.core.streams.indices {
            guard let end = bodyDeadline(place, rate), end <= context.nanoseconds else { continue }
            let stream = session.core.streams[place].id
            if session.core.streams[place].flags.contains(.answeredEarly) {
                session.core.streams[place].flags.remove(.answeredEarly)
                session.reset(stream, .none)
                continue
            }
            refuse(stream, .bodyTimeout, &context)
            return stream
        }
        return nil
    }

    // MARK: Ends

    /// A stream that the session has closed: takes its buffers back.
    ///
    /// - Returns: the exchange which the handler has to be told about.
    mutating func settleClosed(_ context: inout ConnectionContext) -> UInt32? {
        while let place = session.core.closed.popLast() {
            let stream = session.core.streams[place].id
            let isUnanswered = session.core.streams[place].isUnanswered
            let isCancelled = session.core.streams[place].flags.contains(.isCancelled)
            session.core.queuedBytes -= session.core.streams[place].outputCount
            if session.core.streams[place].flags.contains(.wantsWritable) { session.core.owedWritable -= 1 }
            dropBody(place, &context)
            if let encoder = session.core.streams[place].encoder.take() { context.coders.giveBack(encoder) }
            context.recycleAnswer(&session.core.streams[place].output)
            session.core.release(place)
            if isUnanswered {
                if isCancelled { context.abandonedCount += 1 }
                return stream
            }
        }
        return nil
    }

    /// Closes a stream from our side.
    mutating func resetStream(_ place: Int, _ error: HTTP2Error) -> Step? {
        let stream = session.core.streams[place].id
        session.core.streams[place].flags.insert(.ended)
        session.core.streams[place].delivery = .discarded
        session.reset(stream, error)
        return .cancelled(stream: stream)
    }

    /// Gives the one answer to a request that is not read on.
    mutating func refuse(_ stream: UInt32, _ failure: RequestFailure, _ context: inout ConnectionContext) {
        guard let place = session.place(of: stream) else { return }
        if session.core.streams[place].flags.contains(.started) {
            session.core.streams[place].flags.insert(.ended)
            answerEnded(place, &context)
            session.reset(stream, .cancel)
            return
        }
        context.count(failure)
        let body = ProblemBody.bytes(failure.status, detail: failure.detail)
        respond(stream, failure.status, failure.fields, body: body.span, context: &context)
    }
}
