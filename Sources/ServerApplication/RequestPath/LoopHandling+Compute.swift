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
        _ prediction: Prediction, _ body: consuming [UInt8], started: UInt64, _ sink: any ExchangeSink
    ) {
        let model = prediction.model
        let byteCount = body.count
        var terms = prediction.ask.terms
        if case .openInference(let jsonBytes) = prediction.ask.format {
            terms = OpenInferenceDecoder.earlyTerms(of: body.span, jsonBytes: jsonBytes).joined(
                with: terms, now: started)
        }
        let origin = ComputeTask.Origin(
            terms: terms, isolation: prediction.ask.isolatesRows ? RowIsolation() : nil,
            returns: compute.returns)
        let caller = ComputeTask.Caller(exchange: prediction.exchange, route: prediction.route, started: started)
        // A value is mostly some eight bytes of text.
        let rows = max(1, byteCount / (max(1, model.layout.width) * 8))
        let task = makeTask(origin, model, .body(body, prediction.ask.format, caller))
        compute.handed.append((task, requests: 1, rows: rows, bytes: byteCount, isBody: true))
        submitHandedOn(sink)
    }

    /// Hands on rows that would keep the loop for too long to run: requests that ask for nothing else together, as long
    /// as that is not too much for one task.
    mutating func handOn(_ waiting: [TickBatcher.Waiting], _ model: ServedModel, _ batch: borrowing RowBatch) {
        let now = context.clock.now().elapsedNanoseconds
        var parts: [ComputeTask.Part] = []
        // The rows of `parts` in the tick's batch: one range, so that they are copied at once.
        var rows = 0..<0
        for (ticket, own) in waiting {
            let exchange = ticket.exchangeID
            let note = compute.takeNote(exchange)
            let together = rows.lowerBound..<own.upperBound
            let joins =
                note == nil && rows.upperBound == own.lowerBound && shared.batching.compute.joinsRequests
                && model.cost.nanoseconds(rows: together.count) <= shared.batching.compute.taskTarget
            if !parts.isEmpty, !joins {
                handOn(parts, rows, of: batch, model, nil)
                parts = []
            }
            rows = parts.isEmpty ? own : together
            let caller = ComputeTask.Caller(
                exchange: exchange, route: ticket.route, started: now &- ticket.elapsed(until: now))
            parts.append(
                ComputeTask.Part(
                    caller: caller, request: takeRequest(ticket, rowCount: own.count),
                    rows: own.lowerBound - rows.lowerBound..<own.upperBound - rows.lowerBound))
            if let note {
                handOn(parts, rows, of: batch, model, note)
                parts = []
            }
        }
        if !parts.isEmpty { handOn(parts, rows, of: batch, model, nil) }
    }

    private mutating func handOn(
        _ parts: [ComputeTask.Part], _ rows: Range<Int>, of batch: borrowing RowBatch, _ model: ServedModel,
        _ note: LoopCompute.Note?
    ) {
        var copy = RowBatch(layout: model.layout, rowCapacity: rows.count)
        let fits = copy.append(rows, of: batch)
        precondition(fits, "a part of a batch is no larger than the batch")
        let bytes = rows.count * (model.layout.width + model.layout.missingWordsPerRow) * 8 + copy.stringByteCount
        let origin = ComputeTask.Origin(
            terms: note?.terms ?? .standard, isolation: note?.isolation, returns: compute.returns)
        let task = makeTask(origin, model, .rows(copy, parts))
        compute.handed.append((task, requests: parts.count, rows: rows.count, bytes: bytes, isBody: false))
    }

    private mutating func makeTask(
        _ origin: ComputeTask.Origin, _ model: ServedModel, _ work: consuming sending ComputeTask.Work
    ) -> ComputeTask {
        pool.jobs.begin()
        return ComputeTask(
            id: compute.pool.makeID(), origin: origin, model: model, presentation: presentation(of: model),
            arrival: context.clock.now().elapsedNanoseconds, work: work, jobs: pool.jobs)
    }

    /// Gives the pool what this flush has handed on, all under one lock.
    mutating func submitHandedOn(_ sink: any ExchangeSink) {
        guard !compute.handed.isEmpty else { return }
        let now = context.clock.now().elapsedNanoseconds
        // Before a thread can answer: a task that runs does not know its callers any more.
        for entry in compute.handed {
            compute.wait(for: entry.task)
            for caller in entry.task.callers { sink.hearLast(caller.exchange) }
            if compute.copies(entry.bytes) { sink.tidyLater() }
            let deadline = entry.task.origin.terms.deadline
            guard deadline != .never else { continue }
            for caller in entry.task.callers {
                sink.expire(caller.exchange, after: .nanoseconds(Int64(clamping: deadline.nanoseconds &- now)))
            }
        }
        let refused = compute.pool.submit(compute.handed)
        for (task, caller, error) in refused {
            _ = compute.takeWaiting(caller.exchange)
            let metrics = task.model.metrics.batching
            if case .late = error {
                metrics.late.add(1, cell: context.index)
            } else {
                metrics.full.add(1, cell: context.index)
            }
            answer(error, caller.route, caller.exchange, task.model, nanoseconds: now &- caller.started, sink)
        }
        compute.handed.removeAll(keepingCapacity: true)
    }

    /// Gives back what was copied for the compute threads, once they are done with it.
    func tidy(_ sink: any ExchangeSink) {
        if compute.waitingCount > 0 { sink.tidyLater() } else { Host.releaseFreeMemory() }
    }

    /// Writes what compute threads have answered since the last tick. Whoever is gone is passed over.
    mutating func takeReturns(_ sink: any ExchangeSink) {
        for made in compute.returns.take() {
            for one in made.all where compute.takeWaiting(one.caller.exchange) {
                let exchange = one.caller.exchange
                let body = made.bodies.span.extracting(one.body)
                if let code = one.code {
                    finishCall(exchange, code, body, sink)
                } else {
                    sink.respond(exchange, one.status, answerFields(one.fields, exchange), body: body)
                }
                let nanoseconds = context.clock.now().elapsedNanoseconds &- one.caller.started
                if one.status == .ok {
                    if cache.isOn { cache.keep(exchange, Array(made.bodies[one.body])) }
                    meter.countPrediction(one.caller.route, nanoseconds: nanoseconds, bytes: one.body.count)
                } else {
                    cache.forget(exchange)
                    let status = one.code == nil ? one.status : .ok
                    meter.count(one.caller.route, status, nanoseconds: nanoseconds, bytes: one.body.count)
                }
            }
        }
    }

    /// The deadline of a request that compute threads have is over: nobody is to wait for it any longer.
    mutating func expirePrediction(_ exchange: ExchangeID, _ sink: any ExchangeSink) {
        let now = context.clock.now().elapsedNanoseconds
        switch compute.takeExpired(exchange, now: now) {
        case .early(let left): sink.expire(exchange, after: .nanoseconds(Int64(clamping: left)))
        case .running(let caller) where caller.route.wire == .call:
            // What comes of it is for nobody: a call ends in time.
            _ = compute.takeWaiting(exchange)
            grpc.expired(exchange, sink)
        case .taken(let caller):
            answer(.late(.expired), caller.route, exchange, nil, nanoseconds: now &- caller.started, sink)
        case .running, .none: break
        }
    }
}
