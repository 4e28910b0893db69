internal import ByteCoding
internal import EventLoop
internal import HTTPCore
internal import HTTPServer
internal import InferenceAPI
internal import Serving
internal import ServingProtocols
internal import Telemetry

// Routes of models, health and metrics: answered at once, or by the control thread.
extension LoopHandling {
    private static let ignoredBodyBytesMax = 64 << 10
    private static let changeBytesMax = 64 << 10

    /// Routes whose answer is known at once, and those that go to the control thread.
    mutating func beginControl(
        _ route: RequestRoute, _ head: borrowing RequestHead, _ exchange: ExchangeID
    ) -> BodyMode {
        started = context.clock.now().elapsedNanoseconds
        if route.isAdministration, let refusal = live.gate.refusal(head) {
            return refuse(
                refusal, refusal.status == .unauthorized ? AnswerFields.unauthorized : AnswerFields.problem, route)
        }
        if route.isChange, let refusal = Self.refusal(ofQuery: head, route) {
            return refuse(refusal, AnswerFields.problem, route)
        }
        if route.wire == .openInference { return answerOpenInference(route, head) }
        switch route {
        case .putModel, .createModel: return beginUpload(route, head, exchange)
        case .patchModel, .deleteModel, .deleteVersion: return beginControlRequest(route, head, exchange)
        case .getBundle:
            guard let entry = entryInPath(of: head) else { return refuseUnknown(nameInPath(of: head), route) }
            return expectDownload(of: entry.current, route, head, exchange)
        case .getVersionBundle:
            switch versionInPath(of: head, isAlias: false) {
            case .success(let model): return expectDownload(of: model, route, head, exchange)
            case .failure(let error): return refuse(error, route)
            }
        case .getModel:
            let name = nameInPath(of: head)
            let lagging = shared.registry.followStatus.lagging.first { $0.name == name }
            guard let entry = entryInPath(of: head) else {
                guard let lagging else { return refuseUnknown(name, route) }
                return refuse(.notLoaded(name: name, version: lagging.version, reason: lagging.reason), route)
            }
            let origin = presentation(of: entry.current).origin
            if let mode = answerCondition(entry.etag, isSame: lagging == nil, origin, head, route) { return mode }
            writer.reset()
            var status = ModelStatus(entry, isDefault: entry.current === pool.defaultModel)
            status.lagging = lagging.map { StoreStanding.LaggingModel($0) }
            ModelPage.write(status, into: &writer)
            return finish(.ok, AnswerFields.page(etag: entry.etag, origin), route)
        case .listModels:
            writer.reset()
            writeModels()
            return finish(.ok, listFields, route)
        case .listVersions:
            guard let entry = entryInPath(of: head) else { return refuseUnknown(nameInPath(of: head), route) }
            writer.reset()
            ModelPage.writeVersions(
                of: ModelStatus(entry, isDefault: false),
                entry.versions.map { ModelStatus($0, isDefault: false) }, into: &writer)
            return finish(.ok, AnswerFields.json.adding(presentation(of: entry.current).origin), route)
        case .getVersion:
            switch versionInPath(of: head, isAlias: false) {
            case .success(let model):
                let origin = presentation(of: model).origin
                // Its page tells what no change of the version itself brings.
                let isDefault = model === pool.defaultModel
                let etag = isDefault ? "\(model.etag.dropLast())-default\"" : model.etag
                if let mode = answerCondition(etag, origin, head, route) { return mode }
                writer.reset()
                ModelPage.write(ModelStatus(model, isDefault: isDefault), into: &writer)
                return finish(.ok, AnswerFields.page(etag: etag, origin), route)
            case .failure(let error): return refuse(error, route)
            }
        case .getPublish:
            let name = nameInPath(of: head)
            let id = parameters.text(1, of: head.path) ?? ""
            guard let job = shared.jobs.job(id, of: name) else {
                return refuse(shared.jobs.refusal(id, of: name), AnswerFields.problem, route)
            }
            writer.reset()
            job.write(into: &writer)
            return finish(.ok, AnswerFields.json, route)
        case .metrics:
            let text = shared.metrics.registry.render()
            meter.count(route, .ok, nanoseconds: elapsed(), bytes: text.count)
            return .answered(.ok, AnswerFields.metrics, text)
        case .live: return finishState("live", .ok, route)
        case .ready:
            let state = shared.state.current
            return finishState(
                state.rawValue, state == .ready ? .ok : .serviceUnavailable, route, store: shared.follower?.report,
                absent: shared.registry.followStatus.absent)
        case .root: return finishState("alive", .ok, route)
        default: preconditionFailure("\(route) is not a control route")
        }
    }

    /// What changes something must not pass over a word that was to keep it from that, such as a mistyped dry_run.
    private static func refusal(ofQuery head: borrowing RequestHead, _ route: RequestRoute) -> ProblemDocument? {
        let known =
            switch route {
            case .createModel: ["dry_run", "shadow", "name"]
            case .putModel: ["dry_run", "shadow"]
            default: [String]()
            }
        var seen: Set<String> = []
        for name in head.queryNames {
            if known.contains(name), seen.insert(name).inserted { continue }
            var document = ProblemDocument(
                .badRequest, title: "A parameter is not known here",
                detail: seen.contains(name) ? "a parameter stands twice in the query" : "nothing was changed")
            document.members = [
                ("expected", known.isEmpty ? "no parameters" : "each once, of \(known.joined(separator: ", "))"),
                ("got", String(name.prefix(64))),
            ]
            return document
        }
        return nil
    }

    /// `GET /models`.
    mutating func writeModels() {
        ModelPage.writeList(
            ModelStatus.all(of: pool), generation: pool.generation,
            store: StoreStanding(shared.registry.followStatus), into: &writer)
    }

    // MARK: Paths

    func entryInPath(of head: borrowing RequestHead) -> PooledModel? {
        pool.entry(named: nameInPath(of: head))
    }

    /// The version that the path names by its number, or by an alias.
    func versionInPath(of head: borrowing RequestHead, isAlias: Bool) -> Result<ServedModel, PublishError> {
        guard let entry = entryInPath(of: head) else {
            return .failure(.unknownModel(name: nameInPath(of: head), known: pool.names))
        }
        let text = parameters.text(1, of: head.path) ?? "\u{fffd}"
        let model = isAlias ? entry.alias(text.utf8.span) : Int(text).flatMap { entry.version($0) }
        guard let model else {
            let found = String(text.prefix(ModelName.bytesMax))
            if isAlias {
                return .failure(
                    .unknownAlias(name: entry.name, alias: found, known: entry.aliases.map(\.name).sorted()))
            }
            return .failure(
                .unknownVersion(name: entry.name, version: found, known: entry.versions.map(\.version)))
        }
        return .success(model)
    }

    func refuse(_ error: PublishError, _ route: RequestRoute) -> BodyMode {
        let (document, fields) = PublishProblem.answer(error)
        return refuse(document, fields, route)
    }

    // MARK: Uploads

    private mutating func beginUpload(
        _ route: RequestRoute, _ head: borrowing RequestHead, _ exchange: ExchangeID
    ) -> BodyMode {
        do throws(BodyType.Unsupported) {
            try BodyType.checkUpload(head)
        } catch {
            return refuse(error.document, error.fields, route)
        }
        guard !shared.refusesUploads else {
            return refuse(
                ProblemDocument(
                    .forbidden, title: "Uploads are refused",
                    detail: "this instance has no store, so an upload would end with it; publish into a store that it "
                        + "follows (vencejo push)"),
                AnswerFields.problem, route)
        }
        var options: PublishOptions
        switch PublishOptions.read(from: head) {
        case .success(let read): options = read
        case .failure(let problem): return refuse(problem.document, AnswerFields.problem, route)
        }
        // A new model may say its own name, in its bundle.
        let name = route == .createModel ? head.queryValue("name") : nameInPath(of: head)
        options.mustBeNew = route == .createModel
        forgetEndedUploads()
        do {
            // Of a coded body the length says little of the file's.
            let declaredBytes = head.contentCoding == .identity ? head.contentLength : nil
            let upload = try UploadExchange(
                name: name, options: options, isAsynchronous: Self.prefersAsynchronous(head),
                declaredBytes: declaredBytes, route: route, exchange: exchange, context: context, grant: grant,
                shared: shared)
            pending[exchange] = .upload(upload)
            return .streamed(windowBytes: UploadExchange.windowBytes)
        } catch {
            return refuse(error, route)
        }
    }

    /// `Prefer: respond-async` (RFC 7240 4.1).
    private static func prefersAsynchronous(_ head: borrowing RequestHead) -> Bool {
        guard let preferences = head.text(named: "prefer") else { return false }
        return preferences.split { $0 == "," || $0 == ";" || $0 == " " }.contains { $0.lowercased() == "respond-async" }
    }

    /// An upload that was answered before its body ended gets no further event here: a full store, a body too long.
    mutating func forgetEndedUploads() {
        pending = pending.filter { entry in
            if case .upload(let upload) = entry.value { return !upload.hasEnded }
            return true
        }
        whole = whole.filter { !$0.value.hasEnded }
    }

    // MARK: The control thread

    private mutating func beginControlRequest(
        _ route: RequestRoute, _ head: borrowing RequestHead, _ exchange: ExchangeID
    ) -> BodyMode {
        guard let precondition = PublishPrecondition.read(from: head) else {
            return refuse(ConditionProblem.document, AnswerFields.problem, route)
        }
        let name = nameInPath(of: head)
        let action: ControlRequest.Action
        switch route {
        case .deleteModel: action = .remove
        case .patchModel: action = .change
        default:
            // Whether there is a version of that number is for the store to say.
            let number = parameters.text(1, of: head.path).flatMap { Int($0) }
            if number == nil, case .failure(let error) = versionInPath(of: head, isAlias: false) {
                return refuse(error, route)
            }
            action = .removeVersion(number ?? 0)
        }
        let request = ControlRequest(route: route, name: name, precondition: precondition, action: action)
        pending[exchange] = .control(request, grant)
        return .buffered(bytesMax: route == .patchModel ? Self.changeBytesMax : Self.ignoredBodyBytesMax)
    }

    private mutating func expectDownload(
        of model: ServedModel, _ route: RequestRoute, _ head: borrowing RequestHead, _ exchange: ExchangeID
    ) -> BodyMode {
        let etag = "\"\(model.digest)\""
        let origin = presentation(of: model).origin
        if let mode = answerCondition(etag, origin, head, route) { return mode }
        let fields = AnswerFields.file(etag: etag, origin)
        pending[exchange] = .download(
            FileDownload(model, route: route, isHead: head.method == .head, fields: fields, grant: grant))
        return .buffered(bytesMax: Self.ignoredBodyBytesMax)
    }

    /// The request's body has come whole: hands it to the control thread, which answers.
    mutating func perform(
        _ request: ControlRequest, _ body: Span<UInt8>, _ exchange: ExchangeID, _ grant: CORSGrant?,
        _ sink: any ExchangeSink
    ) {
        let mailbox = context.mailbox
        let clock = context.clock
        let started = clock.now().elapsedNanoseconds
        let shared = shared
        if let grant { grants[exchange] = grant }
        do throws(InferenceError) {
            let change = request.action == .change ? try ModelChangeBody.decode(body) : nil
            let isAccepted = shared.uploads.inTurn(of: request.name) { files in
                let answer: ControlRequest.Answer
                switch request.perform(change, shared.registry, files) {
                case .answered(let made): answer = made
                case .lacks(let versions): return versions
                }
                let nanoseconds = clock.now().elapsedNanoseconds &- started
                shared.metrics.count(
                    request.route, answer.status, nanoseconds: nanoseconds, bytes: answer.body.count)
                let endsHere = shared.uploadsEndHere && answer.status == .ok
                let fields = endsHere ? answer.fields.adding(AnswerFields.endsHere) : answer.fields
                mailbox.answer(exchange, answer.status, grant?.adding(to: fields) ?? fields, body: answer.body)
                return []
            }
            guard isAccepted else { throw .overloaded(retryAfterSeconds: 1) }
        } catch {
            answer(error, request.route, exchange, nil, nanoseconds: 0, sink)
        }
        if !grants.isEmpty { grants[exchange] = nil }
    }

    // MARK: Answers

    /// Of an answer that tells of all models.
    var listFields: ResponseFields { AnswerFields.json.adding(AnswerFields.generation(pool.generation)) }

    /// What the conditions of a GET come to (RFC 9110 13.2.2).
    /// - Parameter isSame: whether what the tag names is all that the answer tells.
    /// - Returns: nil where it is answered as one without.
    private mutating func answerCondition(
        _ etag: String, isSame: Bool = true, _ origin: [(name: String, value: String)], _ head: borrowing RequestHead,
        _ route: RequestRoute
    ) -> BodyMode? {
        guard head.has(.ifMatch) || head.has(.ifNoneMatch) else { return nil }
        guard let precondition = PublishPrecondition.read(from: head) else {
            return refuse(ConditionProblem.document, AnswerFields.problem, route)
        }
        guard PublishPrecondition(ifMatch: precondition.ifMatch).holds(for: etag) else {
            return refuse(.preconditionFailed(currentETag: etag), route)
        }
        guard isSame, !PublishPrecondition(ifNoneMatch: precondition.ifNoneMatch).holds(for: etag) else { return nil }
        meter.count(route, .notModified, nanoseconds: elapsed(), bytes: 0)
        return .answered(.notModified, AnswerFields.unchanged(etag: etag, origin), [])
    }

    private mutating func finishState(
        _ state: String, _ status: HTTPStatus, _ route: RequestRoute, store: StoreReport? = nil,
        absent: [FollowStatus.LaggingModel] = []
    ) -> BodyMode {
        writer.reset()
        writer.beginObject()
        writer.member("status", state)
        if !absent.isEmpty {
            writer.key("not_loaded")
            writer.beginArray()
            for model in absent.prefix(FollowStatus.laggingMax) { writer.string(model.name) }
            writer.endArray()
        }
        store?.write(into: &writer)
        writer.endDocument()
        return finish(status, AnswerFields.json, route)
    }
}
