extension HTTP1Connection {
    /// Looks at `input[position...]` and says what is to be done next.
    ///
    /// `input` holds bytes that have not been used; what is left of them must come again, first, the next time.
    /// `position` is moved behind what was used. `head` is filled in where the step is `head`.
    ///
    /// - Complexity: O(bytes used).
    package mutating func step(
        _ input: Span<UInt8>, at position: inout Int, head: inout RequestHead, context: inout ConnectionContext
    ) -> Step {
        while true {
            switch reading {
            case .head:
                guard canBegin(context.limits) else { return .blocked }
                guard position < input.count else { return .needInput }
                switch parser.parse(input, from: position, limits: context.limits, into: &head) {
                case .incomplete: return .needInput
                case .failed(let failure): _ = fail(failure, context: &context)
                case .complete(let end):
                    position = end
                    return begin(head)
                }
            case .mode: preconditionFailure("accept comes after a head")
            case .length:
                if let step = stepThroughLength(input, &position, &context) { return step }
            case .chunks:
                if let step = stepThroughChunks(input, &position, &context) { return step }
            case .finished:
                return .finished
            }
        }
    }

    private mutating func begin(_ head: borrowing RequestHead) -> Step {
        var flags: HTTP1ResponseSlot.Flags = []
        if head.method == .head { flags.insert(.isHead) }
        if head.version == .http10 { flags.insert(.isHTTP10) }
        readingCloses = !head.keepsAlive || isDraining
        if readingCloses { flags.insert(.closes) }
        if head.has(.acceptEncoding) { flags.formUnion(acceptedCoding(head)) }
        noteContentCoding(head)
        readingStream = pushSlot(flags)
        readingIsChunked = head.isChunked
        remaining = head.contentLength ?? 0
        awaitsContinue = head.expectsContinue && head.hasBody
        abandonsBody = false
        reading = .mode
        return .head(stream: readingStream)
    }

    /// Takes the handler's choice for the body of the request whose head came last. `hasInput` tells whether bytes
    /// behind the head have already arrived.
    ///
    /// - Returns: false where the handler has to be told that the exchange is over.
    package mutating func accept(_ mode: BodyMode, hasInput: Bool, context: inout ConnectionContext) -> Bool {
        precondition(reading == .mode, "accept comes after a head")
        var accepted = true
        reading = readingIsChunked ? .chunks : .length
        if readingIsChunked { decoder = HTTP1ChunkedDecoder() }
        delivery = .discarded
        deliveryBound = context.limits.discardBytesMax
        if isOpen(readingStream) {
            switch mode {
            case .buffered where isCodingUnknown, .streamed where isCodingUnknown:
                respond(.unsupported, to: readingStream, &context)
                accepted = false
            case .answered(let status, let fields, let body) where readingIsChunked && !awaitsContinue:
                // Whether the connection goes on is known only at the body's end.
                heldAnswer = HeldAnswer(status: status, fields: fields, body: body)
            case .answered(let status, let fields, let body):
                respond(readingStream, status, fields, body: body.span, context: &context)
            case .buffered(let bytesMax):
                let isTooLong =
                    contentCoding == .identity
                    ? remaining > max(0, bytesMax)
                    : HTTP1Connection.isTooLong(coded: remaining, bytesMax: max(0, bytesMax))
                if isTooLong {
                    refuse(readingStream, .bodyTooLong, context: &context)
                    accepted = false
                } else {
                    delivery = .buffered
                    deliveryBound = max(0, bytesMax)
                    writeContinue(hasInput, &context)
                }
            case .streamed(let windowBytes, _):
                delivery = .streamed
                deliveryBound = max(1, windowBytes)
                creditStream = readingStream
                unconsumed = 0
                writeContinue(hasInput, &context)
            }
        }
        if abandonsBody { finishReading(lingering: true) }
        return accepted
    }

    /// The body that was gathered; to be given back by `ConnectionContext.recycleBody`.
    package mutating func takeBody() -> [UInt8] {
        var body: [UInt8] = []
        swap(&body, &gathered)
        return body
    }

    /// The time for what is being read is over: answers 408 where an answer is still possible.
    ///
    /// - Returns: the exchange which the handler has to be told about.
    package mutating func timeOut(context: inout ConnectionContext) -> UInt32? {
        if heldAnswer != nil {
            giveHeldAnswer(&context)
            return nil
        }
        return fail(isInBody ? .bodyTimeout : .headTimeout, context: &context)
    }

    /// Refuses whatever the peer says, now and from the start, such as for a protocol that is not served.
    package mutating func refuseConnection(_ failure: RequestFailure, context: inout ConnectionContext) {
        _ = fail(failure, context: &context)
    }

    // MARK: Bodies

    private mutating func stepThroughLength(
        _ input: Span<UInt8>, _ position: inout Int, _ context: inout ConnectionContext
    ) -> Step? {
        if isDecoding { return stepThroughCodedLength(input, &position, &context) }
        let available = input.count - position
        switch delivery {
        case .buffered:
            if gathered.isEmpty, available >= remaining {
                let range = position..<position + remaining
                position += remaining
                finishBody()
                return .body(stream: readingStream, range, isEnd: true)
            }
            let count = min(available, remaining)
            guard count > 0 else { return .needInput }
            guard context.mayGather(count) else { return cancelReading(.tooManyBodies, &context) }
            gather(input, position..<position + count, &context)
            position += count
            remaining -= count
            guard remaining == 0 else { return .needInput }
            finishBody()
            return .gatheredBody(stream: readingStream, isEnd: true)
        case .streamed:
            let count = min(available, remaining, deliveryBound - unconsumed)
            guard count > 0 || remaining == 0 else { return available > 0 ? .blocked : .needInput }
            let range = position..<position + count
            position += count
            remaining -= count
            unconsumed += count
            let stream = readingStream
            if remaining == 0 { finishBody() }
            return .body(stream: stream, range, isEnd: remaining == 0)
        case .discarded:
            let count = min(available, remaining)
            position += count
            remaining -= count
            deliveryBound -= count
            if remaining == 0 {
                finishBody()
            } else if deliveryBound < 0 {
                finishReading(lingering: true)
            } else {
                return .needInput
            }
            return nil
        }
    }

    private mutating func stepThroughChunks(
        _ input: Span<UInt8>, _ position: inout Int, _ context: inout ConnectionContext
    ) -> Step? {
        if isDecoding { return stepThroughCodedChunks(input, &position, &context) }
        if heldBytes > 0 {
            // The answer came before the decoder had used them.
            position += heldBytes
            deliveryBound -= heldBytes
            heldBytes = 0
        }
        while true {
            var dataMax = Int.max
            if delivery == .streamed {
                dataMax = min(deliveryBound - unconsumed, HTTP1Connection.gatheredBytesMax) - gathered.count
                if dataMax <= 0 { return gathered.isEmpty ? .blocked : deliverGathered(isEnd: false) }
            }
            switch decoder.next(input, at: &position, dataMax: dataMax, limits: context.limits) {
            case .needInput:
                return delivery == .streamed && !gathered.isEmpty ? deliverGathered(isEnd: false) : .needInput
            case .data(let range):
                if delivery == .discarded {
                    deliveryBound -= range.count
                    if decoder.chunkRest > deliveryBound {
                        giveHeldAnswer(&context)
                        finishReading(lingering: true)
                        return nil
                    }
                } else if delivery == .buffered,
                    decoder.chunkRest > deliveryBound - gathered.count - range.count
                {
                    // As announced, like a Content-Length: a chunk too long is not waited for.
                    return cancelReading(.bodyTooLong, &context)
                } else if delivery == .buffered, !context.mayGather(range.count) {
                    return cancelReading(.tooManyBodies, &context)
                } else {
                    gather(input, range, &context)
                }
            case .end:
                let isDelivered = delivery != .discarded
                finishBody()
                giveHeldAnswer(&context)
                return isDelivered ? deliverGathered(isEnd: true) : nil
            case .failed where heldAnswer != nil:
                giveHeldAnswer(&context)
                return nil
            case .failed(let failure):
                return cancelReading(failure, &context)
            }
        }
    }

    /// Gives the answer that has waited for the end of its request's body, if there is one. Before that end it is the
    /// last on this connection.
    private mutating func giveHeldAnswer(_ context: inout ConnectionContext) {
        guard let answer = heldAnswer else { return }
        heldAnswer = nil
        respond(readingStream, answer.status, answer.fields, body: answer.body.span, context: &context)
    }

    private mutating func gather(_ input: Span<UInt8>, _ range: Range<Int>, _ context: inout ConnectionContext) {
        if gathered.capacity == 0 { gathered = context.takeBuffer() }
        gathered.append(copying: input, range)
        context.gatheredBytes += range.count
    }

    mutating func deliverGathered(isEnd: Bool) -> Step {
        if delivery == .streamed { unconsumed += gathered.count }
        return .gatheredBody(stream: readingStream, isEnd: isEnd)
    }

    mutating func cancelReading(_ failure: RequestFailure, _ context: inout ConnectionContext) -> Step? {
        guard let stream = fail(failure, context: &context) else { return nil }
        return .cancelled(stream: stream)
    }

    /// The body is whole: on to the next request, if there may be one.
    mutating func finishBody() {
        awaitsContinue = false
        remaining = 0
        reading = readingCloses ? .finished : .head
    }

    mutating func finishReading(lingering: Bool) {
        reading = .finished
        if lingering { mustLinger = true }
    }

    // MARK: Refusals

    /// Gives the one answer to a request that cannot be read on, and reads no more.
    ///
    /// - Returns: the exchange which the handler has to be told about.
    mutating func fail(_ failure: RequestFailure, context: inout ConnectionContext) -> UInt32? {
        guard reading != .finished else { return nil }
        let wasReading = reading
        self.failure = failure
        finishReading(lingering: true)
        context.recycleBody(takeBody())
        giveBackDecoder(&context)
        unconsumed = 0
        guard wasReading != .head else {
            refuse(pushSlot(.closes), failure, context: &context)
            return nil
        }
        guard isOpen(readingStream) else { return nil }  // It has been answered; only its body was left.
        let place = index(readingStream)
        if slots[place].flags.contains(.started) {
            isAborted = true
        } else {
            slots[place].flags.insert(.closes)
            refuse(readingStream, failure, context: &context)
        }
        return readingStream
    }

    private mutating func refuse(_ stream: UInt32, _ failure: RequestFailure, context: inout ConnectionContext) {
        context.count(failure)
        let body = ProblemBody.bytes(failure.status, detail: failure.detail)
        respond(stream, failure.status, failure.fields, body: body.span, context: &context)
    }
}
