internal import EventLoop
internal import HTTPCore

extension ServerLoop {
    /// Reads what the kernel has, and works through it.
    func read(_ slot: Int, _ input: inout [UInt8], _ head: inout RequestHead) {
        for _ in 0..<ServerLoop.readsPerTurn {
            guard connections[slot].isOpen, !connections[slot].flags.contains(.inputBlocked) else { return }
            if state.value.isTurnOver { return queue(slot) }
            if connections[slot].flags.contains(.lingering) { return drain(slot, &input) }
            // Reading goes on behind the last request, to learn that the peer is gone, but not for ever.
            guard connections[slot].lingerBytes <= lingerBytesMax(slot) else { return }
            let kept = connections[slot].pendingCount
            if kept > 0 {
                input.replaceSubrange(0..<kept, with: connections[slot].pending[connections[slot].pendingStart...])
            }
            let room = kept..<min(input.count, kept + ServerLoop.readBytes)
            switch transport.receive(connections[slot].fd, into: &input, at: room) {
            case .moved(let count):
                state.value.counters[.bytesRead] += count
                connections[slot].bodyBytes += count
                let total = kept + count
                let used = process(slot, input.span.extracting(0..<total), &head)
                guard connections[slot].isOpen else { return }
                keep(slot, input, used..<total)
                // A peer that sends fast leaves the others their turn.
                if count == room.count { return queue(slot) }
                // A short read means that the kernel had no more; a later arrival is a new edge (epoll(7)). But an end
                // that had come with the bytes is not.
                guard connections[slot].flags.contains(.endAhead) else {
                    connections[slot].flags.remove(.readable)
                    return
                }
            case .wouldBlock:
                connections[slot].flags.remove(.readable)
                return
            case .ended:
                connections[slot].flags.remove(.readable)
                connections[slot].flags.insert(.inputEnded)
                return markDirty(slot)
            case .broken:
                return close(slot, .closedBroken)
            }
        }
        if connections[slot].isOpen { queue(slot) }
    }

    /// Goes on with a connection that had to wait for the next turn.
    func resume(_ slot: Int, _ input: inout [UInt8], _ head: inout RequestHead) {
        while let stream = connections[slot].takeWritable(state.value.context.limits) {
            handler.writable(exchangeID(slot, connections[slot].generation, stream), self)
            markDirty(slot)
        }
        if connections[slot].mayProceed(state.value.context.limits) {
            connections[slot].flags.remove(.inputBlocked)
            // Of HTTP/2 it is the time of the drain's notice.
            if !connections[slot].isHTTP2 { connections[slot].bodyStart = .never }
            var bytes: [UInt8] = []
            swap(&bytes, &connections[slot].pending)
            let start = connections[slot].pendingStart
            let used = process(slot, bytes.span.extracting(start..<bytes.count), &head)
            guard connections[slot].isOpen else { return }
            if start + used < bytes.count, !connections[slot].isReadingFinished {
                connections[slot].pendingStart = start + used
                swap(&bytes, &connections[slot].pending)
            } else {
                connections[slot].pendingStart = 0
                state.value.context.recycle(bytes)
            }
        }
        if connections[slot].flags.contains(.readable) {
            if !connections[slot].flags.contains(.patient) { state.value.othersHeard = state.value.now }
            read(slot, &input, &head)
        }
        if connections[slot].isOpen { markDirty(slot) }
    }

    /// Works through bytes of one connection.
    ///
    /// - Returns: how many were used; the rest must come again.
    private func process(_ slot: Int, _ bytes: Span<UInt8>, _ head: inout RequestHead) -> Int {
        markDirty(slot)
        guard connections[slot].flags.contains(.sniffed) || sniff(slot, bytes) else { return 0 }
        var position = 0
        let generation = connections[slot].generation
        while true {
            switch connections[slot].step(bytes, at: &position, head: &head, context: &state.value.context) {
            case .head(let stream):
                state.value.counters[.requests] += 1
                connections[slot].flags.remove(.patient)
                let exchange = exchangeID(slot, generation, stream)
                let isRefused = isFull && head.hasBody
                if isRefused { state.value.context.count(.tooManyAnswers) }
                let mode = isRefused ? ServerLoop.busy : handler.head(head, exchange, self)
                let hasInput = position < bytes.count
                if !connections[slot].accept(mode, hasInput: hasInput, context: &state.value.context) {
                    handler.cancelled(exchange)
                }
            case .body(let stream, let range, let isEnd):
                handler.body(bytes.extracting(range), isEnd: isEnd, exchangeID(slot, generation, stream), self)
                if range.count >= ServerLoop.timedBytes, endsTurn(slot) { return position }
            case .gatheredBody(let stream, let isEnd):
                let body = connections[slot].takeBody()
                handler.body(body.span, isEnd: isEnd, exchangeID(slot, generation, stream), self)
                let isTimed = body.count >= ServerLoop.timedBytes
                state.value.context.recycleBody(body)
                if isTimed, endsTurn(slot) { return position }
            case .cancelled(let stream):
                handler.cancelled(exchangeID(slot, generation, stream))
            case .needInput:
                return position
            case .blocked:
                connections[slot].flags.insert(.inputBlocked)
                return position
            case .finished:
                if position < bytes.count { connections[slot].flags.insert(.hasLeftover) }
                connections[slot].lingerBytes += bytes.count - position
                return bytes.count
            }
        }
    }

    /// Whether this turn has taken so long that what is left waits for the next: a few coded bytes may be many rows,
    /// and nobody else is heard before the turn ends.
    private func endsTurn(_ slot: Int) -> Bool {
        let spent = clock.now().nanoseconds.subtractingReportingOverflow(state.value.now.nanoseconds)
        guard !spent.overflow, spent.partialValue > ServerLoop.turnNanosecondsMax else { return false }
        state.value.isTurnOver = true
        connections[slot].flags.insert(.inputBlocked)
        queue(slot)
        return true
    }

    /// Whether answers that wait for their readers take all the room that they may.
    private var isFull: Bool { state.value.unsentBytes > configuration.unsentBytesMax }

    private static let busy = BodyMode.answered(
        RequestFailure.tooManyAnswers.status, RequestFailure.tooManyAnswers.fields,
        ProblemBody.bytes(RequestFailure.tooManyAnswers.status, detail: RequestFailure.tooManyAnswers.detail))

    /// Judges a connection's first bytes; false until they tell enough.
    private func sniff(_ slot: Int, _ bytes: Span<UInt8>) -> Bool {
        switch ConnectionPreface.judge(bytes) {
        case .undecided: return false
        case .http1: break
        case .http2 where connections[slot].flags.contains(.refused): break
        case .http2:
            connections[slot].flags.insert(.http2)
            connections[slot].http2.open(context: &state.value.context)
        }
        connections[slot].flags.insert(.sniffed)
        return true
    }

    private func keep(_ slot: Int, _ input: borrowing [UInt8], _ rest: Range<Int>) {
        connections[slot].pendingStart = 0
        if rest.isEmpty {
            guard connections[slot].pending.capacity > 0 else { return }
            var empty: [UInt8] = []
            swap(&empty, &connections[slot].pending)
            state.value.context.recycle(empty)
        } else {
            if connections[slot].pending.capacity == 0 {
                connections[slot].pending = state.value.context.takeSpare()
            }
            connections[slot].pending.removeAll(keepingCapacity: true)
            connections[slot].pending.append(contentsOf: input[rest])
        }
    }

    /// What may still come of a connection that is given up. Of HTTP/2 no more than its peer had a window for: it knows
    /// at each moment what it may send.
    private func lingerBytesMax(_ slot: Int) -> Int {
        let most = configuration.lingerBytesMax
        return connections[slot].isHTTP2 ? min(most, configuration.limits.connectionWindowBytes) : most
    }

    /// Throws away what still comes on a half-closed connection, within bounds.
    private func drain(_ slot: Int, _ input: inout [UInt8]) {
        for _ in 0..<ServerLoop.readsPerTurn {
            switch transport.receive(connections[slot].fd, into: &input, at: input.indices) {
            case .moved(let count):
                connections[slot].lingerBytes += count
                if connections[slot].lingerBytes > lingerBytesMax(slot) {
                    return close(slot, lingerReason(slot))
                }
            case .wouldBlock:
                connections[slot].flags.remove(.readable)
                return
            case .ended, .broken: return close(slot, lingerReason(slot))
            }
        }
        // A peer that sends fast leaves the others their turn.
        queue(slot)
    }

    func lingerReason(_ slot: Int) -> HTTPServerCounter {
        if connections[slot].isHTTP2 {
            if connections[slot].flags.contains(.headTimedOut) { return .closedHeadTimeout }
            return connections[slot].http2.failure == nil ? .closedAfterAnswer : .closedAfterFailure
        }
        return switch connections[slot].http1.failure {
        case nil: .closedAfterAnswer
        case .headTimeout: .closedHeadTimeout
        case .bodyTimeout: .closedBodyTimeout
        default: .closedAfterFailure
        }
    }
}
