extension HTTP2Connection {
    // MARK: Answers

    /// Answers whole.
    ///
    /// - Returns: false where the exchange has no answer to give any more.
    @discardableResult
    package mutating func respond(
        _ stream: UInt32, _ status: HTTPStatus, _ fields: ResponseFields, body: Span<UInt8>,
        context: inout ConnectionContext
    ) -> Bool {
        guard let place = session.place(of: stream), !session.core.streams[place].flags.contains(.started) else {
            return false
        }
        if fields.isCodable, body.count >= context.limits.compressedAnswerBytesMin {
            respondCodable(place, status, fields, body, &context)
        } else {
            answerWhole(place, status, fields, .none, body, &context)
        }
        answerEnded(place, &context)
        return true
    }

    mutating func answerWhole(
        _ place: Int, _ status: HTTPStatus, _ fields: ResponseFields, _ coding: AnswerCoding, _ body: Span<UInt8>,
        _ context: inout ConnectionContext
    ) {
        let hasBody = !session.core.streams[place].flags.contains(.isHead) && !status.hasNoBody && !body.isEmpty
        if hasBody { queue(place, body, &context) }
        session.core.streams[place].flags.insert([.started, .ended, .submitted])
        submit(
            place, status, fields, and: coding.fields(of: fields), length: body.count, hasBody: hasBody, context)
    }

    /// Begins an answer.
    ///
    /// Its HEADERS wait for the first bytes, the end or the next ``frame(context:)``: an answer that ends before that
    /// is one HEADERS with END_STREAM, its trailers among its fields, which gRPC calls trailers-only.
    ///
    /// - Returns: false where the exchange has no answer to give any more.
    @discardableResult
    package mutating func start(
        _ stream: UInt32, _ status: HTTPStatus, _ fields: ResponseFields, bodyBytes: Int?,
        context: inout ConnectionContext
    ) -> Bool {
        guard let place = session.place(of: stream), !session.core.streams[place].flags.contains(.started) else {
            return false
        }
        session.core.streams[place].flags.insert(.started)
        session.core.streams[place].status = status
        session.core.streams[place].fields = fields
        if let bodyBytes {
            session.core.streams[place].flags.insert(.hasLength)
            session.core.streams[place].owed = max(0, bodyBytes)
        }
        if status.hasNoBody { session.core.streams[place].flags.insert(.isHead) }
        if bodyBytes == nil, fields.isCodable { beginCoding(place, &context) }
        // Without a body, HEADERS are the end: they go when the answer has ended.
        if !session.core.streams[place].flags.contains(.isHead) { unsubmitted.append(stream) }
        return true
    }

    /// Sends bytes of a begun answer.
    ///
    /// - Returns: false where more waits than the bound, and `writable` is owed.
    package mutating func send(_ stream: UInt32, _ bytes: Span<UInt8>, context: inout ConnectionContext) -> Bool {
        guard let place = session.place(of: stream) else { return true }
        let flags = session.core.streams[place].flags
        guard flags.contains(.started), !flags.contains(.ended) else { return true }
        if flags.contains(.isHead) { return true }
        var count = bytes.count
        if flags.contains(.hasLength) {
            count = min(count, session.core.streams[place].owed)
            if !flags.contains(.submitted) { submitBegun(place, context) }
            session.core.streams[place].owed -= count
        } else if !flags.contains(.submitted) {
            submitBegun(place, context)
        }
        if count > 0 {
            if let encoder = session.core.streams[place].encoder {
                queueCoded(place, &context) { encoder.encode(bytes, into: &$0) }
            } else {
                queue(place, bytes.extracting(0..<count), &context)
            }
            resumeIfDeferred(place)
        }
        if mayQueueMore(place, context.limits) { return true }
        if !session.core.streams[place].flags.contains(.wantsWritable) { session.core.owedWritable += 1 }
        session.core.streams[place].flags.insert(.wantsWritable)
        return false
    }

    /// Ends a begun answer.
    ///
    /// - Returns: false where there was none to end.
    @discardableResult
    package mutating func end(_ stream: UInt32, trailers: ResponseFields?, context: inout ConnectionContext) -> Bool {
        guard let place = session.place(of: stream) else { return false }
        let flags = session.core.streams[place].flags
        guard flags.contains(.started), !flags.contains(.ended) else { return false }
        if let encoder = session.core.streams[place].encoder.take() {
            if flags.contains(.submitted) {
                queueCoded(place, &context) { encoder.finish(into: &$0) }
            } else {
                // Nothing was sent: nothing is coded.
                session.core.streams[place].answerCoding = .varies
            }
            context.coders.giveBack(encoder)
        }
        session.core.streams[place].flags.insert(.ended)
        if flags.contains(.wantsWritable) {
            session.core.streams[place].flags.remove(.wantsWritable)
            session.core.owedWritable -= 1
        }
        if session.core.streams[place].owed > 0, !flags.contains(.isHead) {
            // Fewer bytes than promised: the client must not take them for all.
            session.reset(stream, .internalError)
        } else if flags.contains(.submitted) {
            session.core.streams[place].trailers = trailers
            resumeIfDeferred(place)
        } else {
            session.core.streams[place].flags.insert(.submitted)
            let length = flags.contains(.hasLength) ? session.core.streams[place].owed : nil
            let coding = session.core.streams[place].answerCoding.fields(of: session.core.streams[place].fields)
            submit(
                place, session.core.streams[place].status, session.core.streams[place].fields, and: trailers ?? coding,
                length: length, hasBody: false, context)
        }
        answerEnded(place, &context)
        return true
    }

    /// Whether ``takeWritable()`` has something.
    package var isOwedWritable: Bool {
        guard session.isOpen, session.core.owedWritable > 0 else { return false }
        return session.core.streams.indices.contains { isWritable($0) }
    }

    /// An exchange that was told to wait by `send` and may go on now, taken off the list; `nil` if there is none.
    package mutating func takeWritable() -> UInt32? {
        guard session.isOpen, session.core.owedWritable > 0 else { return nil }
        for place in session.core.streams.indices where isWritable(place) {
            session.core.streams[place].flags.remove(.wantsWritable)
            session.core.owedWritable -= 1
            return session.core.streams[place].id
        }
        return nil
    }

    private func isWritable(_ place: Int) -> Bool {
        session.core.streams[place].flags.contains(.wantsWritable)
            && session.core.streams[place].outputCount <= session.core.limits.streamOutputBytesMax / 2
            && session.core.queuedBytes <= session.core.limits.queuedBytesMax / 2
    }

    private func mayQueueMore(_ place: Int, _ limits: HTTPLimits) -> Bool {
        session.core.streams[place].outputCount <= limits.streamOutputBytesMax
            && session.core.queuedBytes <= limits.queuedBytesMax
    }

    // MARK: Windows that stay shut

    /// When the first stream is to be given up whose own window stays shut, while others may move. To be asked whenever
    /// something has happened: it notes since when each waits.
    ///
    /// - Parameters:
    ///   - stall: nanoseconds for which a stream may wait.
    ///   - now: the time, in nanoseconds.
    package mutating func answerDeadline(stall: Int64, now: Int64) -> Int64? {
        guard session.isOpen, session.core.queuedBytes > 0 else { return nil }
        var earliest: Int64?
        for place in session.core.streams.indices {
            guard isHeldBack(place) else {
                session.core.streams[place].heldSince = nil
                continue
            }
            let start = session.core.streams[place].heldSince ?? now
            session.core.streams[place].heldSince = start
            let end = start.addingReportingOverflow(stall)
            earliest = min(earliest ?? Int64.max, end.overflow ? Int64.max : end.partialValue)
        }
        return earliest
    }

    /// Resets the streams whose windows have been shut for so long. ``frame(context:)`` tells which handlers wait.
    ///
    /// - Returns: how many.
    package mutating func timeOutAnswers(stall: Int64, now: Int64) -> Int {
        guard session.isOpen else { return 0 }
        var count = 0
        for place in session.core.streams.indices where isHeldBack(place) {
            guard let start = session.core.streams[place].heldSince, now - start >= stall else { continue }
            session.core.streams[place].flags.insert(.isGivenUp)
            session.reset(session.core.streams[place].id, .cancel)
            count += 1
        }
        return count
    }

    /// Whether bytes of its answer wait for its own window alone. For the connection's window, for its turn among
    /// others and for what is still to be sent it waits without being at fault; the connection has a deadline of its
    /// own.
    private func isHeldBack(_ place: Int) -> Bool {
        session.core.streams[place].outputCount > 0 && !session.core.streams[place].flags.contains(.isGivenUp)
            && session.core.streams[place].outputMark <= session.core.madeBytes - output.count
            && session.isWindowShut(session.core.streams[place].id)
    }

    // MARK: Frames

    /// Puts frames into the output: all that can be sent now, or as many as are made ahead of the socket.
    ///
    /// - Returns: an exchange which the handler has to be told about: call again until there is none.
    package mutating func frame(context: inout ConnectionContext) -> UInt32? {
        guard session.isOpen else { return nil }
        if let stream = settleClosed(&context) { return stream }
        submitAllBegun(context)
        if isDraining, !session.hasSaidLast, session.core.isPingAnswered { sayLast() }
        if reading != .finished { session.answerGoodbye() }
        guard session.wantsWrite, output.count < HTTP2Connection.framesAheadMax else { return nil }
        if !output.hasMemory { swap(&output, &context.frames) }
        session.core.now = context.nanoseconds
        var isSound = session.frame(into: &output, upTo: HTTP2Connection.framesAheadMax)
        if session.core.isResetTooOften, reading != .finished {
            terminate(.enhanceYourCalm)
            isSound = session.frame(into: &output, upTo: HTTP2Connection.framesAheadMax) && isSound
        }
        if let code = session.core.goneAway, failure == nil { failure = HTTP2Error(rawValue: code) ?? .internalError }
        if !isSound {
            reading = .finished
            failure = failure ?? .internalError
        }
        return settleClosed(&context)
    }

    /// The peer has taken `count` bytes of the output.
    package mutating func sent(_ count: Int, context: inout ConnectionContext) {
        output.removeFirst(count)
        guard output.count == 0 else { return }
        // Kept by the loop for whoever comes next; a second one goes back to the system.
        if context.frames.hasMemory { output = OutputBuffer() } else { swap(&output, &context.frames) }
    }

    private mutating func submitAllBegun(_ context: borrowing ConnectionContext) {
        guard !unsubmitted.isEmpty else { return }
        for index in unsubmitted.indices {
            guard let place = session.place(of: unsubmitted[index]),
                session.core.streams[place].flags.isDisjoint(with: [.submitted, .ended])
            else { continue }
            submitBegun(place, context)
        }
        unsubmitted.removeAll(keepingCapacity: true)
    }

    private mutating func submitBegun(_ place: Int, _ context: borrowing ConnectionContext) {
        session.core.streams[place].flags.insert(.submitted)
        let length =
            session.core.streams[place].flags.contains(.hasLength) ? session.core.streams[place].owed : nil
        submit(
            place, session.core.streams[place].status, session.core.streams[place].fields,
            and: session.core.streams[place].answerCoding.fields(of: session.core.streams[place].fields),
            length: length, hasBody: true, context)
    }

    private mutating func submit(
        _ place: Int, _ status: HTTPStatus, _ fields: ResponseFields, and more: ResponseFields?, length: Int?,
        hasBody: Bool, _ context: borrowing ConnectionContext
    ) {
        // A 100 was no part of the answer.
        session.core.streams[place].outputMark = .max
        // RFC 9110 8.6: no Content-Length in 204; in 304 it would have to be that of the 200.
        let isSubmitted = session.answer(
            place, status, fields, and: more, length: status.hasNoBody ? nil : length,
            date: context.date.text, hasBody: hasBody)
        if !isSubmitted { session.reset(session.core.streams[place].id, .internalError) }
    }

    mutating func queue(_ place: Int, _ bytes: Span<UInt8>, _ context: inout ConnectionContext) {
        if session.core.streams[place].output.capacity == 0 {
            session.core.streams[place].output = context.takeAnswer()
        }
        session.core.streams[place].output.append(copying: bytes)
        session.core.queuedBytes += bytes.count
    }

    private mutating func resumeIfDeferred(_ place: Int) {
        guard session.core.streams[place].flags.contains(.deferred) else { return }
        session.core.streams[place].flags.remove(.deferred)
        session.resume(session.core.streams[place].id)
    }

    /// Nothing more of the request is of interest.
    mutating func answerEnded(_ place: Int, _ context: inout ConnectionContext) {
        guard !session.core.streams[place].flags.contains(.endDelivered) else { return }
        session.core.streams[place].delivery = .discarded
        dropBody(place, &context)
    }
}
