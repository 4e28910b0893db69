internal import EventLoop
internal import HTTPCore

extension ServerLoop {
    /// Sends what the turn has produced, and closes what is done.
    func flushDirty() {
        var place = 0
        // The list may grow while it is worked through: `cancelled` may make a handler answer others.
        while place < state.value.dirty.count {
            let slot = state.value.dirty[place]
            place += 1
            guard connections[slot].flags.contains(.dirty) else { continue }
            connections[slot].flags.remove(.dirty)
            if connections[slot].isOpen { flush(slot) }
        }
        state.value.dirty.removeAll(keepingCapacity: true)
    }

    private func flush(_ slot: Int) {
        if connections[slot].http1.isAborted { return close(slot, .closedAborted) }
        if connections[slot].isHTTP2 {
            guard flushFrames(slot) else { return }
        } else if connections[slot].http1.sendableBytes > 0, !connections[slot].flags.contains(.outputBlocked) {
            guard send(slot) else { return }
        }
        if connections[slot].mayProceed(state.value.context.limits)
            || connections[slot].isOwedWritable(state.value.context.limits)
        {
            queue(slot)
        } else if connections[slot].flags.contains(.inputEnded), !connections[slot].isWaitingToGoOn {
            guard endInput(slot) else { return }
        }
        if connections[slot].isFinished, connections[slot].sendableBytes == 0,
            !connections[slot].flags.contains(.lingering)
        {
            guard finishConnection(slot) else { return }
        }
        updateDeadline(slot)
        let unsent = connections[slot].unsentBytes
        state.value.unsentBytes += unsent - connections[slot].unsentCounted
        connections[slot].unsentCounted = unsent
    }

    /// One `send`; false where the connection is gone.
    func send(_ slot: Int) -> Bool {
        let wanted = connections[slot].sendableBytes
        switch connections[slot].send(transport) {
        case .moved(let count):
            state.value.counters[.bytesWritten] += count
            connections[slot].sent(count, &state.value.context)
            connections[slot].writeProgress = state.value.now
            if count < wanted { connections[slot].flags.insert(.outputBlocked) }
        case .wouldBlock:
            connections[slot].flags.insert(.outputBlocked)
        case .ended, .broken:
            close(slot, .closedBroken)
            return false
        }
        return true
    }

    /// The peer has ended its direction, and all it sent has been looked at. That it has closed cannot be told from
    /// that (RFC 9112 9.6 lets a client end only its own direction): where answers are still due, it is asked. Whoever
    /// has closed breaks the connection then, and its requests are dropped. Of HTTP/2, whose answers need the peer's
    /// credit, and of what cannot be asked, the peer is taken to be gone.
    ///
    /// - Returns: false where the connection is closed.
    private func endInput(_ slot: Int) -> Bool {
        let isUnanswered = connections[slot].unanswered(from: nil) != nil
        if connections[slot].flags.contains(.lingering) || (!isUnanswered && connections[slot].unsentBytes == 0) {
            close(slot, .closedByPeer)
            return false
        }
        if isUnanswered, !connections[slot].flags.contains(.asked) {
            guard !connections[slot].isHTTP2, connections[slot].http1.askPeer(context: &state.value.context) else {
                close(slot, .closedByPeer)
                return false
            }
            connections[slot].flags.insert(.asked)
            if !connections[slot].flags.contains(.outputBlocked) {
                guard send(slot) else { return false }
            }
        }
        connections[slot].endInput()
        return true
    }

    /// All answers are out and no request will come: closes, at once or after a drain.
    private func finishConnection(_ slot: Int) -> Bool {
        if connections[slot].hasFramingError { state.value.counters[.framingErrors] += 1 }
        let mustLinger =
            connections[slot].mustLinger || connections[slot].flags.contains(.hasLeftover)
            || connections[slot].pendingCount > 0
        guard mustLinger, !connections[slot].flags.contains(.inputEnded) else {
            close(slot, state.value.isDraining ? .closedByDrain : .closedAfterAnswer)
            return false
        }
        transport.halfClose(connections[slot].fd)
        connections[slot].flags.insert(.lingering)
        connections[slot].flags.remove(.inputBlocked)
        connections[slot].writeProgress = state.value.now
        if connections[slot].flags.contains(.readable) { queue(slot) }
        return true
    }
}
