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

    /// Whether it has been answered.
    var hasEnded: Bool { ending.hasCome.load(ordering: .acquiring) }

    private final class Ending: Sendable {
        let hasCome = Atomic<Bool>(false)
    }

    /// Bytes that were handed over and whose credit has not been given back.
    private final class Credit: Sendable {
        private let bytes = Atomic<Int>(0)

        func hold(_ count: Int) { bytes.add(count, ordering: .acquiringAndReleasing) }

        func takeAll() -> Int { bytes.exchange(0, ordering: .acquiringAndReleasing) }
    }

    /// - Parameters:
    ///   - context: the loop's, for the way back and the time.
    ///   - grant: what the answer says to a page of another origin.
    /// - Throws: what is known before the body is read.
    init(
        name: String, options: PublishOptions, declaredBytes: Int?, exchange: ExchangeID,
        context: LoopContext, grant: CORSGrant?, shared: SharedServices
    ) throws(PublishError) {
        let mailbox = context.mailbox
        let clock = context.clock
        let started = clock.now().elapsedNanoseconds
        let credit = Credit()
        let ending = Ending()
        self.credit = credit
        self.ending = ending
        upload = try shared.uploads.begin(
            name, options: options, declaredBytes: declaredBytes,
            onCredit: { mailbox.consumed(exchange, bytes: credit.takeAll()) },
            completion: { result in
                ending.hasCome.store(true, ordering: .releasing)
                let status: HTTPStatus
                let fields: ResponseFields
                let body: [UInt8]
                switch result {
                case .success(let report):
                    status = report.isNew ? .created : .ok
                    let page = AnswerFields.page(of: report.model)
                    fields = shared.uploadsEndHere ? page.adding(AnswerFields.endsHere) : page
                    var writer = JSONWriter()
                    let isDefault = shared.registry.pool.defaultModel === report.model
                    ModelPage.write(ModelStatus(report.model, isDefault: isDefault), into: &writer)
                    body = writer.take()
                case .failure(let error):
                    let problem = PublishProblem.answer(error)
                    status = problem.document.status
                    fields = problem.fields
                    body = problem.document.bytes()
                }
                shared.metrics.count(
                    .putModel, status, nanoseconds: clock.now().elapsedNanoseconds &- started, bytes: body.count)
                mailbox.answer(exchange, status, grant?.adding(to: fields) ?? fields, body: body)
            })
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

    func finish() { upload.finish() }

    func cancel() { upload.cancel() }
}
