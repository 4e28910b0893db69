internal import EventLoop
internal import HTTPCore

extension ServerLoop {
    /// Works out what the connection waits for, and until when.
    ///
    /// The wheel is touched only where the new deadline is earlier than the one it holds; a later one is found out when the
    /// old one fires. So a kept-alive connection costs the wheel one operation every 75 s, not one a request.
    func updateDeadline(_ slot: Int) {
        var waiting = Connection.Waiting.nothing
        var deadline = LoopInstant.never
        func consider(_ kind: Connection.Waiting, _ start: LoopInstant, _ length: Duration) {
            let end = start.advanced(by: LoopDuration(length))
            if end < deadline {
                deadline = end
                waiting = kind
            }
        }

        if connections[slot].flags.contains(.lingering) {
            consider(.linger, connections[slot].writeProgress, configuration.lingerTimeout)
        } else {
            if connections[slot].http1.sendableBytes > 0 {
                if connections[slot].writeProgress == .never { connections[slot].writeProgress = now }
                consider(.write, connections[slot].writeProgress, configuration.writeStallTimeout)
            } else {
                connections[slot].writeProgress = .never
            }
            let isBlocked = connections[slot].flags.contains(.inputBlocked)
            if !isBlocked, connections[slot].http1.isInHead || connections[slot].pendingCount > 0 {
                if connections[slot].headStart == .never { connections[slot].headStart = now }
                consider(.head, connections[slot].headStart, configuration.headTimeout)
            } else {
                connections[slot].headStart = .never
            }
            if !isBlocked, connections[slot].http1.isInBody {
                considerBody(slot, consider)
            } else {
                connections[slot].bodyStart = .never
            }
            if connections[slot].http1.isIdle, connections[slot].pendingCount == 0 {
                consider(.idle, now, configuration.idleTimeout)
            }
        }

        let before = connections[slot].deadline
        connections[slot].waiting = waiting
        connections[slot].deadline = deadline
        let timer = slot + ServerLoop.connectionTimers
        if deadline < before || (deadline != .never && !wheel.isScheduled(timer)) { wheel.schedule(timer, at: deadline) }
    }

    private func considerBody(_ slot: Int, _ consider: (Connection.Waiting, LoopInstant, Duration) -> Void) {
        let request = connections[slot].http1.requestCount
        if connections[slot].bodyStart == .never || connections[slot].bodyRequest != request {
            connections[slot].bodyStart = now
            connections[slot].bodyRequest = request
            connections[slot].bodyBytes = 0
        }
        let rate = max(1, configuration.bodyBytesPerSecondMin)
        let earned = Duration.milliseconds(Int64(connections[slot].bodyBytes) * 1000 / Int64(rate))
        consider(.body, connections[slot].bodyStart, configuration.bodyGrace + earned)
    }

    /// The wheel has come to the connection: acts if its deadline has passed, else sets the wheel again.
    func checkDeadline(_ slot: Int) {
        guard slot < connections.count, connections[slot].isOpen else { return }
        let deadline = connections[slot].deadline
        guard deadline != .never else { return }
        guard deadline <= now else { return wheel.schedule(slot + ServerLoop.connectionTimers, at: deadline) }
        connections[slot].deadline = .never
        switch connections[slot].waiting {
        case .nothing: break
        case .idle: close(slot, .closedIdle)
        case .write: close(slot, .closedWriteStall)
        case .linger: close(slot, lingerReason(slot))
        case .head, .body:
            if let stream = connections[slot].http1.timeOut(context: &context) {
                handler.cancelled(exchangeID(slot, connections[slot].generation, stream))
            }
            dropPending(slot)
            markDirty(slot)
        }
    }

    private func dropPending(_ slot: Int) {
        var bytes: [UInt8] = []
        swap(&bytes, &connections[slot].pending)
        connections[slot].pendingStart = 0
        context.recycle(bytes)
    }
}
