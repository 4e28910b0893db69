internal import ByteCoding
internal import EventLoop
internal import HTTPCore
internal import HTTPServer
internal import InferenceAPI
internal import Serving
internal import ServingProtocols
internal import Synchronization

/// One PUT between its loop and the control thread: hands the body over with credit, and answers when the publish has
/// ended.
final class UploadExchange: Sendable {
    /// Bytes that may be on their way before the loop stops reading.
    static let windowBytes = 1 << 20

    private let upload: Upload
    private let credit: Credit
    private let ending: Ending
    private let answer: Answer
    /// Of a client that does not wait.
    private let job: PublishJob?
    private let jobs: PublishJobs
    /// What is published serves here alone, and ends with this process.
    private let endsHere: Bool

    /// Whether it has been answered.
    var hasEnded: Bool { ending.hasCome.load(ordering: .acquiring) }

    private final class Ending: Sendable {
        let hasCome = Atomic<Bool>(false)
    }

    /// The way back to the client, which is answered once: when the publish has ended, or before that if it does not
    /// wait.
    private struct Answer: Sendable {
        private final class Given: Sendable {
            let isTrue = Atomic<Bool>(false)
        }

        let route: RequestRoute
        let exchange: ExchangeID
        let context: LoopContext
        let grant: CORSGrant?
        let metrics: RequestMetrics
        let started: UInt64
        private let given = Given()

        init(
            route: RequestRoute, exchange: ExchangeID, context: LoopContext, grant: CORSGrant?, metrics: RequestMetrics
        ) {
            self.route = route
            self.exchange = exchange
            self.context = context
            self.grant = grant
            self.metrics = metrics
            started = context.clock.now().elapsedNanoseconds
        }

        var isGiven: Bool { given.isTrue.load(ordering: .acquiring) }

        func give(_ status: HTTPStatus, _ fields: ResponseFields, _ body: [UInt8]) {
            guard !given.isTrue.exchange(true, ordering: .acquiringAndReleasing) else { return }
            let nanoseconds = context.clock.now().elapsedNanoseconds &- started
            metrics.count(route, status, nanoseconds: nanoseconds, bytes: body.count)
            context.mailbox.answer(exchange, status, grant?.adding(to: fields) ?? fields, body: body)
        }
    }

    /// Bytes that were handed over and whose credit has not been given back.
    private final class Credit: Sendable {
        private let bytes = Atomic<Int>(0)

        func hold(_ count: Int) { bytes.add(count, ordering: .acquiringAndReleasing) }

        func takeAll() -> Int { bytes.exchange(0, ordering: .acquiringAndReleasing) }
    }

    /// - Parameters:
    ///   - name: nil where the bundle tells it.
    ///   - isAsynchronous: the client is answered as soon as its body has come whole, and asks how it goes on.
    ///   - context: the loop's, for the way back and the time.
    ///   - grant: what the answer says to a page of another origin.
    /// - Throws: what is known before the body is read.
    init(
        name: String?, options: PublishOptions, isAsynchronous: Bool, declaredBytes: Int?, route: RequestRoute,
        exchange: ExchangeID, context: LoopContext, grant: CORSGrant?, shared: SharedServices
    ) throws(PublishError) {
        let mailbox = context.mailbox
        let credit = Credit()
        let ending = Ending()
        let answer = Answer(
            route: route, exchange: exchange, context: context, grant: grant, metrics: shared.metrics)
        var job: PublishJob?
        if isAsynchronous, let name, let progress = options.progress {
            job = shared.jobs.makeJob(name, progress)
        }
        self.credit = credit
        self.ending = ending
        self.answer = answer
        self.job = job
        jobs = shared.jobs
        let endsHere = shared.uploadsEndHere && !options.isDryRun
        self.endsHere = endsHere
        upload = try shared.uploads.begin(
            name, options: options, declaredBytes: declaredBytes,
            onCredit: { mailbox.consumed(exchange, bytes: credit.takeAll()) },
            completion: { [job] result in
                ending.hasCome.store(true, ordering: .releasing)
                let (status, fields, body) = Self.answer(result, shared.registry)
                job?.end(status, body, Self.tag(result, shared.registry, endsHere))
                let isPublished = status == .ok || status == .created
                answer.give(status, endsHere && isPublished ? fields.adding(AnswerFields.endsHere) : fields, body)
            })
    }

    private static func answer(
        _ result: Result<PublishReport, PublishError>, _ registry: ModelRegistry
    ) -> (HTTPStatus, ResponseFields, [UInt8]) {
        switch result {
        case .success(let report):
            var writer = JSONWriter()
            if let entry = registry.pool.entry(named: report.model.name), entry.current === report.model {
                ModelPage.write(
                    ModelStatus(entry, isDefault: registry.pool.defaultModel === report.model), into: &writer)
                let generation = registry.pool.generation(of: entry.name)
                let origin = AnswerFields.origin(report.model, generation: generation)
                return (report.isNew ? .created : .ok, AnswerFields.page(etag: entry.etag, origin), writer.take())
            }
            // A dry run; or something else has been published since.
            ModelPage.write(
                ModelStatus(report.model, isDefault: false), isPublished: !report.isDryRun, into: &writer)
            let origin = AnswerFields.origin(report.model, generation: report.model.generation)
            let fields = report.isDryRun ? AnswerFields.json : AnswerFields.page(etag: report.model.etag, origin)
            return (report.isNew && !report.isDryRun ? .created : .ok, fields, writer.take())
        case .failure(let error):
            let (document, fields) = PublishProblem.answer(error)
            return (document.status, fields, document.bytes())
        }
    }

    /// nil where nothing was published.
    private static func tag(
        _ result: Result<PublishReport, PublishError>, _ registry: ModelRegistry, _ endsHere: Bool
    ) -> PublishJob.Tag? {
        guard case .success(let report) = result, !report.isDryRun else { return nil }
        let model = report.model
        let entry = registry.pool.entry(named: model.name).flatMap { $0.current === model ? $0 : nil }
        return PublishJob.Tag(
            etag: entry?.etag ?? model.etag, version: model.version, generation: entry?.generation ?? model.generation,
            endsHere: endsHere)
    }

    /// - Parameter consumed: gives credit back at once, where the control thread keeps up.
    func append(_ bytes: Span<UInt8>, consumed: (Int) -> Void) {
        // Held before the bytes are handed over: the control thread may be done with them before this returns.
        credit.hold(bytes.count)
        switch upload.append(bytes) {
        case .more: consumed(credit.takeAll())
        case .wait, .stop: break
        }
    }

    func finish() {
        if let job { giveJob(job) }
        upload.finish()
    }

    private func giveJob(_ job: PublishJob) {
        // One that has failed on its way is told of that, and of no place to ask.
        guard !answer.isGiven else { return }
        jobs.add(job)
        var writer = JSONWriter()
        job.write(into: &writer)
        let fields = AnswerFields.json.adding([
            ("Location", job.path), ("Preference-Applied", "respond-async"), ("Retry-After", "1"),
        ])
        answer.give(.accepted, endsHere ? fields.adding(AnswerFields.endsHere) : fields, writer.take())
    }

    /// The client has gone. One that was told that its publish goes on has not given it up.
    func cancel() {
        guard job == nil || !answer.isGiven else { return }
        upload.cancel()
    }
}
