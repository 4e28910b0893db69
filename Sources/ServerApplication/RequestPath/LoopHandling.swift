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
    private let context: LoopContext
    private let shared: SharedServices
    private let subscription: PoolSubscription
    private let batcher: TickBatcher
    private let meter: RequestMeter
    private var live: LiveSettings
    private var liveNumber = 0
    private let grpc: GRPCDispatcher
    private var pool = PredictorPool.empty
    private var presentations: [ObjectIdentifier: ModelPresentation] = [:]
    /// The one that was asked for last: mostly the next one, too.
    private var latest: (model: ObjectIdentifier, presentation: ModelPresentation)?
    private var decoder = NativeRequestDecoder()
    /// Of the head that is being looked at.
    private var parameters = PathParameters()
    private var writer = JSONWriter(capacity: 4096)
    /// What the answer to the head that is being looked at says to a page of another origin.
    private var grant: CORSGrant?
    /// When it began to be looked at; not set for predictions.
    private var started: UInt64 = 0
    /// Predictions that came from such pages and are not answered.
    private var grants: [ExchangeID: CORSGrant] = [:]
    private var grantedFields = CORSFieldCache()

    private var expected = ExpectedPredictions()
    /// Requests whose bodies are still to come. Models are not held here, only their names, so that a slow body does
    /// not keep a replaced model alive.
    private var pending: [ExchangeID: PendingRequest] = [:]

    /// Those whose bodies have come whole and that are not answered: a client that goes before the import takes its
    /// upload along.
    private var whole: [ExchangeID: UploadExchange] = [:]

    /// Requests that wait for a newer state.
    private var waiting = MinimumGeneration()

    private typealias Prediction = ExpectedPredictions.Prediction

    private enum PendingRequest {
        /// nil: the default model.
        case predict(name: String?)
        case upload(UploadExchange)
        case remove(name: String, PublishPrecondition, CORSGrant?)
    }

    init(context: LoopContext, shared: SharedServices) {
        self.context = context
        self.shared = shared
        live = shared.live.current
        let mailbox = context.mailbox
        subscription = shared.registry.subscribe { mailbox.wake() }
        let clock = context.clock
        batcher = TickBatcher(loop: context.index, clock: { clock.now().elapsedNanoseconds })
        meter = RequestMeter(shared.metrics, loop: context.index)
        grpc = GRPCServices.dispatcher(shared.state)
        // A Watch of the health service is told of a change at the end of the tick.
        shared.state.listen { mailbox.wake() }
        adoptPool()
    }

    /// The publisher may free what this loop held only when nothing of it is left here.
    mutating func close() {
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
        case .found(let route, _):
            return route.isGRPC ? beginCall(route, head, exchange, sink) : beginControl(route, head, exchange)
        case .methodNotAllowed(let allow):
            let methods = allow.fields.first { $0.name == "Allow" }?.value ?? ""
            if head.method == .options { return answerOptions(head, methods) }
            return refuse(
                ProblemDocument(.methodNotAllowed, title: "Method not allowed", detail: "this route takes \(methods)"),
                AnswerFields.problem.adding([("Allow", methods)]), .unknown)
        case .notFound:
            if head.method == .options, head.path.text == "*" { return answerOptions(head, Self.allMethods) }
            if GRPCRequest.isLikely(head) { return beginCall(.unknown, head, exchange, sink) }
            return refuse(
                ProblemDocument(
                    .notFound, title: "No such route",
                    detail: "try POST /predict, POST /models/{model}/predict or GET /models"),
                AnswerFields.problem, .unknown)
        case .malformedPath:
            return refuse(
                ProblemDocument(
                    .badRequest, title: "Bad path",
                    detail: "a segment is \".\" or \"..\", hides a slash or a control byte, or has a bad escape"),
                AnswerFields.problem, .unknown)
        }
    }

    mutating func body(_ bytes: Span<UInt8>, isEnd: Bool, _ exchange: ExchangeID, _ sink: any ExchangeSink) {
        if let prediction = expected.take(exchange) { return predict(prediction, bytes, sink) }
        if waiting.count > 0, takeWaiting(bytes, exchange, sink) { return }
        switch pending[exchange] {
        case .predict(let name)?:
            pending[exchange] = nil
            let route: RequestRoute = name == nil ? .predict : .modelPredict
            guard let model = name.map({ pool.model(named: $0.utf8.span) }) ?? pool.defaultModel else {
                return answer(.unknownModel(name: name, known: pool.names), route, exchange, nil, nanoseconds: 0, sink)
            }
            predict(Prediction(exchange: exchange, model: model, route: route), bytes, sink)
        case .upload(let upload)?:
            meter.received(.putModel, bytes: bytes.count)
            upload.append(bytes) { sink.consumed(exchange, bytes: $0) }
            if isEnd {
                pending[exchange] = nil
                whole[exchange] = upload
                upload.finish()
            }
        case .remove(let name, let precondition, let grant)?:
            guard isEnd else { return }
            pending[exchange] = nil
            remove(name, precondition, exchange, grant, sink)
        case nil: grpc.body(bytes, isEnd: isEnd, exchange, sink)
        }
    }

    mutating func writable(_ exchange: ExchangeID, _ sink: any ExchangeSink) { grpc.writable(exchange, sink) }

    mutating func expired(_ exchange: ExchangeID, _ sink: any ExchangeSink) {
        if let request = waiting.remove(exchange) { return refuseWaiting(request, exchange, sink) }
        grpc.expired(exchange, sink)
    }

    mutating func cancelled(_ exchange: ExchangeID) {
        if !grants.isEmpty { grants[exchange] = nil }
        _ = expected.take(exchange)
        _ = waiting.remove(exchange)
        if case .upload(let upload)? = pending.removeValue(forKey: exchange) { upload.cancel() }
        whole.removeValue(forKey: exchange)?.cancel()
        let ticket = BatchTicket(exchange)
        batcher.cancel(exchange: ticket.exchange, stream: ticket.stream)
        grpc.cancelled(exchange)
    }

    mutating func endOfTick(_ sink: any ExchangeSink) {
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
    }

    /// Requests of which something is kept here, for tests: whose bodies are still to come, or whose rows wait.
    mutating func openExchangeCount() -> Int {
        forgetEndedUploads()
        return pending.count + expected.count + batcher.waitingTickets + waiting.count
    }

    /// The model that the path names, mostly without escapes.
    private func modelInPath(of head: borrowing RequestHead) -> ServedModel? {
        pool.model(named: parameters.raw(0, of: head.path)) ?? pool.model(named: nameInPath(of: head).utf8.span)
    }

    private func nameInPath(of head: borrowing RequestHead) -> String {
        parameters.text(0, of: head.path) ?? "\u{fffd}"
    }

    // MARK: Predictions

    private mutating func expectPrediction(
        of model: ServedModel, _ head: borrowing RequestHead, _ exchange: ExchangeID, _ route: RequestRoute
    ) -> BodyMode {
        if let refusal = BodyType.refusal(head, isPrediction: true) {
            return refuse(refusal, AnswerFields.unsupported, route)
        }
        // What waits: bodies that are still coming, and rows of this tick.
        guard pending.count + expected.count + batcher.waitingTickets + waiting.count < live.inFlightMax else {
            return refuse(
                ProblemDocument(
                    .serviceUnavailable, title: "The server is busy",
                    detail: "more predictions are under way than the bound allows; try again in 1 s"),
                AnswerFields.busy, route)
        }
        let prediction = Prediction(exchange: exchange, model: model, route: route)
        if !expected.add(prediction) { setAside(prediction) }
        if let grant { grants[exchange] = grant }
        return .buffered(bytesMax: live.bodyBytesMax)
    }

    // MARK: Requests for a newer state

    /// How a request begins that names the least generation that may answer it; nil where what serves will do.
    private mutating func awaitGeneration(
        _ head: borrowing RequestHead, _ exchange: ExchangeID, _ sink: any ExchangeSink
    ) -> BodyMode? {
        guard case .found(let route, _) = shared.routes.match(head, &parameters), route.takesMinimumGeneration,
            !isClosed(to: head, route)
        else { return nil }
        let asked: Int
        do throws(MinimumGeneration.Malformed) {
            guard let generation = try MinimumGeneration.asked(by: head) else { return nil }
            asked = generation
        } catch {
            return refuse(error.problem, AnswerFields.problem, route)
        }
        guard asked > pool.generation else { return nil }
        let name = route == .modelPredict ? nameInPath(of: head) : nil
        // A name that is not known may come with the newer state.
        guard let follower = shared.follower, waiting.park(exchange, route, name, asked) else {
            return refuse(
                MinimumGeneration.refusal(asked, serving: pool.generation), AnswerFields.retry(after: 1), route)
        }
        if let grant { grants[exchange] = grant }
        follower.ask()
        sink.expire(exchange, after: MinimumGeneration.patience)
        return .buffered(bytesMax: live.bodyBytesMax)
    }

    /// - Returns: whether the body belongs to a request that waits, or has waited.
    private mutating func takeWaiting(
        _ body: Span<UInt8>, _ exchange: ExchangeID, _ sink: any ExchangeSink
    ) -> Bool {
        switch waiting.take(body, exchange, serving: pool.generation) {
        case .none: return false
        case .kept: break
        case .refused(let request): refuseWaiting(request, exchange, sink)
        case .ready(let request): answerWaiting(request, body, exchange, sink)
        }
        return true
    }

    private mutating func releaseWaiting(_ sink: any ExchangeSink) {
        let released = waiting.release(serving: pool.generation)
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
        if request.route == .listModels {
            writer.reset()
            ModelPage.writeList(ModelStatus.all(of: pool), generation: pool.generation, into: &writer)
            sink.respond(exchange, .ok, answerFields(AnswerFields.json, exchange), body: writer.bytes.span)
            meter.count(.listModels, .ok, nanoseconds: 0, bytes: writer.bytes.count)
            return
        }
        guard let model = request.name.map({ pool.model(named: $0.utf8.span) }) ?? pool.defaultModel else {
            return answer(
                .unknownModel(name: request.name, known: pool.names), request.route, exchange, nil, nanoseconds: 0,
                sink)
        }
        predict(Prediction(exchange: exchange, model: model, route: request.route), body, sink)
    }

    private mutating func refuseWaiting(
        _ request: MinimumGeneration.Parked, _ exchange: ExchangeID, _ sink: any ExchangeSink
    ) {
        let body = MinimumGeneration.refusal(request.generation, serving: pool.generation).bytes()
        sink.respond(
            exchange, .serviceUnavailable, answerFields(AnswerFields.retry(after: 1), exchange), body: body.span)
        meter.count(request.route, .serviceUnavailable, nanoseconds: 0, bytes: body.count)
    }

    @inline(__always)
    private func isClosed(to head: borrowing RequestHead, _ route: RequestRoute) -> Bool {
        guard let gate = live.predictGate else { return false }
        return !gate.isOpen(to: head)
    }

    private func refuseToken(_ head: borrowing RequestHead, _ route: RequestRoute) -> BodyMode {
        guard let refusal = live.predictGate?.refusal(head) else { preconditionFailure("the gate is closed") }
        return refuse(refusal, AnswerFields.unauthorized, route)
    }

    /// The body did not come along with its head: it waits by its model's name.
    private mutating func setAside(_ prediction: Prediction) {
        pending[prediction.exchange] = .predict(name: prediction.route == .predict ? nil : prediction.model.name)
    }

    private mutating func predict(_ prediction: Prediction, _ body: Span<UInt8>, _ sink: any ExchangeSink) {
        let model = prediction.model
        let started = context.clock.now().elapsedNanoseconds
        meter.receivedPrediction(prediction.route, bytes: body.count)
        do throws(InferenceError) {
            var batch = try batcher.take(model)
            let firstRow = batch.rowCount
            let request: NativeRequest
            do throws(InferenceError) {
                request = try decoder.decode(
                    body, outputsPerRow: presentation(of: model).outputsPerRow, into: &batch)
            } catch {
                batcher.putBack(batch, model)
                throw error
            }
            let rows = firstRow..<batch.rowCount
            let ticket = BatchTicket(prediction.exchange, request, prediction.route, started: started)
            try batcher.submit(.rows(batch), model, ticket: ticket, rows: rows)
        } catch {
            let nanoseconds = context.clock.now().elapsedNanoseconds &- started
            answer(error, prediction.route, prediction.exchange, model, nanoseconds: nanoseconds, sink)
        }
        if batcher.isFlushDue { flush(sink) }
    }

    /// Runs every model over what has come in and writes the answers.
    private mutating func flush(_ sink: any ExchangeSink) {
        guard !batcher.isEmpty else { return }
        batcher.flush { ticket, model, rows, output in
            let request = ticket.request(rowCount: rows.count)
            if let fault = output.firstFault(in: rows) {
                let error = FaultProblem.error(fault, request, firstRow: rows.lowerBound, model.layout)
                let nanoseconds = ticket.elapsed(until: context.clock.now().elapsedNanoseconds)
                answer(error, ticket.route, ticket.exchangeID, model, nanoseconds: nanoseconds, sink)
                return
            }
            let presentation = presentation(of: model)
            writer.reset()
            presentation.encoder.encode(output, rows: rows, isSingle: request.isSingle, into: &writer)
            let exchange = ticket.exchangeID
            sink.respond(exchange, .ok, answerFields(presentation.fields, exchange), body: writer.bytes.span)
            meter.countPrediction(
                ticket.route, nanoseconds: ticket.elapsed(until: context.clock.now().elapsedNanoseconds),
                bytes: writer.bytes.count)
        }
    }

    private mutating func presentation(of model: ServedModel) -> ModelPresentation {
        let key = ObjectIdentifier(model)
        if let latest, latest.model == key { return latest.presentation }
        let presentation = presentations[key] ?? ModelPresentation(model)
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
        subscription.acknowledge()
    }

    // MARK: Everything else

    /// Routes whose answer is known at once, and those that go to the control thread.
    private mutating func beginControl(
        _ route: RequestRoute, _ head: borrowing RequestHead, _ exchange: ExchangeID
    ) -> BodyMode {
        started = context.clock.now().elapsedNanoseconds
        if route.isAdministration, let refusal = live.gate.refusal(head) {
            return refuse(
                refusal, refusal.status == .unauthorized ? AnswerFields.unauthorized : AnswerFields.problem, route)
        }
        switch route {
        case .putModel: return beginUpload(nameInPath(of: head), head, exchange)
        case .deleteModel:
            guard let precondition = precondition(head) else { return refuseCondition(route) }
            pending[exchange] = .remove(name: nameInPath(of: head), precondition, grant)
            return .buffered(bytesMax: Self.ignoredBodyBytesMax)
        case .getModel:
            guard let model = modelInPath(of: head) else { return refuseUnknown(nameInPath(of: head), route) }
            writer.reset()
            ModelPage.write(ModelStatus(model, isDefault: model === pool.defaultModel), into: &writer)
            return finish(.ok, AnswerFields.page(of: model), route)
        case .listModels:
            writer.reset()
            ModelPage.writeList(ModelStatus.all(of: pool), generation: pool.generation, into: &writer)
            return finish(.ok, AnswerFields.json, route)
        case .metrics:
            let text = shared.metrics.registry.render()
            meter.count(route, .ok, nanoseconds: elapsed(), bytes: text.count)
            return .answered(.ok, AnswerFields.metrics, text)
        case .live: return finishState("live", .ok, route)
        case .ready:
            let state = shared.state.current
            return finishState(
                state.rawValue, state == .ready ? .ok : .serviceUnavailable, route, store: shared.follower?.report)
        case .root: return finishState("alive", .ok, route)
        case .predict, .modelPredict, .options, .healthCheck, .healthWatch, .healthList, .unknown:
            preconditionFailure("\(route) is not a control route")
        }
    }

    /// A gRPC call: HTTP's status, which is counted, is 200 for all that become one, however they end.
    private mutating func beginCall(
        _ route: RequestRoute, _ head: borrowing RequestHead, _ exchange: ExchangeID, _ sink: any ExchangeSink
    ) -> BodyMode {
        started = context.clock.now().elapsedNanoseconds
        let mode = grpc.head(head, exchange, sink)
        var status = HTTPStatus.ok
        if case .answered(let refusal, _, _) = mode { status = refusal }
        meter.count(route, status, nanoseconds: elapsed(), bytes: 0)
        return mode
    }

    private static let ignoredBodyBytesMax = 64 << 10

    private mutating func beginUpload(
        _ name: String, _ head: borrowing RequestHead, _ exchange: ExchangeID
    ) -> BodyMode {
        if let refusal = BodyType.refusal(head, isPrediction: false) {
            return refuse(refusal, AnswerFields.unsupported, .putModel)
        }
        if shared.refusesUploads {
            return refuse(
                ProblemDocument(
                    .forbidden, title: "Uploads are refused",
                    detail: "this instance has no store that it can write, so an upload would end with it; "
                        + "publish into the store that it follows"),
                AnswerFields.problem, .putModel)
        }
        guard let precondition = precondition(head) else { return refuseCondition(.putModel) }
        forgetEndedUploads()
        do {
            // Of a coded body the length says little of the file's.
            let declaredBytes = head.contentCoding == .identity ? head.contentLength : nil
            let upload = try UploadExchange(
                name: name, options: PublishOptions(precondition: precondition), declaredBytes: declaredBytes, exchange: exchange,
                context: context, grant: grant, shared: shared)
            pending[exchange] = .upload(upload)
            return .streamed(windowBytes: UploadExchange.windowBytes)
        } catch {
            let (document, fields) = PublishProblem.answer(error)
            return refuse(document, fields, .putModel)
        }
    }

    /// An upload that was answered before its body ended gets no further event here: a full store, a body too long.
    private mutating func forgetEndedUploads() {
        pending = pending.filter { entry in
            if case .upload(let upload) = entry.value { return !upload.hasEnded }
            return true
        }
        whole = whole.filter { !$0.value.hasEnded }
    }

    private mutating func remove(
        _ name: String, _ precondition: PublishPrecondition, _ exchange: ExchangeID, _ grant: CORSGrant?,
        _ sink: any ExchangeSink
    ) {
        let mailbox = context.mailbox
        let clock = context.clock
        let started = clock.now().elapsedNanoseconds
        let shared = shared
        if let grant { grants[exchange] = grant }
        let isAccepted = shared.control.submit {
            do throws(PublishError) {
                _ = try shared.registry.remove(name, precondition: precondition)
                let nanoseconds = clock.now().elapsedNanoseconds &- started
                shared.metrics.count(.deleteModel, .noContent, nanoseconds: nanoseconds, bytes: 0)
                mailbox.answer(
                    exchange, .noContent, grant?.adding(to: AnswerFields.none) ?? AnswerFields.none, body: [])
            } catch {
                let (document, fields) = PublishProblem.answer(error)
                let body = document.bytes()
                let nanoseconds = clock.now().elapsedNanoseconds &- started
                shared.metrics.count(.deleteModel, document.status, nanoseconds: nanoseconds, bytes: body.count)
                mailbox.answer(exchange, document.status, grant?.adding(to: fields) ?? fields, body: body)
            }
        }
        if !isAccepted {
            answer(.overloaded(retryAfterSeconds: 1), .deleteModel, exchange, nil, nanoseconds: 0, sink)
        }
        if !grants.isEmpty { grants[exchange] = nil }
    }

    private func precondition(_ head: borrowing RequestHead) -> PublishPrecondition? {
        var ifMatch: ETagCondition?
        var ifNoneMatch: ETagCondition?
        if head.has(.ifMatch) {
            guard let condition = ETagCondition(fieldValue: head.texts(of: .ifMatch).joined(separator: ", ")) else {
                return nil
            }
            ifMatch = condition
        }
        if head.has(.ifNoneMatch) {
            guard let condition = ETagCondition(fieldValue: head.texts(of: .ifNoneMatch).joined(separator: ", "))
            else { return nil }
            ifNoneMatch = condition
        }
        return PublishPrecondition(ifMatch: ifMatch, ifNoneMatch: ifNoneMatch)
    }

    // MARK: Answers

    private mutating func answer(
        _ error: InferenceError, _ route: RequestRoute, _ exchange: ExchangeID, _ model: ServedModel?,
        nanoseconds: UInt64, _ sink: any ExchangeSink
    ) {
        let document = ProblemDocument(error)
        writer.reset()
        document.write(into: &writer, signature: model?.signature)
        var fields = AnswerFields.problem
        if case .overloaded(let seconds) = error { fields = AnswerFields.retry(after: seconds) }
        sink.respond(exchange, document.status, answerFields(fields, exchange), body: writer.bytes.span)
        model?.metrics.errors.add(1, cell: context.index)
        meter.count(route, document.status, nanoseconds: nanoseconds, bytes: writer.bytes.count)
    }

    /// The fields with what a page of another origin is told, where the request came from one.
    @inline(__always)
    private mutating func answerFields(_ fields: ResponseFields, _ exchange: ExchangeID) -> ResponseFields {
        if grants.isEmpty { return fields }
        guard let grant = grants.removeValue(forKey: exchange) else { return fields }
        return grantedFields.fields(fields, grant)
    }

    private func refuse(_ document: ProblemDocument, _ fields: ResponseFields, _ route: RequestRoute) -> BodyMode {
        let body = document.bytes()
        meter.count(route, document.status, nanoseconds: 0, bytes: body.count)
        return .answered(document.status, fields, body)
    }

    private static let allMethods = "GET, HEAD, POST, PUT, DELETE"

    /// RFC 9110 9.3.7: what may be done here; a preflight also learns whether a page may.
    private func answerOptions(_ head: borrowing RequestHead, _ methods: String) -> BodyMode {
        var pairs: [(name: String, value: String)] = [("Allow", methods + ", OPTIONS")]
        if grant != nil { pairs += CORSPolicy.preflight(head, methods: methods) }
        meter.count(.options, .noContent, nanoseconds: 0, bytes: 0)
        return .answered(.noContent, AnswerFields.none.adding(pairs), [])
    }

    private func refuseUnknown(_ name: String?, _ route: RequestRoute) -> BodyMode {
        refuse(ProblemDocument(.unknownModel(name: name, known: pool.names)), AnswerFields.problem, route)
    }

    private func refuseCondition(_ route: RequestRoute) -> BodyMode {
        refuse(
            ProblemDocument(
                .badRequest, title: "Not a precondition",
                detail: "If-Match and If-None-Match take \"*\" or quoted entity tags"),
            AnswerFields.problem, route)
    }

    /// The document in `writer` as a whole answer.
    private mutating func finish(_ status: HTTPStatus, _ fields: ResponseFields, _ route: RequestRoute) -> BodyMode {
        meter.count(route, status, nanoseconds: elapsed(), bytes: writer.bytes.count)
        return .answered(status, fields, writer.bytes)
    }

    private func elapsed() -> UInt64 { context.clock.now().elapsedNanoseconds &- started }

    private mutating func finishState(
        _ state: String, _ status: HTTPStatus, _ route: RequestRoute, store: StoreReport? = nil
    ) -> BodyMode {
        writer.reset()
        writer.beginObject()
        writer.key("status")
        writer.string(state)
        store?.write(into: &writer)
        writer.endObject()
        writer.raw("\n")
        return finish(status, AnswerFields.json, route)
    }
}
