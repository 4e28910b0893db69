internal import ByteCoding
internal import EventLoop
internal import HTTPCore
internal import HTTPServer
internal import InferenceAPI
internal import Serving
internal import ServingProtocols

// Requests with `X-Min-Generation`: no older state may answer them.
extension LoopHandling {
    /// How such a request begins; nil where what serves will do.
    mutating func awaitGeneration(
        _ head: borrowing RequestHead, _ exchange: ExchangeID, _ sink: any ExchangeSink
    ) -> BodyMode? {
        guard case .found(let route, _) = shared.routes.match(head, &parameters), route.takesMinimumGeneration,
            !isClosed(to: head, route), !route.isAdministration || live.gate.refusal(head) == nil
        else { return nil }
        let asked: Int
        do throws(MinimumGeneration.Malformed) {
            guard let generation = try MinimumGeneration.asked(by: head) else { return nil }
            asked = generation
        } catch {
            return refuse(error.problem, AnswerFields.problem, route)
        }
        let name = route.hasModel ? nameInPath(of: head) : nil
        let served = MinimumGeneration.served(by: pool, route, name)
        guard asked > served else { return nil }
        guard route.waitsForGeneration else {
            shared.follower?.ask()
            return refuse(
                MinimumGeneration.refusal(asked, serving: served), AnswerFields.retry(after: 1), route)
        }
        var format = RequestFormat.native(NativeFormat())
        do throws(RequestFormat.Refusal) {
            if route != .listModels { format = try RequestFormat(head, route) }
        } catch {
            return refuse(error.document, error.fields, route)
        }
        let now = context.clock.now().elapsedNanoseconds
        var ask: PredictionAsk
        do throws(PredictionAsk.Malformed) {
            ask = try PredictionAsk(head, now: now)
        } catch {
            return refuse(error.document, AnswerFields.problem, route)
        }
        ask.format = format
        // A name that is not known may come with the newer state: it is looked up then.
        let request = MinimumGeneration.Parked(
            route: route, name: name,
            version: route.hasVersion ? parameters.text(1, of: head.path) : nil,
            generation: asked, ask: ask)
        guard let follower = shared.follower, waiting.park(request, exchange) else {
            return refuse(
                MinimumGeneration.refusal(asked, serving: served), AnswerFields.retry(after: 1), route)
        }
        if let grant { grants[exchange] = grant }
        follower.ask()
        // No longer than its client waits.
        let deadline = ask.terms.deadline
        let left = deadline == .never ? .max : deadline.nanoseconds > now ? deadline.nanoseconds - now : 0
        sink.expire(exchange, after: min(MinimumGeneration.patience, .nanoseconds(Int64(clamping: left))))
        return .buffered(bytesMax: live.bodyBytesMax)
    }

    /// - Returns: whether the body belongs to a request that waits, or has waited.
    mutating func takeWaiting(_ body: Span<UInt8>, _ exchange: ExchangeID, _ sink: any ExchangeSink) -> Bool {
        switch waiting.take(body, exchange, serving: pool) {
        case .none: return false
        case .kept: break
        case .refused(let request): refuseWaiting(request, exchange, sink)
        case .ready(let request): answerWaiting(request, body, exchange, sink)
        }
        return true
    }

    /// Answers those for which the state has come. Called when a state has been taken over.
    mutating func releaseWaiting(_ sink: any ExchangeSink) {
        let released = waiting.release(serving: pool)
        guard !released.isEmpty else { return }
        for (exchange, request) in released {
            let body = request.body ?? []
            answerWaiting(request, body.span, exchange, sink)
        }
        flush(sink)
        meter.endTick()
    }

    private mutating func answerWaiting(
        _ request: MinimumGeneration.Parked, _ body: Span<UInt8>, _ exchange: ExchangeID, _ sink: any ExchangeSink
    ) {
        guard request.route != .listModels else {
            writer.reset()
            writeModels()
            sink.respond(exchange, .ok, answerFields(listFields, exchange), body: writer.bytes.span)
            return meter.count(.listModels, .ok, nanoseconds: 0, bytes: writer.bytes.count)
        }
        guard let model = request.model(in: pool) else {
            let error = InferenceError.unknownModel(name: request.name, known: pool.names)
            return answer(error, request.route, exchange, nil, nanoseconds: 0, sink)
        }
        predict(Prediction(exchange: exchange, model: model, route: request.route, ask: request.ask), body, sink)
    }

    /// Its time is over, or there is no room for its body.
    mutating func refuseWaiting(
        _ request: MinimumGeneration.Parked, _ exchange: ExchangeID, _ sink: any ExchangeSink
    ) {
        let served = MinimumGeneration.served(by: pool, request.route, request.name)
        let document = MinimumGeneration.refusal(request.generation, serving: served)
        let (fields, body) = told(document, AnswerFields.retry(after: 1), request.route.wire)
        sink.respond(exchange, .serviceUnavailable, answerFields(fields, exchange), body: body.span)
        meter.count(request.route, .serviceUnavailable, nanoseconds: 0, bytes: body.count)
    }
}

extension MinimumGeneration.Parked {
    /// The model that the path names, as of a state.
    fileprivate func model(in pool: PredictorPool) -> ServedModel? {
        guard let name else { return pool.defaultModel }
        let entry = pool.entry(named: name)
        switch (route, version) {
        case (.versionPredict, let version?): return Int(version).flatMap { entry?.version($0) }
        case (.aliasPredict, let alias?): return entry?.alias(alias.utf8.span)
        case (.openVersionInfer, let version?): return entry?.version(orAlias: version)
        default: return entry?.current
        }
    }
}
