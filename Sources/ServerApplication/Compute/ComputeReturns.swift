internal import HTTPCore
internal import HTTPServer
internal import InferenceAPI
internal import Serving
internal import ServingProtocols
internal import Synchronization
internal import Telemetry

/// Whole answers from a compute thread, to requests of one loop. They hold nothing of the model.
struct ComputeAnswers: Sendable {
    struct Answer: Sendable {
        let caller: ComputeTask.Caller
        let status: HTTPStatus
        let fields: ResponseFields
        /// How a call ends; where that is not well, the body is the status's text. nil for what is no call.
        let code: GRPCStatusCode?
        /// Its part of `bodies`.
        let body: Range<Int>
    }

    private(set) var all: [Answer] = []
    private(set) var bodies: [UInt8] = []

    mutating func append(
        _ caller: ComputeTask.Caller, _ status: HTTPStatus, _ fields: ResponseFields, _ body: [UInt8],
        _ code: GRPCStatusCode? = nil
    ) {
        let start = bodies.count
        bodies += body
        all.append(Answer(caller: caller, status: status, fields: fields, code: code, body: start..<bodies.count))
    }

    /// Tells a request of a task what is wrong, as its wire does, and counts it.
    mutating func refuse(_ caller: ComputeTask.Caller, of task: ComputeTask, _ error: InferenceError) {
        task.model.metrics.errors.add(1, cell: task.origin.returns.loop)
        guard caller.route.wire == .native else {
            let refusal = TensorRefusal(error, caller.route, task.presentation.origin)
            return append(caller, refusal.status, refusal.fields, refusal.body, refusal.code)
        }
        let document = ProblemDocument(error)
        let fields = AnswerFields.refusal(error, task.presentation.origin)
        append(caller, document.status, fields, document.bytes(signature: task.model.signature))
    }
}

/// Where a loop finds the answers that compute threads have made for it.
final class ComputeReturns: Sendable {
    private let answers = Mutex<[ComputeAnswers]>([])
    private let hasNews = Atomic<Bool>(false)
    private let isShared = Atomic<Bool>(false)
    /// The loop's number: the cell in which its requests are counted.
    let loop: Int
    private let wake: @Sendable () -> Void

    /// - Parameter wake: makes the loop begin a tick; called on compute threads.
    init(loop: Int, wake: @escaping @Sendable () -> Void) {
        self.loop = loop
        self.wake = wake
    }

    /// Answers of a batch that are handed over together, and that the loop takes in one tick: where they are short and
    /// others wait for it, some 30 us of its time.
    var countMax: Int { isShared.load(ordering: .relaxed) ? 4 : 32 }

    /// For the loop. - Parameter isShared: whether several models are asked there.
    func share(_ isShared: Bool) {
        guard self.isShared.load(ordering: .relaxed) != isShared else { return }
        self.isShared.store(isShared, ordering: .relaxed)
    }

    /// From any thread.
    func post(_ made: ComputeAnswers) {
        let isFirst = answers.withLock { answers in
            answers.append(made)
            hasNews.store(true, ordering: .relaxed)
            return answers.count == 1
        }
        if isFirst { wake() }
    }

    /// What has come, oldest first: a few, or an eighth where many wait, so that no more wait than the loop can answer.
    /// Where something is left, the next tick begins at once.
    /// - Complexity: one relaxed load where nothing has.
    func take() -> [ComputeAnswers] {
        guard hasNews.load(ordering: .relaxed) else { return [] }
        let (taken, isAll) = answers.withLock { answers in
            let countMax = max(countMax, answers.reduce(0) { $0 + $1.all.count } / 8)
            var count = 0
            let end =
                answers.firstIndex { made in
                    defer { count += made.all.count }
                    return count > 0 && count + made.all.count > countMax
                } ?? answers.count
            let taken = Array(answers[..<end])
            answers.removeFirst(end)
            if answers.isEmpty { hasNews.store(false, ordering: .relaxed) }
            return (taken, answers.isEmpty)
        }
        if !isAll { wake() }
        return taken
    }
}
