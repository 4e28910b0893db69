internal import ByteCoding
internal import EventLoop
internal import HTTPCore
internal import HTTPServer
internal import InferenceAPI
internal import Serving
internal import ServingProtocols
internal import Telemetry
internal import TensorCore

// The Open Inference Protocol over HTTP, and what it shares with gRPC. Its predictions go the way of native ones.
extension LoopHandling {
    // MARK: Questions

    /// Health and metadata.
    mutating func answerOpenInference(_ route: RequestRoute, _ head: borrowing RequestHead) -> BodyMode {
        writer.reset()
        switch route {
        case .openLive: OpenInferencePage.write("live", into: &writer)
        case .openReady:
            guard shared.state.current == .ready else { return refuseUnready(route) }
            OpenInferencePage.write("ready", into: &writer)
        case .openModels:
            OpenInferencePage.writeModels(pool.names, into: &writer)
            return finish(.ok, listFields, route)
        case .openModel, .openModelReady:
            guard let entry = entryInPath(of: head) else { return refuseUnknown(nameInPath(of: head), route) }
            guard route == .openModel else { return answerReady(entry.current, route) }
            return answerPage(of: entry.current, route)
        case .openVersion, .openVersionReady:
            switch versionOrAliasInPath(of: head) {
            case .success(let model):
                guard route == .openVersion else { return answerReady(model, route) }
                return answerPage(of: model, route)
            case .failure(let error): return refuse(error, route)
            }
        default: OpenInferencePage.writeServer(into: &writer)
        }
        return finish(.ok, AnswerFields.json, route)
    }

    private mutating func answerPage(of model: ServedModel, _ route: RequestRoute) -> BodyMode {
        let presentation = presentation(of: model)
        let versions = pool.entry(named: model.name)?.versions.map(\.version) ?? [model.version]
        OpenInferencePage.writeModel(
            presentation.openInference.model, versions: versions, format: model.format, into: &writer)
        return finish(.ok, AnswerFields.json.adding(presentation.origin), route)
    }

    private mutating func answerReady(_ model: ServedModel, _ route: RequestRoute) -> BodyMode {
        guard modelsAreReady else { return refuseUnready(route) }
        OpenInferencePage.writeReady(model.name, into: &writer)
        return finish(.ok, AnswerFields.json.adding(presentation(of: model).origin), route)
    }

    /// Whether what is there may be asked. It may while the server lags behind its store, though others come first.
    var modelsAreReady: Bool { shared.state.current == .ready || shared.state.current == .lagging }

    private func refuseUnready(_ route: RequestRoute) -> BodyMode {
        refuse(
            ProblemDocument(
                .serviceUnavailable, title: "Not ready", detail: "the server is \(shared.state.current.rawValue)"),
            AnswerFields.problem, route)
    }

    /// The version that the path names by its number or by an alias.
    func versionOrAliasInPath(of head: borrowing RequestHead) -> Result<ServedModel, PublishError> {
        guard let entry = entryInPath(of: head) else {
            return .failure(.unknownModel(name: nameInPath(of: head), known: pool.names))
        }
        let text = parameters.text(1, of: head.path) ?? "\u{fffd}"
        guard let model = entry.version(orAlias: text) else {
            return .failure(
                .unknownVersion(
                    name: entry.name, version: String(text.prefix(ModelName.bytesMax)),
                    known: entry.versions.map(\.version)))
        }
        return .success(model)
    }

    // MARK: Answers

    /// Writes the answer to a prediction of this tick.
    mutating func answerTensors(
        _ ticket: BatchTicket, _ model: ServedModel, _ rows: Range<Int>, _ output: borrowing OutputBatch,
        _ sink: any ExchangeSink
    ) {
        let exchange = ticket.exchangeID
        _ = compute.takeNote(exchange)
        guard let request = tensorRequests.removeValue(forKey: exchange) else {
            preconditionFailure("a request is kept until its answer")
        }
        let presentation = presentation(of: model).openInference
        do throws(InferenceError) {
            let headerBytes = try tensors.write(output, rows, request, of: presentation.model, model.layout)
            let bytes = tensors.bytes
            if ticket.route.wire == .call {
                finishCall(exchange, .ok, bytes.span, sink)
            } else {
                let fields = answerFields(presentation.fields(headerBytes: headerBytes), exchange)
                sink.respond(exchange, .ok, fields, body: bytes.span)
            }
            meter.countPrediction(
                ticket.route, nanoseconds: ticket.elapsed(until: context.clock.now().elapsedNanoseconds),
                bytes: bytes.count)
        } catch {
            let nanoseconds = ticket.elapsed(until: context.clock.now().elapsedNanoseconds)
            answer(error, ticket.route, exchange, model, nanoseconds: nanoseconds, sink)
        }
        decoder.openInference.recycle(request)
    }

    /// Answers a prediction with an error.
    mutating func answerTensors(
        _ error: InferenceError, _ route: RequestRoute, _ exchange: ExchangeID, _ model: ServedModel?,
        nanoseconds: UInt64, _ sink: any ExchangeSink
    ) {
        if !tensorRequests.isEmpty { tensorRequests[exchange] = nil }
        let refusal = TensorRefusal(error, route, origin(of: model))
        if let code = refusal.code {
            finishCall(exchange, code, refusal.body.span, sink)
        } else {
            sink.respond(exchange, refusal.status, answerFields(refusal.fields, exchange), body: refusal.body.span)
        }
        model?.metrics.errors.add(1, cell: context.index)
        meter.count(route, refusal.countedStatus, nanoseconds: nanoseconds, bytes: refusal.body.count)
    }

    /// A request with its rows, taken out of what this tick keeps.
    mutating func takeRequest(_ ticket: BatchTicket, rowCount: Int) -> PredictionRequest {
        guard ticket.route.wire != .native else { return .native(ticket.request(rowCount: rowCount)) }
        guard let request = tensorRequests.removeValue(forKey: ticket.exchangeID) else {
            preconditionFailure("a request is kept until its answer")
        }
        return .openInference(request)
    }

    // MARK: Errors

    /// The fields and the body in which a wire tells of an error.
    func told(
        _ document: ProblemDocument, _ fields: ResponseFields, _ wire: RequestRoute.Wire
    ) -> (ResponseFields, [UInt8]) {
        guard wire == .openInference else { return (fields, document.bytes()) }
        return (AnswerFields.json(like: fields), OpenInferenceError.body(OpenInferenceError.text(document)))
    }

    /// How an error of a path that is no route is told: clients of the Open Inference Protocol try more paths than are
    /// served here.
    func wireOfUnknown(_ head: borrowing RequestHead) -> RequestRoute.Wire {
        let path = head.path
        let isOurs = path.equals("/v2") || (path.count > 3 && path.extracting(0..<4).equals("/v2/"))
        return isOurs ? .openInference : .native
    }
}

extension PooledModel {
    /// The version of that number, or else the one of that alias.
    func version(orAlias text: String) -> ServedModel? {
        Int(text).flatMap { version($0) } ?? alias(text.utf8.span)
    }
}
