internal import ByteCoding
internal import EventLoop
internal import HTTPCore
internal import HTTPServer
internal import InferenceAPI
internal import Serving
internal import ServingProtocols
internal import Telemetry
internal import TensorCore

/// What a ``LoopHandler`` does and keeps.
///
/// A value, so that what an event touches is checked for overlapping access once, at the handler, and not by the
/// runtime at each of some twenty properties.
struct LoopHandling {
    let context: LoopContext
    let shared: SharedServices
    private let subscription: PoolSubscription
    let batcher: TickBatcher
    let meter: RequestMeter
    var live: LiveSettings
    private var liveNumber = 0
    let grpc: GRPCDispatcher
    let calls: OpenInferenceService
    var pool = PredictorPool.empty
    private var presentations: [ObjectIdentifier: ModelPresentation] = [:]
    /// The one that was asked for last: mostly the next one, too.
    private var latest: (model: ObjectIdentifier, presentation: ModelPresentation)?
    var decoder = PredictionDecoder()
    /// Of the head that is being looked at.
    var parameters = PathParameters()
    var writer = JSONWriter(capacity: 4096)
    var tensors = OpenInferenceWriter()
    /// Of the Open Inference Protocol, of this tick.
    var tensorRequests: [ExchangeID: OpenInferenceRequest] = [:]
    /// What the heads of calls asked for whose messages are still to come, if it was anything.
    var callAsks: [ExchangeID: CallAsk] = [:]
    /// What the answer to the head that is being looked at says to a page of another origin.
    var grant: CORSGrant?
    /// When it began to be looked at; not set for predictions.
    var started: UInt64 = 0
    /// Predictions that came from such pages and are not answered.
    var grants: [ExchangeID: CORSGrant] = [:]
    var grantedFields = CORSFieldCache()

    private var expected = ExpectedPredictions()
    /// Requests whose bodies are still to come. Models are not held here, only their names, so that a slow body does
    /// not keep a replaced model alive.
    var pending: [ExchangeID: PendingRequest] = [:]

    /// Those whose bodies have come whole and that are not answered: a client that goes before the import takes its
    /// upload along.
    var whole: [ExchangeID: UploadExchange] = [:]

    var compute: LoopCompute
    var cache: LoopCache
    /// Requests that wait for a newer state.
    var waiting = MinimumGeneration()
    /// Files that are being sent.
    var downloads: [ExchangeID: FileDownload] = [:]
    let pieces: FilePieces

    typealias Prediction = ExpectedPredictions.Prediction

    enum PendingRequest {
        case predict(PredictionTarget, PredictionAsk)
        case upload(UploadExchange)
        case control(ControlRequest, CORSGrant?)
        case download(FileDownload)
    }

    init(context: LoopContext, shared: SharedServices) {
        self.context = context
        self.shared = shared
        live = shared.live.current
        let mailbox = context.mailbox
        subscription = shared.registry.subscribe { mailbox.wake() }
        let clock = context.clock
        batcher = TickBatcher(
            loop: context.index, limits: shared.batching.loop, clock: { clock.now().elapsedNanoseconds })
        compute = LoopCompute(shared.compute, loop: context.index) { mailbox.wake() }
        pieces = FilePieces { mailbox.wake() }
        cache = LoopCache(bytesMax: shared.batching.cacheBytes / shared.loops, cell: context.index)
        meter = RequestMeter(shared.metrics, loop: context.index)
        calls = OpenInferenceService(messageBytesMax: live.bodyBytesMax)
        grpc = GRPCServices.dispatcher(shared.state, calls)
        // A Watch of the health service is told of a change at the end of the tick.
        shared.state.listen { mailbox.wake() }
        adoptPool()
    }

    /// The publisher may free what this loop held only when nothing of it is left here.
    mutating func close() {
        compute.cancelAll()
        pool = .empty
        forgetPresentations()
        batcher.adopt(.empty)
        subscription.close()
    }

    // MARK: Events

    mutating func head(_ head: borrowing RequestHead, _ exchange: ExchangeID, _ sink: any ExchangeSink) -> BodyMode {
        grant = live.cors?.grant(for: head)
        let mode = answerOrExpect(head, exchange, sink)
        guard let grant, case .answered(let status, let fields, let body) = mode else { return mode }
        return .answered(status, grant.adding(to: fields), body)
    }

    private mutating func answerOrExpect(
        _ head: borrowing RequestHead, _ exchange: ExchangeID, _ sink: any ExchangeSink
    ) -> BodyMode {
        if head.has(.minGeneration), let mode = awaitGeneration(head, exchange, sink) { return mode }
        switch shared.routes.match(head, &parameters) {
        case .found(let route, _) where route.takesPredictToken && isClosed(to: head, route):
            return refuseToken(head, route)
        case .found(.predict, _):
            guard let model = pool.defaultModel else { return refuseUnknown(nil, .predict) }
            return expectPrediction(of: model, head, exchange, .predict)
        case .found(.modelPredict, _):
            guard let model = modelInPath(of: head) else { return refuseUnknown(nameInPath(of: head), .modelPredict) }
            return expectPrediction(of: model, head, exchange, .modelPredict)
        case .found(.openInfer, _):
            guard let model = modelInPath(of: head) else { return refuseUnknown(nameInPath(of: head), .openInfer) }
            return expectPrediction(of: model, head, exchange, .openInfer)
        case .found(.openVersionInfer, _):
            switch versionOrAliasInPath(of: head) {
            case .success(let model): return expectPrediction(of: model, head, exchange, .openVersionInfer)
            case .failure(let error): return refuse(error, .openVersionInfer)
            }
        case .found(let route, _) where route == .versionPredict || route == .aliasPredict:
            switch versionInPath(of: head, isAlias: route == .aliasPredict) {
            case .success(let model): return expectPrediction(of: model, head, exchange, route)
            case .failure(let error): return refuse(error, route)
            }
        case .found(let route, _):
            return route.isGRPC ? beginCall(route, head, exchange, sink) : beginControl(route, head, exchange)
        case .methodNotAllowed(let allow):
            let methods = allow.fields.first { $0.name == "Allow" }?.value ?? ""
            if head.method == .options { return answerOptions(head, methods) }
            return refuse(
                ProblemDocument(.methodNotAllowed, title: "Method not allowed", detail: "this route takes \(methods)"),
                AnswerFields.problem.adding([("Allow", methods)]), .unknown, wire: wireOfUnknown(head))
        case .notFound:
            if head.method == .options, head.path.text == "*" { return answerOptions(head, Self.allMethods) }
            if GRPCRequest.isLikely(head) { return beginCall(.unknown, head, exchange, sink) }
            return refuse(
                ProblemDocument(
                    .notFound, title: "No such route",
                    detail: "try POST /predict, POST /models/{model}/predict or GET /models"),
                AnswerFields.problem, .unknown, wire: wireOfUnknown(head))
        case .malformedPath:
            return refuse(
                ProblemDocument(
                    .badRequest, title: "Bad path",
                    detail: "a segment is \".\" or \"..\", hides a slash or a control byte, or has a bad escape"),
                AnswerFields.problem, .unknown, wire: wireOfUnknown(head))
        }
    }

    mutating func body(_ bytes: Span<UInt8>, isEnd: Bool, _ exchange: ExchangeID, _ sink: any ExchangeSink) {
        if let prediction = expected.take(exchange) { return predict(prediction, bytes, sink) }
        if waiting.count > 0, takeWaiting(bytes, exchange, sink) { return }
        switch pending[exchange] {
        case .predict(let target, let ask)?:
            pending[exchange] = nil
            guard let model = target.model(in: pool) else {
                let error = InferenceError.unknownModel(name: target.name, known: pool.names)
                return answer(error, target.route, exchange, nil, nanoseconds: 0, sink)
            }
            predict(Prediction(exchange: exchange, model: model, route: target.route, ask: ask), bytes, sink)
        case .upload(let upload)?:
            meter.received(.putModel, bytes: bytes.count)
            upload.append(bytes) { sink.consumed(exchange, bytes: $0) }
            if isEnd {
                pending[exchange] = nil
                whole[exchange] = upload
                upload.finish()
            }
        case .control(let request, let grant)?:
            guard isEnd else { return }
            pending[exchange] = nil
            perform(request, bytes, exchange, grant, sink)
        case .download(let download)?:
            guard isEnd else { return }
            pending[exchange] = nil
            begin(download, exchange, sink)
        case nil:
            grpc.body(bytes, isEnd: isEnd, exchange, sink)
            if let received = calls.take() { answerCall(received, sink) }
        }
    }

    mutating func writable(_ exchange: ExchangeID, _ sink: any ExchangeSink) {
        if !downloads.isEmpty, goOn(exchange, sink) { return }
        grpc.writable(exchange, sink)
    }

    mutating func expired(_ exchange: ExchangeID, _ sink: any ExchangeSink) {
        if compute.waits(exchange) { return expirePrediction(exchange, sink) }
        if let request = waiting.remove(exchange) { return refuseWaiting(request, exchange, sink) }
        // Rows of this tick are answered, or handed on, at its end.
        if !tensorRequests.isEmpty, tensorRequests[exchange] != nil { return }
        grpc.expired(exchange, sink)
    }

    mutating func cancelled(_ exchange: ExchangeID) {
        if !grants.isEmpty { grants[exchange] = nil }
        _ = expected.take(exchange)
        _ = waiting.remove(exchange)
        if case .upload(let upload)? = pending.removeValue(forKey: exchange) { upload.cancel() }
        whole.removeValue(forKey: exchange)?.cancel()
        if !downloads.isEmpty { downloads[exchange] = nil }
        if !tensorRequests.isEmpty { tensorRequests[exchange] = nil }
        compute.cancel(exchange)
        cache.forget(exchange)
        let ticket = BatchTicket(exchange)
        batcher.cancel(exchange: ticket.exchange, stream: ticket.stream)
        grpc.cancelled(exchange)
    }

    mutating func endOfTick(_ sink: any ExchangeSink) {
        takeReturns(sink)
        sendPieces(sink)
        flush(sink)
        meter.endTick()
        while let prediction = expected.takeFirst() { setAside(prediction) }
        adoptPool()
        if waiting.count > 0 { releaseWaiting(sink) }
        if let follower = shared.follower { follower.askIfStale(at: context.clock.now().elapsedNanoseconds) }
        if let next = shared.live.adopt(&liveNumber) {
            live = next
            grantedFields.removeAll()
        }
        grpc.endOfTick(sink)
        for ended in calls.takeEnded() {
            callAsks[ended.exchange] = nil
            if ended.isToldPrediction { meter.count(.callModelInfer, .ok, nanoseconds: 0, bytes: 0) }
        }
    }

    mutating func endOfTurn() { compute.endOfTurn(context.clock) }

    /// Requests of which something is kept here, for tests: whose bodies are still to come, or whose rows wait.
    mutating func openExchangeCount() -> Int {
        forgetEndedUploads()
        return pending.count + expected.count + batcher.waitingTickets + compute.waitingCount + waiting.count
            + downloads.count
    }

    /// The model that the path names, mostly without escapes.
    func modelInPath(of head: borrowing RequestHead) -> ServedModel? {
        pool.model(named: parameters.raw(0, of: head.path)) ?? pool.model(named: nameInPath(of: head).utf8.span)
    }

    func nameInPath(of head: borrowing RequestHead) -> String {
        parameters.text(0, of: head.path) ?? "\u{fffd}"
    }

    // MARK: Predictions

    private mutating func expectPrediction(
        of model: ServedModel, _ head: borrowing RequestHead, _ exchange: ExchangeID, _ route: RequestRoute
    ) -> BodyMode {
        let format: RequestFormat
        do throws(RequestFormat.Refusal) {
            format = try RequestFormat(head, route)
        } catch {
            return refuse(error.document, error.fields, route)
        }
        guard mayBegin() else {
            return refuse(
                ProblemDocument(.serviceUnavailable, title: "The server is busy", detail: Self.busyDetail),
                AnswerFields.busy, route)
        }
        var ask = PredictionAsk.standard
        if !PredictionAsk.isStandard(head) {
            do throws(PredictionAsk.Malformed) {
                ask = try PredictionAsk(head, now: context.clock.now().elapsedNanoseconds)
            } catch {
                return refuse(error.document, AnswerFields.problem, route)
            }
        }
        ask.format = format
        let prediction = Prediction(exchange: exchange, model: model, route: route, ask: ask)
        if !expected.add(prediction) { setAside(prediction) }
        if let grant { grants[exchange] = grant }
        return .buffered(bytesMax: live.bodyBytesMax)
    }

    static let busyDetail = "more predictions are under way than the bound allows (in_flight_max); try again in 1 s"

    /// Whether one more prediction may be under way, which is counted if not. What is: bodies that are still coming,
    /// rows of this tick, what compute threads have, and who waits for a newer generation.
    func mayBegin() -> Bool {
        let waitingCount = batcher.waitingTickets + compute.waitingCount + waiting.count
        guard pending.count + expected.count + waitingCount < live.inFlightMax else {
            shared.metrics.refusedInFlight.add(1, cell: context.index)
            return false
        }
        return true
    }

    @inline(__always)
    func isClosed(to head: borrowing RequestHead, _ route: RequestRoute) -> Bool {
        guard let gate = live.predictGate else { return false }
        return !gate.isOpen(to: head)
    }

    private func refuseToken(_ head: borrowing RequestHead, _ route: RequestRoute) -> BodyMode {
        guard let refusal = live.predictGate?.refusal(head) else { preconditionFailure("the gate is closed") }
        if route.wire == .call, GRPCRequest.isLikely(head) {
            meter.count(route, .ok, nanoseconds: 0, bytes: 0)
            return GRPCRefusal.status(GRPCStatus(.unauthenticated, refusal.detail)).bodyMode
        }
        return refuse(refusal, AnswerFields.unauthorized, route)
    }

    /// The body did not come along with its head: it waits by its model's name.
    private mutating func setAside(_ prediction: Prediction) {
        pending[prediction.exchange] = .predict(
            PredictionTarget(prediction.model, prediction.route), prediction.ask)
    }

    mutating func predict(_ prediction: Prediction, _ body: Span<UInt8>, _ sink: any ExchangeSink) {
        let model = prediction.model
        let started = context.clock.now().elapsedNanoseconds
        meter.receivedPrediction(prediction.route, bytes: body.count)
        if body.count > ComputePool.loopBodyBytesMax {
            var bytes: [UInt8] = []
            bytes.append(addingCapacity: body.count) { output in
                for index in body.indices { output.append(body[index]) }
            }
            return handOn(prediction, bytes, started: started, sink)
        }
        do throws(InferenceError) {
            var isolation = prediction.ask.isolatesRows ? RowIsolation() : nil
            var batch = try batcher.take(model)
            let firstRow = batch.rowCount
            let mark = batch.mark()
            let request: PredictionRequest
            do throws(InferenceError) {
                try compute.checkTime(prediction.ask.terms, now: started)
                request = try decoder.decode(
                    body, as: prediction.ask.format, presentation(of: model), isolation: &isolation, into: &batch)
            } catch {
                batcher.putBack(batch, model)
                throw error
            }
            let rows = firstRow..<batch.rowCount
            if cache.isOn, isolation == nil, case .native(let request) = request,
                let body = cache.find(rows, of: batch, model, request, prediction.exchange)
            {
                batch.rollback(to: mark)
                batcher.putBack(batch, model)
                let fields = answerFields(presentation(of: model).fields(request.answer), prediction.exchange)
                sink.respond(prediction.exchange, .ok, fields, body: body.span)
                let nanoseconds = context.clock.now().elapsedNanoseconds &- started
                return meter.countPrediction(prediction.route, nanoseconds: nanoseconds, bytes: body.count)
            }
            let ticket: BatchTicket
            var terms = prediction.ask.terms
            switch request {
            case .native(let request):
                ticket = BatchTicket(prediction.exchange, request, prediction.route, started: started)
            case .openInference(let request):
                ticket = BatchTicket(prediction.exchange, prediction.route, started: started)
                terms = request.terms.joined(with: terms, now: started)
                tensorRequests[prediction.exchange] = request
            }
            compute.note(prediction.exchange, terms, isolation)
            try batcher.submit(.rows(batch), model, ticket: ticket, rows: rows)
        } catch {
            let nanoseconds = context.clock.now().elapsedNanoseconds &- started
            answer(error, prediction.route, prediction.exchange, model, nanoseconds: nanoseconds, sink)
        }
        if batcher.isFlushDue { flush(sink) }
    }

    /// Runs every model over what has come in and writes the answers; what is too long for a loop is handed on.
    mutating func flush(_ sink: any ExchangeSink) {
        guard !batcher.isEmpty else { return }
        batcher.flush { ticket, model, rows, output in
            let exchange = ticket.exchangeID
            guard ticket.route.wire == .native else { return answerTensors(ticket, model, rows, output, sink) }
            let presentation = presentation(of: model)
            let request = ticket.request(rowCount: rows.count)
            writer.reset()
            if let error = presentation.write(
                output, rows, request, compute.takeNote(exchange)?.isolation,
                model.layout, into: &writer)
            {
                let nanoseconds = ticket.elapsed(until: context.clock.now().elapsedNanoseconds)
                return answer(error, ticket.route, exchange, model, nanoseconds: nanoseconds, sink)
            }
            sink.respond(
                exchange, .ok, answerFields(presentation.fields(request.answer), exchange), body: writer.bytes.span)
            cache.keep(exchange, writer.bytes)
            meter.countPrediction(
                ticket.route, nanoseconds: ticket.elapsed(until: context.clock.now().elapsedNanoseconds),
                bytes: writer.bytes.count)
        } outstanding: { model in
            compute.outstanding(model)
        } handOn: { waiting, model, batch in
            handOn(waiting, model, batch)
        } hearLast: { ticket in
            sink.hearLast(ticket.exchangeID)
        }
        compute.returns.share(batcher.isShared)
        submitHandedOn(sink)
    }

    mutating func presentation(of model: ServedModel) -> ModelPresentation {
        let key = ObjectIdentifier(model)
        if let latest, latest.model == key { return latest.presentation }
        let presentation = presentations[key] ?? ModelPresentation(model, generation: pool.generation(of: model.name))
        presentations[key] = presentation
        latest = (key, presentation)
        return presentation
    }

    private mutating func forgetPresentations() {
        presentations = [:]
        latest = nil
    }

    private mutating func adoptPool() {
        guard let next = subscription.adopt() else { return }
        pool = next
        forgetPresentations()
        grantedFields.removeAll()
        batcher.adopt(next)
        cache.adopt(next)
        subscription.acknowledge()
    }

    // MARK: Everything else

    /// A gRPC call: HTTP's status, which is counted, is 200 for all that become one, however they end.
    private mutating func beginCall(
        _ route: RequestRoute, _ head: borrowing RequestHead, _ exchange: ExchangeID, _ sink: any ExchangeSink
    ) -> BodyMode {
        started = context.clock.now().elapsedNanoseconds
        let mode = grpc.head(head, exchange, sink)
        var status = HTTPStatus.ok
        if case .answered(let refusal, _, _) = mode {
            status = refusal
        } else if route == .callModelInfer {
            // Counted when it has ended.
            return expectCall(head, exchange) ?? mode
        }
        meter.count(route, status, nanoseconds: elapsed(), bytes: 0)
        return mode
    }

    // MARK: Answers

    mutating func answer(
        _ error: InferenceError, _ route: RequestRoute, _ exchange: ExchangeID, _ model: ServedModel?,
        nanoseconds: UInt64, _ sink: any ExchangeSink
    ) {
        cache.forget(exchange)
        guard route.wire == .native else {
            return answerTensors(error, route, exchange, model, nanoseconds: nanoseconds, sink)
        }
        let document = ProblemDocument(error)
        writer.reset()
        document.write(into: &writer, signature: model?.signature)
        let fields = AnswerFields.refusal(error, origin(of: model))
        sink.respond(exchange, document.status, answerFields(fields, exchange), body: writer.bytes.span)
        model?.metrics.errors.add(1, cell: context.index)
        meter.count(route, document.status, nanoseconds: nanoseconds, bytes: writer.bytes.count)
    }

    /// Header fields that name the model of an answer, where it is known.
    mutating func origin(of model: ServedModel?) -> [(name: String, value: String)] {
        model.map { presentation(of: $0).origin } ?? []
    }

    /// The fields with what a page of another origin is told, where the request came from one.
    @inline(__always)
    mutating func answerFields(_ fields: ResponseFields, _ exchange: ExchangeID) -> ResponseFields {
        if grants.isEmpty { return fields }
        guard let grant = grants.removeValue(forKey: exchange) else { return fields }
        return grantedFields.fields(fields, grant)
    }

    /// - Parameter wire: of a route that is unknown.
    func refuse(
        _ document: ProblemDocument, _ fields: ResponseFields, _ route: RequestRoute, wire: RequestRoute.Wire? = nil
    ) -> BodyMode {
        let (fields, body) = told(document, fields, wire ?? route.wire)
        meter.count(route, document.status, nanoseconds: 0, bytes: body.count)
        return .answered(document.status, fields, body)
    }

    private static let allMethods = "GET, HEAD, POST, PUT, PATCH, DELETE"

    /// RFC 9110 9.3.7: what may be done here; a preflight also learns whether a page may.
    private func answerOptions(_ head: borrowing RequestHead, _ methods: String) -> BodyMode {
        var pairs: [(name: String, value: String)] = [("Allow", methods + ", OPTIONS")]
        if grant != nil { pairs += CORSPolicy.preflight(head, methods: methods) }
        meter.count(.options, .noContent, nanoseconds: 0, bytes: 0)
        return .answered(.noContent, AnswerFields.none.adding(pairs), [])
    }

    func refuseUnknown(_ name: String?, _ route: RequestRoute) -> BodyMode {
        refuse(ProblemDocument(.unknownModel(name: name, known: pool.names)), AnswerFields.problem, route)
    }

    /// The document in `writer` as a whole answer.
    mutating func finish(_ status: HTTPStatus, _ fields: ResponseFields, _ route: RequestRoute) -> BodyMode {
        meter.count(route, status, nanoseconds: elapsed(), bytes: writer.bytes.count)
        return .answered(status, fields, writer.bytes)
    }

    func elapsed() -> UInt64 { context.clock.now().elapsedNanoseconds &- started }
}
