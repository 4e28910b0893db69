extension HTTP1Connection {
    // MARK: Answers

    /// Answers whole.
    ///
    /// - Returns: false where the exchange has no answer to give any more.
    @discardableResult
    package mutating func respond(
        _ stream: UInt32, _ status: HTTPStatus, _ fields: ResponseFields, body: Span<UInt8>,
        context: inout ConnectionContext
    ) -> Bool {
        guard isPending(stream) else { return false }
        let place = index(stream)
        guard !slots[place].flags.contains(.started) else { return false }
        noteEarlyAnswer(stream, context.limits)
        if fields.isCodable, body.count >= context.limits.compressedAnswerBytesMin {
            writeCodable(stream, status, fields, body, &context)
        } else {
            write(stream, status, fields, .none, length: body.count, body, &context)
        }
        slots[place].flags.insert([.started, .ended])
        answerEnded(stream, &context)
        return true
    }

    /// A whole answer whose body may be worth coding.
    private mutating func writeCodable(
        _ stream: UInt32, _ status: HTTPStatus, _ fields: ResponseFields, _ body: Span<UInt8>,
        _ context: inout ConnectionContext
    ) {
        let flags = slots[index(stream)].flags
        let coding = AnswerCoding.of(
            fields, status, bodyBytes: body.count, accepted: flags.accepted, context.limits)
        // Also for a HEAD: its Content-Length is that of the answer to a GET, or none (RFC 9110 8.6).
        if coding == .gzip || coding == .deflate {
            var coded = OutputBuffer()
            swap(&coded, &context.coded)
            if context.coders.encode(whole: body, flags.accepted, into: &coded) {
                write(stream, status, fields, coding, length: coded.count, coded.bytes, &context)
            } else {
                write(stream, status, fields, .varies, length: body.count, body, &context)
            }
            coded.removeAll(keepingMax: ConnectionContext.bufferBytesKept)
            swap(&coded, &context.coded)
        } else {
            write(stream, status, fields, coding == .none ? .none : .varies, length: body.count, body, &context)
        }
    }

    /// Head and body of a whole answer.
    @inline(__always)
    private mutating func write(
        _ stream: UInt32, _ status: HTTPStatus, _ fields: ResponseFields, _ coding: AnswerCoding, length: Int,
        _ body: Span<UInt8>, _ context: inout ConnectionContext
    ) {
        let place = index(stream)
        let flags = slots[place].flags
        let sendsBody = !flags.contains(.isHead) && !status.hasNoBody
        if stream == first {
            context.outputs.lend(&output)
            Self.appendHead(&output, status, fields, coding, .length(length), flags, context.okLines, context.date)
            if sendsBody { output.append(body) }
        } else {
            Self.appendHead(
                &context.scratch, status, fields, coding, .length(length), flags, context.okLines, context.date)
            if sendsBody { context.scratch.append(body) }
            park(place, &context)
        }
    }

    /// Begins an answer.
    ///
    /// - Returns: false where the exchange has no answer to give any more.
    @discardableResult
    package mutating func start(
        _ stream: UInt32, _ status: HTTPStatus, _ fields: ResponseFields, bodyBytes: Int?,
        context: inout ConnectionContext
    ) -> Bool {
        guard isPending(stream), !slots[index(stream)].flags.contains(.started) else { return false }
        let place = index(stream)
        var framing = BodyFraming.none
        var coding = AnswerCoding.none
        if let bodyBytes {
            framing = .length(max(0, bodyBytes))
            slots[place].owed = max(0, bodyBytes)
        } else if slots[place].flags.contains(.isHTTP10) {
            // HTTP/1.0 knows no chunks: the end of the connection ends the body (RFC 9112 6.3).
            slots[place].flags.insert([.closes, .untilClose])
            readingCloses = true
            if reading == .head { reading = .finished }
        } else if !status.hasNoBody {
            framing = .chunked
            slots[place].flags.insert(.chunked)
            coding = beginCoding(place, status, fields, &context)
        }
        if status.hasNoBody || slots[place].flags.contains(.isHead) { slots[place].owed = 0 }
        slots[place].flags.insert(.started)
        if status.hasNoBody { slots[place].flags.insert(.isHead) }
        let flags = slots[place].flags
        if stream == first {
            context.outputs.lend(&output)
            Self.appendHead(&output, status, fields, coding, framing, flags, context.okLines, context.date)
        } else {
            Self.appendHead(&context.scratch, status, fields, coding, framing, flags, context.okLines, context.date)
            park(place, &context)
        }
        return true
    }

    /// Sends bytes of a begun answer.
    ///
    /// - Returns: false where more waits than the bound, and `writable` is owed.
    package mutating func send(_ stream: UInt32, _ bytes: Span<UInt8>, context: inout ConnectionContext) -> Bool {
        guard isOpen(stream), slots[index(stream)].flags.contains(.started) else { return true }
        let place = index(stream)
        let flags = slots[place].flags
        if !flags.contains(.isHead), !bytes.isEmpty {
            var count = bytes.count
            if !flags.contains(.chunked), !flags.contains(.untilClose) {
                // More than was promised would be read as the next answer.
                count = min(count, slots[place].owed)
                slots[place].owed -= count
            }
            let part = bytes.extracting(0..<count)
            if let encoder = slots[place].encoder {
                writeCoded(stream, &context) { encoder.encode(part, into: &$0) }
            } else if stream == first {
                context.outputs.lend(&output)
                Self.appendBody(&output, part, isChunk: flags.contains(.chunked))
            } else {
                Self.appendBody(&context.scratch, part, isChunk: flags.contains(.chunked))
                park(place, &context)
            }
        }
        if unsentBytes(before: stream) <= context.limits.outputBytesMax { return true }
        if !slots[place].flags.contains(.wantsWritable) { owedWritable += 1 }
        slots[place].flags.insert(.wantsWritable)
        return false
    }

    /// Ends a begun answer.
    ///
    /// - Returns: false where there was none to end.
    @discardableResult
    package mutating func end(_ stream: UInt32, trailers: ResponseFields?, context: inout ConnectionContext) -> Bool {
        guard isOpen(stream), slots[index(stream)].flags.contains(.started) else { return false }
        let place = index(stream)
        let flags = slots[place].flags
        if flags.contains(.chunked), !flags.contains(.isHead) {
            if let encoder = slots[place].encoder.take() {
                writeCoded(stream, &context) { encoder.finish(into: &$0) }
                context.coders.giveBack(encoder)
            }
            if stream == first {
                context.outputs.lend(&output)
                Self.appendLastChunk(&output, trailers)
            } else {
                Self.appendLastChunk(&context.scratch, trailers)
                park(place, &context)
            }
        }
        if slots[place].owed > 0 { isAborted = true }
        noteEarlyAnswer(stream, context.limits)
        if abandonsBody { mustLinger = true }
        slots[place].flags.insert(.ended)
        if flags.contains(.wantsWritable) {
            slots[place].flags.remove(.wantsWritable)
            owedWritable -= 1
        }
        answerEnded(stream, &context)
        return true
    }

    /// An exchange that was told to wait by `send` and may go on now, taken off the list; `nil` if there is none.
    package mutating func takeWritable(limits: HTTPLimits) -> UInt32? {
        guard isOwedWritable(limits: limits) else { return nil }
        var stream = first
        while stream != next {
            if slots[index(stream)].flags.contains(.wantsWritable) {
                slots[index(stream)].flags.remove(.wantsWritable)
                owedWritable -= 1
                return stream
            }
            stream &+= 1
        }
        return nil
    }

    /// The peer has taken `count` bytes of the output.
    package mutating func sent(_ count: Int, context: inout ConnectionContext) {
        output.removeFirst(count)
        if output.count == 0 { context.outputs.takeBack(&output) }
    }

    /// How the body of an answer that has begun is coded; takes an encoder where it is.
    private mutating func beginCoding(
        _ place: Int, _ status: HTTPStatus, _ fields: ResponseFields, _ context: inout ConnectionContext
    ) -> AnswerCoding {
        let flags = slots[place].flags
        let coding = AnswerCoding.of(fields, status, bodyBytes: nil, accepted: flags.accepted, context.limits)
        guard coding == .gzip || coding == .deflate else { return coding }
        guard !flags.contains(.isHead), let encoder = context.coders.takeEncoder(flags.accepted) else {
            return .varies
        }
        slots[place].encoder = encoder
        return coding
    }

    /// Sends what an encoder makes as a chunk.
    private mutating func writeCoded(
        _ stream: UInt32, _ context: inout ConnectionContext, _ encode: (inout OutputBuffer) -> Void
    ) {
        var coded = OutputBuffer()
        swap(&coded, &context.coded)
        encode(&coded)
        if coded.count > 0 {
            if stream == first {
                context.outputs.lend(&output)
                Self.appendBody(&output, coded.bytes, isChunk: true)
            } else {
                Self.appendBody(&context.scratch, coded.bytes, isChunk: true)
                park(index(stream), &context)
            }
        }
        coded.removeAll(keepingMax: ConnectionContext.bufferBytesKept)
        swap(&coded, &context.coded)
    }

    // MARK: Order

    /// An answer to the request whose body is still coming: decides whether the rest is read or the connection given
    /// up.
    private mutating func noteEarlyAnswer(_ stream: UInt32, _ limits: HTTPLimits) {
        guard stream == readingStream, reading == .mode || isInBody else { return }
        // A client that waits for 100 may or may not send its body after a final answer: nobody can tell what follows.
        // And nobody knows whether the rest of a chunked body is short enough to be read for nothing: an answer that
        // promised to go on and then closed would be a proxy's 502 for the next request.
        guard awaitsContinue || readingIsChunked || remaining > limits.discardBytesMax else { return }
        abandonsBody = true
        slots[index(stream)].flags.insert(.closes)
    }

    private mutating func answerEnded(_ stream: UInt32, _ context: inout ConnectionContext) {
        if stream == creditStream { unconsumed = 0 }
        if stream == readingStream, isInBody {
            delivery = .discarded
            deliveryBound = context.limits.discardBytesMax
            context.recycleBody(takeBody())
            giveBackDecoder(&context)
            if abandonsBody { finishReading(lingering: true) }
        }
        guard stream == first, !isLastAnswered else { return }
        isLastAnswered = slots[index(first)].flags.contains(.closes)
        first &+= 1
        while first != next, !isLastAnswered {
            let place = index(first)
            if !slots[place].parked.isEmpty {
                var parked: [UInt8] = []
                swap(&parked, &slots[place].parked)
                parkedBytes -= parked.count
                context.outputs.lend(&output)
                output.append(parked.span)
                context.recycle(parked)
            }
            guard slots[place].flags.contains(.ended) else { return }
            isLastAnswered = slots[place].flags.contains(.closes)
            first &+= 1
        }
    }

    private static let continueLines: StaticString = "HTTP/1.1 100 Continue\r\n\r\n"

    /// Asks a peer that has ended its direction, and still waits for answers, whether it is there: an interim answer
    /// goes out, which every client has to pass over (RFC 9110 15.2), and whoever has closed breaks the connection at
    /// it. Of two that HTTP knows this is the one that all clients know.
    ///
    /// - Returns: false where it cannot be asked: its request was cut off, or is of HTTP/1.0, which knows none.
    package mutating func askPeer(context: inout ConnectionContext) -> Bool {
        guard first != next, !isInBody, !slots[index(first)].flags.contains(.isHTTP10) else { return false }
        // An answer that has begun asks by itself.
        guard !slots[index(first)].flags.contains(.started) else { return true }
        context.outputs.lend(&output)
        output.append(Self.continueLines)
        return true
    }

    mutating func writeContinue(_ hasInput: Bool, _ context: inout ConnectionContext) {
        guard awaitsContinue else { return }
        awaitsContinue = false
        // RFC 9110 10.1.1: may be left out where the body has begun to arrive.
        if hasInput { return }
        if readingStream == first {
            context.outputs.lend(&output)
            output.append(Self.continueLines)
        } else {
            context.scratch.append(Self.continueLines)
            park(index(readingStream), &context)
        }
    }

    /// Moves what was written out of turn to its slot.
    private mutating func park(_ place: Int, _ context: inout ConnectionContext) {
        parkedBytes += context.scratch.count
        slots[place].parked.append(copying: context.scratch.bytes)
        context.scratch.removeAll(keepingMax: ConnectionContext.bufferBytesKept)
    }

    // MARK: Bytes

    private enum BodyFraming {
        case none, chunked
        case length(Int)
    }

    private static func appendHead(
        _ buffer: inout OutputBuffer, _ status: HTTPStatus, _ fields: ResponseFields, _ coding: AnswerCoding,
        _ framing: BodyFraming, _ flags: HTTP1ResponseSlot.Flags, _ okLines: borrowing [UInt8],
        _ date: borrowing HTTPDate
    ) {
        if status == .ok {
            buffer.append(okLines.span)
        } else {
            buffer.append("HTTP/1.1 ")
            buffer.append(decimal: Int(status.rawValue))
            buffer.append(UInt8(ascii: " "))
            for letter in status.reason.utf8 { buffer.append(letter) }
            buffer.appendLineEnd()
            buffer.append(date.line.span)
        }
        let lines = fields.lines
        buffer.append(lines.span)
        if coding != .none { buffer.append(coding.lines(variesAlready: fields.variesOnEncoding)) }
        switch framing {
        // RFC 9110 8.6: no Content-Length in 204; in 304 it would have to be that of the 200.
        case .length(let count) where !status.hasNoBody:
            buffer.append("Content-Length: ")
            buffer.append(decimal: count)
            buffer.appendLineEnd()
        case .chunked: buffer.append("Transfer-Encoding: chunked\r\n")
        default: break
        }
        if flags.contains(.closes) {
            buffer.append("Connection: close\r\n")
        } else if flags.contains(.isHTTP10) {
            buffer.append("Connection: keep-alive\r\n")
        }
        buffer.appendLineEnd()
    }

    private static func appendBody(_ buffer: inout OutputBuffer, _ bytes: Span<UInt8>, isChunk: Bool) {
        guard isChunk, !bytes.isEmpty else { return buffer.append(bytes) }
        var shift = (Int.bitWidth - 1 - bytes.count.leadingZeroBitCount) / 4 * 4
        while shift >= 0 {
            let digit = UInt8(truncatingIfNeeded: bytes.count >> shift & 15)
            buffer.append(digit < 10 ? 0x30 + digit : 0x57 + digit)
            shift -= 4
        }
        buffer.appendLineEnd()
        buffer.append(bytes)
        buffer.appendLineEnd()
    }

    private static func appendLastChunk(_ buffer: inout OutputBuffer, _ trailers: ResponseFields?) {
        buffer.append("0\r\n")
        let lines = trailers?.lines ?? []
        buffer.append(lines.span)
        buffer.appendLineEnd()
    }
}
