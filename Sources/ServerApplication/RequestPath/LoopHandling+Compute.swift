internal import EventLoop
internal import HTTPCore
internal import HTTPServer
internal import InferenceAPI
internal import Serving
internal import ServingProtocols
internal import Telemetry
internal import TensorCore

/// Predictions that are too long for a loop: handed on to the compute pool, and answered when they come back.
extension LoopHandling {
    /// Hands on a body that would keep the loop for too long to decode.
    mutating func handOn(
        _ prediction: Prediction, _ body: Span<UInt8>, started: UInt64, _ sink: any ExchangeSink
    ) {
        let model = prediction.model
        var bytes: [UInt8] = []
        bytes.reserveCapacity(body.count)
        for index in body.indices { bytes.append(body[index]) }
        let origin = ComputeOrigin(
            exchange: prediction.exchange, route: prediction.route, started: started, terms: prediction.ask.terms,
            isolation: prediction.ask.isolatesRows ? RowIsolation() : nil, returns: compute.returns)
        // A value is mostly some eight bytes of text.
        let rows = max(1, body.count / (max(1, model.layout.width) * 8))
        handOn(origin, model, .body(bytes, prediction.ask.format), rows: rows, bytes: body.count, isBody: true)
        submitHandedOn(sink)
    }

    /// Hands on rows that would keep the loop for too long to run.
    mutating func handOn(
        _ ticket: BatchTicket, _ model: ServedModel, _ rows: Range<Int>, _ batch: borrowing RowBatch
    ) {
        let exchange = ticket.exchangeID
        let note = compute.takeNote(exchange)
        var copy = RowBatch(layout: model.layout, rowCapacity: rows.count)
        let fits = copy.append(rows, of: batch)
        precondition(fits, "a part of a batch is no larger than the batch")
        let bytes = rows.count * (model.layout.width + model.layout.missingWordsPerRow) * 8 + copy.stringByteCount
        let now = context.clock.now().elapsedNanoseconds
        let origin = ComputeOrigin(
            exchange: exchange, route: ticket.route, started: now &- ticket.elapsed(until: now),
            terms: note?.terms ?? .standard, isolation: note?.isolation, returns: compute.returns)
        handOn(
            origin, model, .rows(copy, ticket.request(rowCount: rows.count)), rows: rows.count, bytes: bytes,
            isBody: false)
    }

    private mutating func handOn(
        _ origin: ComputeOrigin, _ model: ServedModel, _ work: consuming sending ComputeTask.Work, rows: Int,
        bytes: Int,
        isBody: Bool
    ) {
        pool.jobs.begin()
        let task = ComputeTask(
            id: compute.pool.makeID(), origin: origin, model: model, presentation: presentation(of: model),
            arrival: context.clock.now().elapsedNanoseconds, work: work, jobs: pool.jobs)
        compute.handed.append((task, rows, bytes, isBody))
    }

    /// Gives the pool what this flush has handed on, all under one lock.
    mutating func submitHandedOn(_ sink: any ExchangeSink) {
        guard !compute.handed.isEmpty else { return }
        let now = context.clock.now().elapsedNanoseconds
        let refusals = compute.pool.submit(compute.handed)
        for (entry, refusal) in zip(compute.handed, refusals) {
            let task = entry.task
            guard let refusal else {
                compute.wait(for: task)
                let deadline = task.origin.terms.deadline
                if deadline != .never {
                    sink.expire(task.origin.exchange, after: .nanoseconds(Int64(clamping: deadline.nanoseconds &- now)))
                }
                continue
            }
            let metrics = task.model.metrics.batching
            if case .late = refusal {
                metrics.late.add(1, cell: context.index)
            } else {
                metrics.full.add(1, cell: context.index)
            }
            answer(
                refusal, task.origin.route, task.origin.exchange, task.model,
                nanoseconds: now &- task.origin.started, sink)
        }
        compute.handed.removeAll(keepingCapacity: true)
    }

    /// Writes what compute threads have answered since the last tick. Whoever is gone is passed over.
    mutating func takeReturns(_ sink: any ExchangeSink) {
        for made in compute.returns.take() where compute.takeWaiting(made.exchange) {
            sink.respond(made.exchange, made.status, answerFields(made.fields, made.exchange), body: made.body.span)
            let nanoseconds = context.clock.now().elapsedNanoseconds &- made.started
            if made.status == .ok {
                cache.keep(made.exchange, made.body)
                meter.countPrediction(made.route, nanoseconds: nanoseconds, bytes: made.body.count)
            } else {
                cache.forget(made.exchange)
                meter.count(made.route, made.status, nanoseconds: nanoseconds, bytes: made.body.count)
            }
        }
    }

    /// The deadline of a request that compute threads have is over: nobody is to wait for it any longer.
    mutating func expirePrediction(_ exchange: ExchangeID, _ sink: any ExchangeSink) {
        let now = context.clock.now().elapsedNanoseconds
        guard let entry = compute.takeExpired(exchange, now: now) else { return }
        answer(.late(.expired), entry.route, exchange, nil, nanoseconds: now &- entry.started, sink)
    }
}
