internal import ByteCoding
internal import EventLoop
internal import HTTPCore
internal import HTTPServer
internal import InferenceAPI
internal import Serving
internal import ServingProtocols
internal import Telemetry
internal import TensorCore

/// One loop's way from a request to its answer. It owns the tick: bodies are decoded as they come, every model runs
/// once over the rows of all of them, and the answers are encoded, all on the loop's own thread and without a lock.
///
/// What waits for disks or compilers (PUT, DELETE) goes to the control thread, which answers through the loop's
/// mailbox.
final class LoopHandler: RequestHandler {
    private let context: LoopContext
    private let shared: SharedServices
    private let subscription: PoolSubscription
    private let batcher: TickBatcher
    private let meter: RequestMeter
    private var pool = PredictorPool.empty
    private var presentations: [ObjectIdentifier: ModelPresentation] = [:]
    private var decoder = NativeRequestDecoder()
    /// Of the head that is being looked at.
    private var parameters = PathParameters()
    private var writer = JSONWriter(capacity: 4096)

    /// The prediction whose body is expected next: bodies mostly come along with their heads.
    private var current: Prediction?
    /// Those before it in this tick, from `expectedStart` on: HTTP/2 may send many heads and then their bodies.
    private var expected: [Prediction] = []
    private var expectedStart = 0
    /// Beyond, they wait by name, so that looking for one stays cheap.
    private static let expectedMax = 256
    /// Requests whose bodies are still to come. Models are not held here, only their names, so that a slow body does
    /// not keep a replaced model alive.
    private var pending: [ExchangeID: PendingRequest] = [:]

    private struct Prediction {
        let exchange: ExchangeID
        let model: ServedModel
        let route: RequestRoute
    }

    private enum PendingRequest {
        /// nil: the default model.
        case predict(name: String?)
        case upload(UploadExchange)
        case remove(name: String, PublishPrecondition)
    }

    init(context: LoopContext, shared: SharedServices) {
        self.context = context
        self.shared = shared
        let mailbox = context.mailbox
        subscription = shared.registry.subscribe { mailbox.wake() }
        let clock = context.clock
        batcher = TickBatcher(loop: context.index, clock: { clock.now().elapsedNanoseconds })
        meter = RequestMeter(shared.metrics, loop: context.index)
        adoptPool()
    }

    deinit {
        // The publisher may free what this loop held only when nothing of it is left here.
        pool = .empty
        presentations = [:]
        batcher.adopt(.empty)
        subscription.close()
    }

    // MARK: Events

    func head(_ head: borrowing RequestHead, _ exchange: ExchangeID, _ sink: any ExchangeSink) -> BodyMode {
        setCurrentAside()
        switch shared.routes.match(head, &parameters) {
        case .found(.predict, _):
            guard let model = pool.defaultModel else { return refuseUnknown(nil, .predict) }
            return expectPrediction(of: model, head, exchange, .predict)
        case .found(.modelPredict, _):
            guard let model = modelInPath(of: head) else { return refuseUnknown(nameInPath(of: head), .modelPredict) }
            return expectPrediction(of: model, head, exchange, .modelPredict)
        case .found(let route, _): return beginControl(route, head, exchange)
        case .methodNotAllowed(let allow):
            let methods = allow.fields.first { $0.name == "Allow" }?.value ?? ""
            return refuse(
                ProblemDocument(.methodNotAllowed, title: "Method not allowed", detail: "this route takes \(methods)"),
                AnswerFields.problem.adding([("Allow", methods)]), .unknown)
        case .notFound:
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

    func body(_ bytes: Span<UInt8>, isEnd: Bool, _ exchange: ExchangeID, _ sink: any ExchangeSink) {
        if let current, current.exchange == exchange {
            self.current = nil
            return predict(current, bytes, sink)
        }
        if let prediction = takeExpected(exchange) { return predict(prediction, bytes, sink) }
        switch pending[exchange] {
        case .predict(let name)?:
            pending[exchange] = nil
            let route: RequestRoute = name == nil ? .predict : .modelPredict
            guard let model = name.map({ pool.model(named: $0.utf8.span) }) ?? pool.defaultModel else {
                return answer(.unknownModel(name: name, known: pool.names), route, exchange, nil, sink)
            }
            predict(Prediction(exchange: exchange, model: model, route: route), bytes, sink)
        case .upload(let upload)?:
            upload.append(bytes) { sink.consumed(exchange, bytes: $0) }
            if isEnd {
                pending[exchange] = nil
                upload.finish()
            }
        case .remove(let name, let precondition)?:
            guard isEnd else { return }
            pending[exchange] = nil
            remove(name, precondition, exchange, sink)
        case nil: break
        }
    }

    func writable(_ exchange: ExchangeID, _ sink: any ExchangeSink) {}

    func expired(_ exchange: ExchangeID, _ sink: any ExchangeSink) {}

    func cancelled(_ exchange: ExchangeID) {
        if current?.exchange == exchange { current = nil }
        _ = takeExpected(exchange)
        if case .upload(let upload)? = pending.removeValue(forKey: exchange) { upload.cancel() }
        let ticket = BatchTicket(exchange)
        batcher.cancel(exchange: ticket.exchange, stream: ticket.stream)
    }

    func endOfTick(_ sink: any ExchangeSink) {
        flush(sink)
        setCurrentAside()
        setExpectedAside()
        adoptPool()
    }

    /// The model that the path names, mostly without escapes.
    private func modelInPath(of head: borrowing RequestHead) -> ServedModel? {
        pool.model(named: parameters.raw(0, of: head.path)) ?? pool.model(named: nameInPath(of: head).utf8.span)
    }

    private func nameInPath(of head: borrowing RequestHead) -> String {
        parameters.text(0, of: head.path) ?? "\u{fffd}"
    }

    // MARK: Predictions

    private func expectPrediction(
        of model: ServedModel, _ head: borrowing RequestHead, _ exchange: ExchangeID, _ route: RequestRoute
    ) -> BodyMode {
        if let refusal = BodyType.refusal(head, isPrediction: true) {
            return refuse(refusal, AnswerFields.unsupported, route)
        }
        current = Prediction(exchange: exchange, model: model, route: route)
        return .buffered(bytesMax: shared.bodyBytesMax)
    }

    /// Another head has come before the body of the one before.
    private func setCurrentAside() {
        guard let prediction = current.take() else { return }
        if expected.count < Self.expectedMax { expected.append(prediction) } else { setAside(prediction) }
    }

    private func takeExpected(_ exchange: ExchangeID) -> Prediction? {
        for index in expectedStart..<expected.count where expected[index].exchange == exchange {
            let prediction = expected[index]
            // Bodies mostly come in the order of their heads.
            if index == expectedStart { expectedStart += 1 } else { expected.remove(at: index) }
            if expectedStart == expected.count {
                expected.removeAll(keepingCapacity: true)
                expectedStart = 0
            }
            return prediction
        }
        return nil
    }

    /// The bodies did not come along with their heads: they wait by their models' names.
    private func setExpectedAside() {
        guard !expected.isEmpty else { return }
        for prediction in expected[expectedStart...] { setAside(prediction) }
        expected.removeAll(keepingCapacity: true)
        expectedStart = 0
    }

    private func setAside(_ prediction: Prediction) {
        pending[prediction.exchange] = .predict(name: prediction.route == .predict ? nil : prediction.model.name)
    }

    private func predict(_ prediction: Prediction, _ body: Span<UInt8>, _ sink: any ExchangeSink) {
        let model = prediction.model
        let started = context.clock.now().elapsedNanoseconds
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
            answer(error, prediction.route, prediction.exchange, model, sink)
        }
        if batcher.isFlushDue { flush(sink) }
    }

    /// Runs every model over what has come in and writes the answers.
    private func flush(_ sink: any ExchangeSink) {
        guard !batcher.isEmpty else { return }
        batcher.flush { ticket, model, rows, output in
            let request = ticket.request(rowCount: rows.count)
            if let fault = output.firstFault(in: rows) {
                let error = FaultProblem.error(fault, request, firstRow: rows.lowerBound, model.layout)
                answer(error, ticket.route, ticket.exchangeID, model, sink)
                return
            }
            let presentation = presentation(of: model)
            writer.reset()
            presentation.encoder.encode(output, rows: rows, isSingle: request.isSingle, into: &writer)
            sink.respond(ticket.exchangeID, .ok, presentation.fields, body: writer.bytes.span)
            meter.count(ticket.route, .ok, nanoseconds: ticket.elapsed(until: context.clock.now().elapsedNanoseconds))
        }
    }

    private func presentation(of model: ServedModel) -> ModelPresentation {
        if let known = presentations[ObjectIdentifier(model)] { return known }
        let made = ModelPresentation(model)
        presentations[ObjectIdentifier(model)] = made
        return made
    }

    private func adoptPool() {
        guard let next = subscription.adopt() else { return }
        pool = next
        presentations = [:]
        batcher.adopt(next)
        subscription.acknowledge()
    }

    // MARK: Everything else

    /// Routes whose answer is known at once, and those that go to the control thread.
    private func beginControl(
        _ route: RequestRoute, _ head: borrowing RequestHead, _ exchange: ExchangeID
    ) -> BodyMode {
        if route.isAdministration, let refusal = shared.gate.refusal(head) {
            return refuse(
                refusal, refusal.status == .unauthorized ? AnswerFields.unauthorized : AnswerFields.problem, route)
        }
        switch route {
        case .putModel: return beginUpload(nameInPath(of: head), head, exchange)
        case .deleteModel:
            guard let precondition = precondition(head) else { return refuseCondition(route) }
            pending[exchange] = .remove(name: nameInPath(of: head), precondition)
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
            meter.count(route, .ok, nanoseconds: 0)
            return .answered(.ok, AnswerFields.metrics, shared.metrics.registry.render())
        case .live: return finishState("live", .ok, route)
        case .ready:
            let state = shared.state.current
            return finishState(state.rawValue, state == .ready ? .ok : .serviceUnavailable, route)
        case .root: return finishState("alive", .ok, route)
        case .predict, .modelPredict, .unknown: preconditionFailure("\(route) is not a control route")
        }
    }

    private static let ignoredBodyBytesMax = 64 << 10

    private func beginUpload(
        _ name: String, _ head: borrowing RequestHead, _ exchange: ExchangeID
    ) -> BodyMode {
        if let refusal = BodyType.refusal(head, isPrediction: false) {
            return refuse(refusal, AnswerFields.unsupported, .putModel)
        }
        guard let precondition = precondition(head) else { return refuseCondition(.putModel) }
        forgetEndedUploads()
        do {
            let upload = try UploadExchange(
                name: name, precondition: precondition, declaredBytes: head.contentLength, exchange: exchange,
                mailbox: context.mailbox, shared: shared)
            pending[exchange] = .upload(upload)
            return .streamed(windowBytes: UploadExchange.windowBytes)
        } catch {
            let (document, fields) = PublishProblem.answer(error)
            return refuse(document, fields, .putModel)
        }
    }

    /// An upload that was answered before its body ended gets no further event here: a full store, a body too long.
    private func forgetEndedUploads() {
        pending = pending.filter { entry in
            if case .upload(let upload) = entry.value { return !upload.hasEnded }
            return true
        }
    }

    private func remove(
        _ name: String, _ precondition: PublishPrecondition, _ exchange: ExchangeID, _ sink: any ExchangeSink
    ) {
        let mailbox = context.mailbox
        let shared = shared
        let isAccepted = shared.control.submit {
            do throws(PublishError) {
                _ = try shared.registry.remove(name, precondition: precondition)
                shared.metrics.count(.deleteModel, .noContent)
                mailbox.answer(exchange, .noContent, AnswerFields.none, body: [])
            } catch {
                let (document, fields) = PublishProblem.answer(error)
                shared.metrics.count(.deleteModel, document.status)
                mailbox.answer(exchange, document.status, fields, body: document.bytes())
            }
        }
        if !isAccepted { answer(.overloaded(retryAfterSeconds: 1), .deleteModel, exchange, nil, sink) }
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

    private func answer(
        _ error: InferenceError, _ route: RequestRoute, _ exchange: ExchangeID, _ model: ServedModel?,
        _ sink: any ExchangeSink
    ) {
        let document = ProblemDocument(error)
        writer.reset()
        document.write(into: &writer, signature: model?.signature)
        var fields = AnswerFields.problem
        if case .overloaded(let seconds) = error { fields = AnswerFields.retry(after: seconds) }
        sink.respond(exchange, document.status, fields, body: writer.bytes.span)
        model?.metrics.errors.add(1, cell: context.index)
        meter.count(route, document.status, nanoseconds: 0)
    }

    private func refuse(_ document: ProblemDocument, _ fields: ResponseFields, _ route: RequestRoute) -> BodyMode {
        meter.count(route, document.status, nanoseconds: 0)
        return .answered(document.status, fields, document.bytes())
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
    private func finish(_ status: HTTPStatus, _ fields: ResponseFields, _ route: RequestRoute) -> BodyMode {
        meter.count(route, status, nanoseconds: 0)
        return .answered(status, fields, writer.bytes)
    }

    private func finishState(_ state: String, _ status: HTTPStatus, _ route: RequestRoute) -> BodyMode {
        writer.reset()
        writer.beginObject()
        writer.key("status")
        writer.string(state)
        writer.endObject()
        writer.raw("\n")
        return finish(status, AnswerFields.json, route)
    }
}
