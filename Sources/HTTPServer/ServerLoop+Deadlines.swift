internal import EventLoop
internal import HTTPCore

extension ServerLoop {
    /// Works out what the connection waits for, and until when.
    ///
    /// The wheel is touched only where the new deadline is earlier than the one it holds; a later one is found out
    /// when the old one fires. So a kept-alive connection costs the wheel one operation every 75 s, not one a request.
    func updateDeadline(_ slot: Int) {
        if connections[slot].isQuiet {
            // The usual end of a request: nothing but the next one is waited for.
            connections[slot].headStart = .never
            connections[slot].bodyStart = .never
            connections[slot].writeProgress = .never
            return setDeadline(slot, .idle, state.value.now.advanced(by: timeouts.idle))
        }
        if connections[slot].isHTTP2, !connections[slot].flags.contains(.lingering) {
            return updateFrameDeadline(slot)
        }
        var waiting = Connection.Waiting.nothing
        var deadline = LoopInstant.never
        func consider(_ kind: Connection.Waiting, _ start: LoopInstant, _ length: LoopDuration) {
            let end = start.advanced(by: length)
            if end < deadline {
                deadline = end
                waiting = kind
            }
        }

        if connections[slot].flags.contains(.lingering) {
            consider(.linger, connections[slot].writeProgress, timeouts.linger)
        } else {
            if connections[slot].http1.sendableBytes > 0 {
                if connections[slot].writeProgress == .never { connections[slot].writeProgress = state.value.now }
                consider(.write, connections[slot].writeProgress, timeouts.writeStall)
            } else {
                connections[slot].writeProgress = .never
            }
            let isBlocked = connections[slot].flags.contains(.inputBlocked)
            if !isBlocked, connections[slot].http1.isInHead || connections[slot].pendingCount > 0 {
                if connections[slot].headStart == .never { connections[slot].headStart = state.value.now }
                consider(.head, connections[slot].headStart, timeouts.head)
            } else {
                connections[slot].headStart = .never
            }
            if !isBlocked, connections[slot].http1.isInBody {
                considerBody(slot, consider)
            } else {
                connections[slot].bodyStart = .never
            }
        }
        setDeadline(slot, waiting, deadline)
    }

    @inline(__always)
    func setDeadline(_ slot: Int, _ waiting: Connection.Waiting, _ deadline: LoopInstant) {
        if connections[slot].waiting != waiting {
            state.value.counters[connections[slot].waiting.counter] -= 1
            state.value.counters[waiting.counter] += 1
            connections[slot].waiting = waiting
        }
        connections[slot].deadline = deadline
        guard deadline < connections[slot].wheelDeadline else { return }
        connections[slot].wheelDeadline = deadline
        state.value.wheel.schedule(slot + ServerLoop.connectionTimers, at: deadline)
    }

    private func considerBody(_ slot: Int, _ consider: (Connection.Waiting, LoopInstant, LoopDuration) -> Void) {
        let request = connections[slot].http1.requestCount
        if connections[slot].bodyStart == .never || connections[slot].bodyRequest != request {
            connections[slot].bodyStart = state.value.now
            connections[slot].bodyRequest = request
            connections[slot].bodyBytes = 0
        }
        if !connections[slot].http1.isInStreamedBody {
            consider(.body, connections[slot].bodyStart, timeouts.body)
        }
        let rate = max(1, configuration.bodyBytesPerSecondMin)
        let earned = Int64(connections[slot].bodyBytes / rate).multipliedReportingOverflow(by: 1_000_000_000)
        guard !earned.overflow else { return }
        let start = connections[slot].bodyStart.advanced(by: LoopDuration(nanoseconds: earned.partialValue))
        consider(.body, start, timeouts.bodyGrace)
    }

    /// The wheel has come to the connection: acts if its deadline has passed, else sets the wheel again.
    func checkDeadline(_ slot: Int) {
        guard slot < connections.count, connections[slot].isOpen else { return }
        let deadline = connections[slot].deadline
        connections[slot].wheelDeadline = .never
        guard deadline != .never else { return }
        guard deadline <= state.value.now else { return setDeadline(slot, connections[slot].waiting, deadline) }
        connections[slot].deadline = .never
        published.timerDelays.record(UInt64(state.value.now.nanoseconds - deadline.nanoseconds))
        let waiting = connections[slot].waiting
        if connections[slot].isHTTP2, waiting != .write, waiting != .linger {
            return actOnFrameDeadline(slot, waiting)
        }
        countTimeout(waiting)
        switch waiting {
        case .nothing, .notice, .answer: break
        case .idle: close(slot, .closedIdle)
        case .write: close(slot, .closedWriteStall)
        case .linger: close(slot, lingerReason(slot))
        case .head, .body:
            if let stream = connections[slot].http1.timeOut(context: &state.value.context) {
                handler.cancelled(exchangeID(slot, connections[slot].generation, stream))
            }
            dropPending(slot)
            markDirty(slot)
        }
    }

    func countTimeout(_ waiting: Connection.Waiting) {
        switch waiting {
        case .idle: state.value.counters[.idleTimeouts] += 1
        case .head: state.value.counters[.headTimeouts] += 1
        case .body: state.value.counters[.bodyTimeouts] += 1
        case .write, .answer: state.value.counters[.writeTimeouts] += 1
        case .nothing, .linger, .notice: break
        }
    }

    private func dropPending(_ slot: Int) {
        var bytes: [UInt8] = []
        swap(&bytes, &connections[slot].pending)
        connections[slot].pendingStart = 0
        state.value.context.recycle(bytes)
    }
}
