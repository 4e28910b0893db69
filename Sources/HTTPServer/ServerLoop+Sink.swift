internal import EventLoop
internal import HTTPCore

extension ServerLoop: ExchangeSink {
    func respond(_ exchange: ExchangeID, _ status: HTTPStatus, _ fields: ResponseFields, body: Span<UInt8>) {
        guard let slot = slot(of: exchange) else { return }
        if connections[slot].isHTTP2 {
            connections[slot].http2.respond(exchange.stream, status, fields, body: body, context: &state.value.context)
        } else {
            connections[slot].http1.respond(exchange.stream, status, fields, body: body, context: &state.value.context)
        }
        markDirty(slot)
    }

    func start(_ exchange: ExchangeID, _ status: HTTPStatus, _ fields: ResponseFields, bodyBytes: Int?) {
        guard let slot = slot(of: exchange) else { return }
        if connections[slot].isHTTP2 {
            connections[slot].http2.start(
                exchange.stream, status, fields, bodyBytes: bodyBytes, context: &state.value.context)
        } else {
            connections[slot].http1.start(
                exchange.stream, status, fields, bodyBytes: bodyBytes, context: &state.value.context)
        }
        markDirty(slot)
    }

    func send(_ exchange: ExchangeID, _ bytes: Span<UInt8>) -> Bool {
        guard let slot = slot(of: exchange) else { return true }
        markDirty(slot)
        return connections[slot].isHTTP2
            ? connections[slot].http2.send(exchange.stream, bytes, context: &state.value.context)
            : connections[slot].http1.send(exchange.stream, bytes, context: &state.value.context)
    }

    func end(_ exchange: ExchangeID, trailers: ResponseFields?) {
        guard let slot = slot(of: exchange) else { return }
        if connections[slot].isHTTP2 {
            connections[slot].http2.end(exchange.stream, trailers: trailers, context: &state.value.context)
        } else {
            connections[slot].http1.end(exchange.stream, trailers: trailers, context: &state.value.context)
        }
        markDirty(slot)
    }

    func consumed(_ exchange: ExchangeID, bytes: Int) {
        guard let slot = slot(of: exchange) else { return }
        if connections[slot].isHTTP2 {
            connections[slot].http2.consumed(exchange.stream, bytes: bytes)
        } else {
            connections[slot].http1.consumed(exchange.stream, bytes: bytes)
        }
        markDirty(slot)
    }

    func expire(_ exchange: ExchangeID, after duration: Duration) {
        guard isUnanswered(exchange) else { return }
        if state.value.deadlines.isCompactionDue { state.value.deadlines.compact { isUnanswered($0) } }
        let deadline = state.value.now.advanced(by: LoopDuration(duration))
        if deadline < state.value.deadlines.next ?? .never {
            state.value.wheel.schedule(ServerLoop.exchangeTimer, at: deadline)
        }
        state.value.deadlines.add(exchange, at: deadline)
    }

    func hearLast(_ exchange: ExchangeID) {
        guard let slot = slot(of: exchange) else { return }
        connections[slot].flags.insert(.patient)
    }

    func tidyLater() {
        state.value.wheel.schedule(
            ServerLoop.tidyTimer, at: state.value.now.advanced(by: LoopDuration(.seconds(1))))
    }

    /// Tells the handler of exchanges whose time is over.
    func expireExchanges() {
        while let exchange = state.value.deadlines.popDue(at: state.value.now) {
            guard isUnanswered(exchange) else { continue }
            state.value.counters[.exchangeTimeouts] += 1
            handler.expired(exchange, self)
        }
        if let next = state.value.deadlines.next { state.value.wheel.schedule(ServerLoop.exchangeTimer, at: next) }
    }

    private func isUnanswered(_ exchange: ExchangeID) -> Bool {
        guard let slot = slot(of: exchange) else { return false }
        return connections[slot].isOpen(exchange.stream)
    }

    /// The slot of a connection that is still the one the exchange was on.
    @inline(__always)
    private func slot(of exchange: ExchangeID) -> Int? {
        let slot = Int(exchange.connection)
        guard Int(exchange.loop) == index, slot < connections.count, connections[slot].isOpen,
            connections[slot].generation == exchange.generation
        else { return nil }
        return slot
    }
}
