internal import EventLoop
internal import HTTPCore

/// What HTTP/2 needs of a loop beyond HTTP/1: frames are made just before they are sent, and time bounds streams.
extension ServerLoop {
    /// Rounds of 64 KiB that one connection may send in one turn.
    private static let framingsPerTurn = 4

    /// Makes frames and sends them, until the kernel or the peer's windows take no more.
    ///
    /// - Returns: false where the connection is gone.
    func flushFrames(_ slot: Int) -> Bool {
        let generation = connections[slot].generation
        for _ in 0..<ServerLoop.framingsPerTurn {
            let hadOutput = connections[slot].http2.sendableBytes > 0
            while let stream = connections[slot].http2.frame(context: &state.value.context) {
                handler.cancelled(exchangeID(slot, generation, stream))
            }
            let hasFramed = connections[slot].http2.takeFramedBytes() > 0
            guard connections[slot].http2.sendableBytes > 0, !connections[slot].flags.contains(.outputBlocked) else {
                return true
            }
            let progress = connections[slot].writeProgress
            guard send(slot) else { return false }
            // Acknowledgements alone are no progress of an answer that waits for a window.
            if !hadOutput, !hasFramed { connections[slot].writeProgress = progress }
            guard connections[slot].http2.sendableBytes == 0 else { return true }
            guard connections[slot].http2.hasFramesToMake else { return true }
        }
        queue(slot)
        return true
    }

    /// Works out what an HTTP/2 connection waits for, and until when.
    func updateFrameDeadline(_ slot: Int) {
        let now = state.value.now
        var waiting = Connection.Waiting.nothing
        var deadline = LoopInstant.never
        func consider(_ kind: Connection.Waiting, _ end: LoopInstant) {
            if end < deadline {
                deadline = end
                waiting = kind
            }
        }

        if connections[slot].http2.unsentBytes > 0 {
            if connections[slot].writeProgress == .never { connections[slot].writeProgress = now }
            consider(.write, connections[slot].writeProgress.advanced(by: timeouts.writeStall))
            let stall = timeouts.writeStall.nanoseconds
            if let end = connections[slot].http2.answerDeadline(stall: stall, now: now.nanoseconds) {
                consider(.answer, LoopInstant(nanoseconds: end))
            }
        } else {
            connections[slot].writeProgress = .never
        }
        let isBlocked = connections[slot].flags.contains(.inputBlocked)
        let bodyDeadline = isBlocked ? nil : connections[slot].http2.bodyDeadline(bodyRate(slot))
        if let bodyDeadline { consider(.body, LoopInstant(nanoseconds: bodyDeadline)) }
        if !isBlocked, connections[slot].isInsideOfHead(hasBodies: bodyDeadline != nil) {
            // Of this frame or field block, not of the one before.
            if connections[slot].headStart == .never || connections[slot].frameMark != connections[slot].http2.frameMark
            {
                connections[slot].headStart = now
                connections[slot].frameMark = connections[slot].http2.frameMark
            }
            consider(.head, connections[slot].headStart.advanced(by: timeouts.head))
        } else {
            connections[slot].headStart = .never
        }
        if connections[slot].http2.awaitsLastWord {
            if connections[slot].bodyStart == .never { connections[slot].bodyStart = now }
            consider(.notice, connections[slot].bodyStart.advanced(by: timeouts.linger))
        }
        if waiting == .nothing, connections[slot].http2.isIdle { consider(.idle, now.advanced(by: timeouts.idle)) }
        setDeadline(slot, waiting, deadline)
    }

    private func bodyRate(_ slot: Int) -> HTTP2BodyRate {
        HTTP2BodyRate(
            bytesPerSecond: configuration.bodyBytesPerSecondMin, grace: timeouts.bodyGrace.nanoseconds,
            longest: timeouts.body.nanoseconds,
            linger: timeouts.linger.nanoseconds, unread: connections[slot].pendingCount)
    }

    /// A deadline of an HTTP/2 connection has passed.
    func actOnFrameDeadline(_ slot: Int, _ waiting: Connection.Waiting) {
        switch waiting {
        case .head:
            countTimeout(.head)
            connections[slot].flags.insert(.headTimedOut)
            connections[slot].http2.terminate(.enhanceYourCalm)
        case .body:
            let rate = bodyRate(slot)
            let generation = connections[slot].generation
            while let stream = connections[slot].http2.timeOutBody(rate, context: &state.value.context) {
                countTimeout(.body)
                handler.cancelled(exchangeID(slot, generation, stream))
            }
        case .answer:
            let stall = timeouts.writeStall.nanoseconds
            let now = state.value.now.nanoseconds
            for _ in 0..<connections[slot].http2.timeOutAnswers(stall: stall, now: now) {
                countTimeout(.answer)
            }
        case .notice: connections[slot].http2.sayLast()
        case .idle:
            countTimeout(.idle)
            connections[slot].http2.terminate(.none)
            if flushFrames(slot) { close(slot, .closedIdle) }
            return
        case .nothing, .write, .linger: return
        }
        markDirty(slot)
    }
}

extension Connection {
    /// A frame or a field block has begun to arrive. A DATA frame counts with its stream's body, where that is awaited.
    func isInsideOfHead(hasBodies: Bool) -> Bool {
        if http2.isInHead { return true }
        guard pendingCount > 0 else { return false }
        return !hasBodies || !HTTP2Connection.isData(pending.span.extracting(pendingStart..<pending.count))
    }
}
