internal import EventLoop
internal import HTTPCore
internal import HTTPServer
internal import InferenceAPI
internal import Serving
internal import ServingProtocols
internal import TensorCore

// Calls of `inference.GRPCInferenceService`.
extension LoopHandling {
    /// What the head of a prediction asks for.
    struct CallAsk: Equatable {
        var terms = RequestTerms.standard
        /// No older state may answer it.
        var generation = 0
    }

    /// Remembers what the head of a prediction asks for until its message has come.
    /// - Returns: the refusal, if it asks wrongly.
    mutating func expectCall(_ head: borrowing RequestHead, _ exchange: ExchangeID) -> BodyMode? {
        let now = context.clock.now().elapsedNanoseconds
        var ask = CallAsk()
        do throws(PredictionAsk.Malformed) {
            if !PredictionAsk.isStandard(head) { ask.terms = try PredictionAsk(head, now: now).terms }
        } catch {
            return refuseCall(.invalidArgument, OpenInferenceError.text(error.document), exchange)
        }
        do throws(MinimumGeneration.Malformed) {
            ask.generation = try MinimumGeneration.asked(by: head) ?? 0
        } catch {
            return refuseCall(.invalidArgument, error.problem.detail, exchange)
        }
        if let timeout = head.text(named: "grpc-timeout").flatMap({ GRPCTimeout.parse($0.utf8.span) }) {
            let (seconds, attoseconds) = timeout.components
            let (nanoseconds, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
            if !overflow {
                let deadline = RequestDeadline(
                    start: now, timeoutNanoseconds: UInt64(clamping: nanoseconds + attoseconds / 1_000_000_000))
                ask.terms.deadline = min(ask.terms.deadline, deadline)
            }
        }
        if ask != CallAsk() { callAsks[exchange] = ask }
        return nil
    }

    private func refuseCall(_ code: GRPCStatusCode, _ text: String, _ exchange: ExchangeID) -> BodyMode {
        grpc.cancelled(exchange)
        meter.count(.callModelInfer, .ok, nanoseconds: elapsed(), bytes: 0)
        return GRPCRefusal.status(GRPCStatus(code, text)).bodyMode
    }

    /// Answers a call whose message has come, or hands its rows to the tick.
    mutating func answerCall(_ received: consuming OpenInferenceService.Received, _ sink: any ExchangeSink) {
        let exchange = received.exchange
        let isReady = shared.state.current == .ready
        switch received.method {
        case .serverLive: finishCall(exchange, .ok, OpenInferenceMessages.state(true).span, sink)
        case .serverReady: finishCall(exchange, .ok, OpenInferenceMessages.state(isReady).span, sink)
        case .serverMetadata: finishCall(exchange, .ok, OpenInferenceMessages.server().span, sink)
        case .modelReady:
            switch called(received.message.span, hasTerms: false) {
            case .success: finishCall(exchange, .ok, OpenInferenceMessages.state(modelsAreReady).span, sink)
            // A client asks whether, and not why not.
            case .failure(.absent): finishCall(exchange, .ok, OpenInferenceMessages.state(false).span, sink)
            case .failure(.wrong(let error)): finishCall(exchange, error, sink)
            }
        case .modelMetadata:
            switch called(received.message.span, hasTerms: false) {
            case .success(let found):
                let message = OpenInferenceMessages.model(
                    presentation(of: found.model).openInference.model,
                    versions: pool.entry(named: found.model.name)?.versions.map(\.version) ?? [],
                    format: found.model.format)
                finishCall(exchange, .ok, message.span, sink)
            case .failure(.absent(let text)): finishCall(exchange, .notFound, Array(text.utf8).span, sink)
            case .failure(.wrong(let error)): finishCall(exchange, error, sink)
            }
        case .modelInfer: predict(&received, sink)
        }
        calls.recycle(received)
    }

    private mutating func predict(_ received: inout OpenInferenceService.Received, _ sink: any ExchangeSink) {
        let exchange = received.exchange
        let asked = (callAsks.isEmpty ? nil : callAsks.removeValue(forKey: exchange)) ?? CallAsk()
        let now = context.clock.now().elapsedNanoseconds
        if asked.generation > 0, let refusal = refusalOfGeneration(asked.generation, received.message.span) {
            meter.count(.callModelInfer, .ok, nanoseconds: 0, bytes: 0)
            return finishCall(exchange, .unavailable, refusal.detail.utf8.span, sink)
        }
        switch called(received.message.span, hasTerms: true) {
        case .success(let found):
            guard mayBegin() else {
                meter.count(.callModelInfer, .ok, nanoseconds: 0, bytes: 0)
                return finishCall(exchange, .unavailable, Self.busyDetail.utf8.span, sink)
            }
            var ask = PredictionAsk.standard
            ask.terms = found.terms.joined(with: asked.terms, now: now)
            ask.format = .call
            let prediction = Prediction(exchange: exchange, model: found.model, route: .callModelInfer, ask: ask)
            guard received.message.count > ComputePool.loopBodyBytesMax else {
                return predict(prediction, received.message.span, sink)
            }
            meter.receivedPrediction(.callModelInfer, bytes: received.message.count)
            handOn(prediction, received.takeMessage(), started: now, sink)
        case .failure(.absent(let text)):
            meter.count(.callModelInfer, .ok, nanoseconds: 0, bytes: 0)
            finishCall(exchange, .notFound, Array(text.utf8).span, sink)
        case .failure(.wrong(let error)): answer(error, .callModelInfer, exchange, nil, nanoseconds: 0, sink)
        }
    }

    /// Why a message cannot be answered yet. It does not wait for a newer state as a body does: its client tries again.
    /// A model or version that is not known may come with that state.
    private func refusalOfGeneration(_ asked: Int, _ message: Span<UInt8>) -> ProblemDocument? {
        guard let target = try? OpenInferenceMessages.target(of: message, hasTerms: true) else { return nil }
        let served = MinimumGeneration.served(by: pool, .callModelInfer, message.extracting(target.name).text)
        guard asked > served else { return nil }
        shared.follower?.ask()
        return MinimumGeneration.refusal(asked, serving: served)
    }

    // MARK: Models

    private enum CallError: Error {
        /// There is no such model or version.
        case absent(String)
        case wrong(InferenceError)
    }

    /// The model that a message names, as of now.
    private func called(
        _ message: Span<UInt8>, hasTerms: Bool
    ) -> Result<(model: ServedModel, terms: OpenInferenceTerms), CallError> {
        do throws(InferenceError) {
            let target = try OpenInferenceMessages.target(of: message, hasTerms: hasTerms)
            let name = message.extracting(target.name)
            guard let entry = pool.entry(named: name) else {
                let error = InferenceError.unknownModel(name: name.text, known: pool.names)
                return .failure(.absent(OpenInferenceError.text(error)))
            }
            guard !target.version.isEmpty else { return .success((entry.current, target.terms)) }
            let version = message.extracting(target.version).text
            guard let model = entry.version(orAlias: version) else {
                let error = PublishError.unknownVersion(
                    name: entry.name, version: String(version.prefix(ModelName.bytesMax)),
                    known: entry.versions.map(\.version))
                return .failure(.absent(OpenInferenceError.text(PublishProblem.answer(error).0)))
            }
            return .success((model, target.terms))
        } catch {
            return .failure(.wrong(error))
        }
    }

    // MARK: Endings

    private func finishCall(_ exchange: ExchangeID, _ error: InferenceError, _ sink: any ExchangeSink) {
        let text = OpenInferenceError.text(error)
        finishCall(exchange, OpenInferenceError.code(error), text.utf8.span, sink)
    }

    /// Ends a call. Does nothing where it is over.
    /// - Parameter body: its message, or the text of what went wrong.
    func finishCall(_ exchange: ExchangeID, _ code: GRPCStatusCode, _ body: Span<UInt8>, _ sink: any ExchangeSink) {
        guard let call = grpc.call(exchange, sink) else { return }
        guard code == .ok else { return call.finish(GRPCStatus(code, body.text)) }
        call.send(body)
        call.finish()
    }
}
