internal import EventLoop
internal import InferenceAPI
internal import Serving
internal import ServingProtocols
internal import Synchronization
internal import Telemetry

/// The threads that run what is too long for a loop, one pool for all models and loops, behind a scheduler that knows
/// no thread.
///
/// Loops hand requests on under a short lock, workers take batches under the same one and run them outside. Without
/// `start` there are no threads: a test or a simulation calls `runNext` itself.
final class ComputePool: Sendable {
    /// Bodies of more bytes are decoded here and not on the loop.
    static let loopBodyBytesMax = 128 << 10

    private struct State: Sendable {
        var scheduler: ComputeScheduler
        var tasks: [UInt64: ComputeTask] = [:]
        /// Grows with all that a waiting worker has to look at.
        var changes: UInt64 = 0
        var runningBatches = 0
        var isStopping = false
    }

    /// What a worker does next.
    private enum Step {
        case run(ComputeScheduler.Batch)
        /// Nothing before this time, unless something changes.
        case pause(until: UInt64)
        /// Something changed that is no work: requests were dropped, or models are gone.
        case tidy
        case end
    }

    /// Requests that a worker has taken out of the pool.
    private struct Taken {
        var batch: [ComputeTask] = []
        var late: [ComputeTask] = []
    }

    /// What is left of a batch when its requests have been answered and let go of.
    private struct Run {
        let jobs: [PoolJobs]
        let metrics: BatchMetrics?
        let cell: Int
        let rows: Int
        let work: UInt64
        let elapsed: UInt64
    }

    private let state: Monitor<State>
    private let threads = Mutex<[EventLoopThread]>([])
    private let nextID = Atomic<UInt64>(1)
    private let clocks: ComputeClocks

    /// - Parameters:
    ///   - limits: the bounds, and what batches go by.
    ///   - workers: threads that there will be.
    ///   - clocks: the time.
    init(limits: ComputeLimits, workers: Int, clocks: ComputeClocks = .system) {
        state = Monitor(State(scheduler: ComputeScheduler(limits: limits, workers: workers)))
        self.clocks = clocks
    }

    /// Starts the threads.
    /// - Throws: `SystemError` where the system has no thread left; those that were started go on until `stop`.
    func start(threads count: Int) throws(SystemError) {
        for index in 0..<count {
            let thread = try EventLoopThread(name: "compute-\(index)", .compute) { [self] in work() }
            threads.withLock { $0.append(thread) }
        }
    }

    /// Forgets what waits and ends the threads after the batches that they run. Called when the loops have ended.
    func stop() {
        let left = state.withLock { state in
            state.isStopping = true
            let left = state.tasks
            state.tasks = [:]
            return left
        }
        for task in left.values { task.jobs.end() }
        let threads = threads.withLock { threads in
            let started = threads
            threads = []
            return started
        }
        for thread in threads { thread.join() }
    }

    // MARK: For the loops

    func makeID() -> UInt64 { nextID.wrappingAdd(1, ordering: .relaxed).oldValue }

    /// Hands requests on. The job of each has begun, and ends here if it is refused.
    /// - Returns: why each one was refused, or nil, in the same order.
    func submit(_ tasks: [(task: ComputeTask, rows: Int, bytes: Int, isBody: Bool)]) -> [InferenceError?] {
        let now = clocks.now()
        let refusals = state.withLock { state -> [InferenceError?] in
            guard !state.isStopping else { return tasks.map { _ in .draining } }
            state.changes &+= 1
            return tasks.map { entry in
                let refusal = state.scheduler.add(
                    ComputeScheduler.Entry(
                        id: entry.task.id, rows: entry.rows, bytes: entry.bytes, arrival: entry.task.arrival,
                        terms: entry.task.origin.terms, isAlone: entry.isBody),
                    cost: entry.task.model.cost, now: now)
                switch refusal {
                case nil:
                    state.tasks[entry.task.id] = entry.task
                    return nil
                case .full(let seconds)?: return .overloaded(retryAfterSeconds: seconds)
                case .tooLate(let seconds)?: return .late(.refused(retryAfterSeconds: seconds))
                }
            }
        }
        for (entry, refusal) in zip(tasks, refusals) where refusal != nil { entry.task.jobs.end() }
        return refusals
    }

    /// Takes a request out that is not to be computed any more.
    /// - Returns: false if it runs already, or is done.
    @discardableResult
    func cancel(_ id: UInt64, _ reason: Cancellation) -> Bool {
        let task = state.withLock { state in state.scheduler.cancel(id) ? state.tasks.removeValue(forKey: id) : nil }
        guard let task else { return false }
        let metrics = task.model.metrics.batching
        let counter = reason == .expired ? metrics.expired : metrics.abandoned
        counter.add(1, cell: task.origin.returns.loop)
        let jobs = task.jobs
        _ = consume task
        jobs.end()
        return true
    }

    enum Cancellation {
        /// The client is gone.
        case abandoned
        /// Its time is over.
        case expired
    }

    /// Models are gone: workers let go of what they keep for them.
    func forgetRetired() { state.withLock { $0.changes &+= 1 } }

    /// What waits now, for whoever scrapes.
    func declare(in metrics: MetricsRegistry) {
        metrics.collector("vencejo_compute_waiting_requests", help: "Requests that wait for a compute thread.") {
            [.init(value: Double(self.waitingCount))]
        }
        metrics.collector("vencejo_compute_waiting_bytes", help: "Bytes of requests that wait for a compute thread.") {
            [.init(value: Double(self.waitingBytes))]
        }
    }

    /// Requests that wait.
    var waitingCount: Int { state.withLock { $0.scheduler.waitingCount } }
    var waitingBytes: Int { state.withLock { $0.scheduler.waitingBytes } }
    /// Batches that run now, for tests.
    var runningCount: Int { state.withLock { $0.runningBatches } }

    // MARK: Workers

    /// A worker's life.
    private func work() {
        var worker = ComputeWorker(now: clocks.now)
        var seen: UInt64 = 0
        var taken = Taken()
        while true {
            let step = state.wait(for: nil) { Self.step(&$0, &seen, clocks.now(), &taken) }
            expire(&taken)
            switch step {
            case .run(let batch)?: run(batch, &taken, &worker)
            case .pause(let time)?: pause(until: time, seen)
            case .tidy?, nil: worker.forgetRetired()
            case .end?: return
            }
        }
    }

    /// Runs the next batch, if one is due, on the calling thread; for tests and simulations.
    /// - Returns: whether there was one.
    func runNext(_ worker: inout ComputeWorker) -> Bool {
        var seen: UInt64 = 0
        var taken = Taken()
        let step = state.withLock { Self.step(&$0, &seen, clocks.now(), &taken) }
        expire(&taken)
        guard case .run(let batch)? = step else { return false }
        run(batch, &taken, &worker)
        return true
    }

    /// Called under the lock. - Returns: nil where there is nothing to do.
    private static func step(_ state: inout State, _ seen: inout UInt64, _ now: UInt64, _ taken: inout Taken) -> Step? {
        if state.isStopping { return .end }
        let decision = state.scheduler.next(now: now)
        taken.late = state.scheduler.takeDropped().compactMap { state.tasks.removeValue(forKey: $0) }
        let isNews = state.changes != seen || !taken.late.isEmpty
        seen = state.changes
        switch decision {
        case .run(let batch):
            state.runningBatches += 1
            taken.batch = batch.entries.compactMap { state.tasks.removeValue(forKey: $0.id) }
            return .run(batch)
        case .wait(let time): return .pause(until: time)
        case .idle: return isNews ? .tidy : nil
        }
    }

    /// Waits for a time that has been asked for, or for something to change.
    private func pause(until time: UInt64, _ seen: UInt64) {
        let now = clocks.now()
        guard time > now else { return }
        let left = Duration.nanoseconds(Int64(clamping: time - now))
        _ = state.wait(for: left) { $0.changes != seen || $0.isStopping ? true : nil }
    }

    private func run(_ batch: ComputeScheduler.Batch, _ taken: inout Taken, _ worker: inout ComputeWorker) {
        let run = compute(&taken, &worker)
        let outcome = state.withLock { state in
            state.runningBatches -= 1
            return state.scheduler.finished(batch, rows: run.rows, work: run.work, elapsed: run.elapsed)
        }
        for job in run.jobs { job.end() }
        guard let metrics = run.metrics else { return }
        if outcome.saved >= 0 {
            metrics.savedNanoseconds.add(Int(outcome.saved), cell: run.cell)
        } else {
            metrics.lostNanoseconds.add(Int(-outcome.saved), cell: run.cell)
        }
        metrics.addedWaitNanoseconds.add(Int(outcome.addedWait), cell: run.cell)
        metrics.isBatching.set(outcome.isBatching ? 1 : 0)
    }

    /// Answers the requests of a batch. A function of its own: when it returns, nothing here holds their model.
    private func compute(_ taken: inout Taken, _ worker: inout ComputeWorker) -> Run {
        var tasks: [ComputeTask] = []
        swap(&tasks, &taken.batch)
        let start = clocks.now()
        let work = clocks.work()
        let cell = tasks.first?.origin.returns.loop ?? 0
        let metrics = tasks.first?.model.metrics.batching
        for task in tasks { metrics?.queueNanoseconds.record(start &- task.arrival, cell: cell) }
        let rows = worker.run(tasks)
        return Run(
            jobs: tasks.map(\.jobs), metrics: metrics, cell: cell, rows: rows, work: clocks.work() &- work,
            elapsed: clocks.now() &- start)
    }

    /// Answers requests whose turn came too late.
    private func expire(_ taken: inout Taken) {
        guard !taken.late.isEmpty else { return }
        for task in taken.late {
            let metrics = task.model.metrics
            metrics.batching.expired.add(1, cell: task.origin.returns.loop)
            metrics.errors.add(1, cell: task.origin.returns.loop)
            let document = ProblemDocument(.late(.expired))
            task.origin.returns.post(
                ComputeAnswer(
                    exchange: task.origin.exchange, route: task.origin.route, started: task.origin.started,
                    status: document.status, fields: AnswerFields.refusal(.late(.expired)),
                    body: document.bytes(signature: task.model.signature)))
        }
        let jobs = taken.late.map(\.jobs)
        taken.late = []
        for job in jobs { job.end() }
    }
}

/// The times that the pool goes by.
struct ComputeClocks: Sendable {
    /// The loops' clock.
    let now: @Sendable () -> UInt64
    /// For how long the calling thread has run: what a core gave, whoever else wanted it.
    let work: @Sendable () -> UInt64

    static let system = ComputeClocks(
        now: { SystemClock().now().elapsedNanoseconds }, work: { Host.threadNanoseconds })
}
