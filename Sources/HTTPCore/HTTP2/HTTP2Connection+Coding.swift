// Coded bodies, as in HTTP1Connection+Decoding.swift: bytes are decoded as they come, no further than the handler has
// room for; lengths, bounds and credit that it sees are of decoded bytes. A stream's window is of coded ones.

extension HTTP2Connection {
    /// Looks at how the request's body is coded and how its answer may be.
    mutating func noteCodings(_ place: Int, _ head: borrowing RequestHead) {
        if head.has(.acceptEncoding) { session.core.streams[place].accepted = head.answerCoding }
        // Of POST and PUT the body is always wanted: without a byte it is not a whole coded one either.
        guard head.has(.contentEncoding), head.hasBody || head.method == .post || head.method == .put else { return }
        if let coding = head.contentCoding {
            session.core.streams[place].coding = coding
        } else {
            session.core.streams[place].flags.insert(.isCodingUnknown)
        }
    }

    /// Takes coded bytes of a body that is wanted.
    mutating func takeCoded(
        _ place: Int, _ input: Span<UInt8>, _ range: Range<Int>, _ isEnd: Bool, _ context: inout ConnectionContext
    ) -> Step? {
        let stream = session.core.streams[place].id
        if session.core.streams[place].delivery == .streamed {
            session.consumeConnection(range.count)
            guard context.mayGather(range.count) else { return resetStream(place, .enhanceYourCalm) }
            if session.core.streams[place].coded.capacity == 0 {
                session.core.streams[place].coded = context.takeBuffer()
            }
            session.core.streams[place].coded.append(copying: input, range)
            context.gatheredBytes += range.count
            return pump(place, &context)
        }
        if isEnd { session.consumeConnection(range.count) } else { session.consume(stream, range.count) }
        let bound = session.core.streams[place].bound
        var position = range.lowerBound
        while true {
            // One byte more than there is room for tells that there is too much.
            let room = min(
                bound - session.core.streams[place].gathered.count,
                context.limits.gatheredBytesMax - context.gatheredBytes)
            let progress = decode(
                place, input.extracting(0..<range.upperBound), &position,
                roomMax: max(0, room) &+ (room == .max ? 0 : 1),
                &context)
            if session.core.streams[place].gathered.count > bound {
                refuse(stream, .bodyTooLong, &context)
                return .cancelled(stream: stream)
            }
            if context.gatheredBytes > context.limits.gatheredBytesMax {
                refuse(stream, .tooManyBodies, &context)
                return .cancelled(stream: stream)
            }
            switch progress {
            case .full: continue
            case .failed(let failure): return refuseContent(place, failure, &context)
            case .needsInput:
                guard isEnd else { return nil }
                if let failure = endContent(place, &context) { return refuseContent(place, failure, &context) }
                return deliver(place, count: session.core.streams[place].gathered.count)
            }
        }
    }

    /// Decodes what has come of a streamed body, as far as the handler has room, and hands it on.
    mutating func pump(_ place: Int, _ context: inout ConnectionContext) -> Step? {
        let stream = session.core.streams[place].id
        let room = min(
            session.core.streams[place].bound - session.core.streams[place].unconsumed,
            HTTP1Connection.gatheredBytesMax)
        guard room > 0 else { return nil }
        var coded: [UInt8] = []
        swap(&coded, &session.core.streams[place].coded)
        var position = 0
        let progress = decode(place, coded.span, &position, roomMax: room, &context)
        coded.removeFirst(position)
        context.gatheredBytes -= position
        swap(&coded, &session.core.streams[place].coded)
        let hasEnded = session.core.streams[place].flags.contains(.requestEnded)
        if position > 0, !hasEnded { session.consumeStream(stream, position) }

        var isEnd = false
        switch progress {
        case .failed(let failure): return refuseContent(place, failure, &context)
        case .full: due.append(stream)
        case .needsInput:
            guard hasEnded else { break }
            if let failure = endContent(place, &context) { return refuseContent(place, failure, &context) }
            isEnd = true
            session.core.streams[place].flags.insert(.endDelivered)
        }
        var body: [UInt8] = []
        swap(&body, &session.core.streams[place].gathered)
        guard isEnd || !body.isEmpty else {
            context.recycleBody(consume body)
            return nil
        }
        session.core.streams[place].unconsumed += body.count
        delivered = consume body
        return .gatheredBody(stream: stream, isEnd: isEnd)
    }

    /// Decodes from `input[position...]` behind what the stream has gathered.
    private mutating func decode(
        _ place: Int, _ input: Span<UInt8>, _ position: inout Int, roomMax: Int, _ context: inout ConnectionContext
    ) -> BodyDecoder.Progress {
        let known = session.core.streams[place].decoder
        guard let decoder = known ?? context.coders.takeDecoder(session.core.streams[place].coding) else {
            return .failed(.tooMany)
        }
        session.core.streams[place].decoder = decoder
        var gathered: [UInt8] = []
        swap(&gathered, &session.core.streams[place].gathered)
        if gathered.capacity == 0 { gathered = context.takeBuffer() }
        let before = gathered.count
        let progress = decoder.decode(input, at: &position, into: &gathered, roomMax: roomMax)
        context.gatheredBytes += gathered.count - before
        swap(&gathered, &session.core.streams[place].gathered)
        return progress
    }

    /// The framing has ended the body; the coding has to agree.
    private mutating func endContent(_ place: Int, _ context: inout ConnectionContext) -> ContentCodingFailure? {
        guard let decoder = session.core.streams[place].decoder.take() else { return .empty }
        let failure = decoder.finish()
        context.coders.giveBack(decoder)
        return failure
    }

    /// Answers for the handler.
    private mutating func refuseContent(
        _ place: Int, _ failure: ContentCodingFailure, _ context: inout ConnectionContext
    ) -> Step {
        let stream = session.core.streams[place].id
        respond(failure, to: place, &context)
        return .cancelled(stream: stream)
    }

    mutating func respond(_ failure: ContentCodingFailure, to place: Int, _ context: inout ConnectionContext) {
        let stream = session.core.streams[place].id
        if session.core.streams[place].flags.contains(.started) {
            session.core.streams[place].flags.insert(.ended)
            answerEnded(place, &context)
            session.reset(stream, .cancel)
            return
        }
        context.count(failure.counted)
        let body = ProblemBody.bytes(failure.status, detail: failure.detail)
        respond(stream, failure.status, failure.fields, body: body.span, context: &context)
    }

    /// Gives back what is held of a request's body.
    mutating func dropBody(_ place: Int, _ context: inout ConnectionContext) {
        var gathered: [UInt8] = []
        swap(&gathered, &session.core.streams[place].gathered)
        context.recycleBody(consume gathered)
        var coded: [UInt8] = []
        swap(&coded, &session.core.streams[place].coded)
        context.recycleBody(consume coded)
        if let decoder = session.core.streams[place].decoder.take() { context.coders.giveBack(decoder) }
    }

    // MARK: Answers

    /// A whole answer whose body may be worth coding.
    mutating func respondCodable(
        _ place: Int, _ status: HTTPStatus, _ fields: ResponseFields, _ body: Span<UInt8>,
        _ context: inout ConnectionContext
    ) {
        let accepted = session.core.streams[place].accepted
        let coding = AnswerCoding.of(fields, status, bodyBytes: body.count, accepted: accepted, context.limits)
        guard coding == .gzip || coding == .deflate else {
            return answerWhole(place, status, fields, coding, body, &context)
        }
        var coded = OutputBuffer()
        swap(&coded, &context.coded)
        if context.coders.encode(whole: body, accepted, into: &coded) {
            answerWhole(place, status, fields, coding, coded.bytes, &context)
        } else {
            answerWhole(place, status, fields, .varies, body, &context)
        }
        coded.removeAll(keepingMax: ConnectionContext.bufferBytesKept)
        swap(&coded, &context.coded)
    }

    /// Decides how the body of an answer that has begun is coded, and takes an encoder where it is.
    mutating func beginCoding(_ place: Int, _ context: inout ConnectionContext) {
        let accepted = session.core.streams[place].accepted
        let coding = AnswerCoding.of(
            session.core.streams[place].fields, session.core.streams[place].status, bodyBytes: nil,
            accepted: accepted, context.limits)
        session.core.streams[place].answerCoding = coding
        guard coding == .gzip || coding == .deflate, !session.core.streams[place].flags.contains(.isHead) else {
            return
        }
        if let encoder = context.coders.takeEncoder(accepted) {
            session.core.streams[place].encoder = encoder
        } else {
            session.core.streams[place].answerCoding = .varies
        }
    }

    /// Queues what an encoder makes.
    mutating func queueCoded(
        _ place: Int, _ context: inout ConnectionContext, _ encode: (inout OutputBuffer) -> Void
    ) {
        var coded = OutputBuffer()
        swap(&coded, &context.coded)
        encode(&coded)
        queue(place, coded.bytes, &context)
        coded.removeAll(keepingMax: ConnectionContext.bufferBytesKept)
        swap(&coded, &context.coded)
    }
}
