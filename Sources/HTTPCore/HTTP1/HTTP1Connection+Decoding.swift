// Coded bodies: what the framing gives is decoded as it comes, no further than the handler has room for, and gathered;
// lengths, bounds and credit that the handler sees are of decoded bytes.

extension HTTP1Connection {
    /// Looks at how the body is coded.
    mutating func noteContentCoding(_ head: borrowing RequestHead) {
        contentCoding = .identity
        isCodingUnknown = false
        heldBytes = 0
        isDecoderFull = false
        guard head.has(.contentEncoding) else { return }
        // Without a body the field is about nothing; but a POST with a length of 0 claims that it has one.
        let mayLackBody = head.contentLength == nil || head.method == .get || head.method == .head
        if mayLackBody, !head.hasBody { return }
        if let coding = head.contentCoding { contentCoding = coding } else { isCodingUnknown = true }
    }

    /// The coding in which the answer is liked best, for the slot.
    func acceptedCoding(_ head: borrowing RequestHead) -> HTTP1ResponseSlot.Flags {
        switch head.answerCoding {
        case .identity: []
        case .gzip: .acceptsGzip
        case .deflate: .acceptsDeflate
        }
    }

    /// Whether bytes of the body are decoded for the handler.
    var isDecoding: Bool { contentCoding != .identity && delivery != .discarded }

    /// Whether a coded body of that length is longer than anything that may hold `bytesMax` decoded bytes: see
    /// ``ContentCodingFailure/padded``.
    static func isTooLong(coded count: Int, bytesMax: Int) -> Bool {
        (count - BodyDecoder.paddingMax) / 2 > bytesMax
    }

    mutating func stepThroughCodedLength(
        _ input: Span<UInt8>, _ position: inout Int, _ context: inout ConnectionContext
    ) -> Step? {
        let end = position + min(input.count - position, remaining)
        let start = position
        let progress = decode(input.extracting(0..<end), &position, &context)
        remaining -= position - start
        if progress == .needsInput, remaining == 0 { return endContent(&context) }
        return step(progress, &context)
    }

    mutating func stepThroughCodedChunks(
        _ input: Span<UInt8>, _ position: inout Int, _ context: inout ConnectionContext
    ) -> Step? {
        while true {
            if heldBytes > 0 || isDecoderFull {
                let start = position
                let progress = decode(input.extracting(0..<position + heldBytes), &position, &context)
                heldBytes -= position - start
                guard progress == .needsInput else { return step(progress, &context) }
            }
            switch decoder.next(input, at: &position, dataMax: Int.max, limits: context.limits) {
            case .needInput: return step(.needsInput, &context)
            case .data(let range):
                // It is used as far as there is room; the rest comes again.
                position = range.lowerBound
                heldBytes = range.count
            case .end: return endContent(&context)
            case .failed(let failure): return cancelReading(failure, &context)
            }
        }
    }

    /// What became of the bytes at hand.
    private enum Progress: Equatable {
        case needsInput, isFull
        case refused(ContentCodingFailure)
        case failed(RequestFailure)
    }

    private mutating func step(_ progress: Progress, _ context: inout ConnectionContext) -> Step? {
        switch progress {
        case .refused(let failure): return refuseContent(failure, &context)
        case .failed(let failure): return cancelReading(failure, &context)
        case .isFull: return gathered.isEmpty ? .blocked : deliverGathered(isEnd: false)
        case .needsInput:
            return delivery == .streamed && !gathered.isEmpty ? deliverGathered(isEnd: false) : .needInput
        }
    }

    /// Decodes from `input[position...]` to its end.
    private mutating func decode(
        _ input: Span<UInt8>, _ position: inout Int, _ context: inout ConnectionContext
    ) -> Progress {
        guard position < input.count || isDecoderFull else { return .needsInput }
        // Where more is made than may be, one byte tells.
        var room = 0
        switch delivery {
        case .streamed:
            room = min(deliveryBound - unconsumed, HTTP1Connection.gatheredBytesMax) - gathered.count
        default:
            room = min(deliveryBound - gathered.count, context.limits.gatheredBytesMax - context.gatheredBytes)
            room = max(0, room) &+ (room == .max ? 0 : 1)
        }
        isDecoderFull = true
        guard room > 0 else { return .isFull }
        guard let decoder = bodyDecoder ?? context.coders.takeDecoder(contentCoding) else { return .refused(.tooMany) }
        bodyDecoder = decoder
        if gathered.capacity == 0 { gathered = context.takeBuffer() }
        let before = gathered.count
        let progress = decoder.decode(input, at: &position, into: &gathered, roomMax: room)
        context.gatheredBytes += gathered.count - before
        if delivery == .buffered {
            if gathered.count > deliveryBound { return .failed(.bodyTooLong) }
            if context.gatheredBytes > context.limits.gatheredBytesMax { return .failed(.tooManyBodies) }
        }
        isDecoderFull = progress == .full
        return switch progress {
        case .needsInput: .needsInput
        case .full: .isFull
        case .failed(let failure): .refused(failure)
        }
    }

    /// The framing has ended the body; the coding has to agree.
    private mutating func endContent(_ context: inout ConnectionContext) -> Step? {
        let failure = bodyDecoder.map { $0.finish() } ?? .empty
        giveBackDecoder(&context)
        finishBody()
        if let failure { return refuseContent(failure, &context) }
        return deliverGathered(isEnd: true)
    }

    /// Answers for the handler. The framing is not in doubt: what is left of the body is treated as that of any other
    /// early answer.
    private mutating func refuseContent(_ failure: ContentCodingFailure, _ context: inout ConnectionContext) -> Step? {
        let stream = readingStream
        context.recycleBody(takeBody())
        giveBackDecoder(&context)
        if slots[index(stream)].flags.contains(.started) {
            // Half an answer is out: only the end of the connection can still tell.
            isAborted = true
            finishReading(lingering: false)
        } else {
            respond(failure, to: stream, &context)
        }
        return .cancelled(stream: stream)
    }

    mutating func respond(_ failure: ContentCodingFailure, to stream: UInt32, _ context: inout ConnectionContext) {
        context.count(failure.counted)
        let body = ProblemBody.bytes(failure.status, detail: failure.detail)
        respond(stream, failure.status, failure.fields, body: body.span, context: &context)
    }

    mutating func giveBackDecoder(_ context: inout ConnectionContext) {
        guard let decoder = bodyDecoder.take() else { return }
        context.coders.giveBack(decoder)
    }
}
