internal import EventLoop
internal import HTTPCore
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
    /// How long threads that yield are waited for: more than a batch is meant to take.
    private static let reliefPause = Duration.milliseconds(100)
    /// For how long a worker has nothing to do before it gives back what large requests have left behind.
    private static let tidyPause = Duration.seconds(1)

    private struct State: Sendable {
        var scheduler: ComputeScheduler
        var tasks: [UInt64: ComputeTask] = [:]
        /// Grows with all that a waiting worker has to look at.
        var changes: UInt64 = 0
        var runningBatches = 0
        var begunBatches: UInt64 = 0
        /// Workers whose yielding thread runs a batch, and which.
        var yieldingRuns: [Int: UInt64] = [:]
        /// Waiting requests are to wait until then.
        var pauseEnd: UInt64 = 0
        /// Workers whose turn is the yielding thread's.
        var yieldingWorkers = 0
        var isHeldFirm = false
        var isStopping = false
    }

    /// What a worker does next.
    private enum Step {
        case run(ComputeScheduler.Batch)
        /// Nothing before this time, unless something changes.
        case pause(until: UInt64)
        /// Something changed that is no work: requests were dropped, or models are gone.
        case tidy
        /// It is the other thread's turn.
        case relieve
        case end
    }

    /// Requests that a worker has taken out of the pool.
    private struct Taken {
        var batch: [ComputeTask] = []
        var late: [ComputeTask] = []
    }

    /// A batch that is run by another thread than the one which took it.
    private struct Errand {
        let batch: ComputeScheduler.Batch
        var taken: Taken
    }

    /// What is left of a batch when its requests have been answered and let go of.
    private struct Ended {
        let jobs: [PoolJobs]
        let metrics: BatchMetrics?
        let cell: Int
        let runs: [ComputeScheduler.Run]
    }

    /// A task on its way to the pool.
    typealias Handed = (task: ComputeTask, requests: Int, rows: Int, bytes: Int, isBody: Bool)

    /// A request that the pool does not take.
    typealias Refused = (task: ComputeTask, caller: ComputeTask.Caller, error: InferenceError)

    private let state: Monitor<State>
    private let threads = Mutex<[EventLoopThread]>([])
    private let nextID = Atomic<UInt64>(1)
    private let clocks: ComputeClocks
    private let workers: Int

    /// - Parameters:
    ///   - limits: the bounds, and what batches go by.
    ///   - workers: how many there will be.
    ///   - clocks: the time.
    init(limits: ComputeLimits, workers: Int, clocks: ComputeClocks = .system) {
        state = Monitor(State(scheduler: ComputeScheduler(limits: limits, workers: workers)))
        self.clocks = clocks
        self.workers = workers
    }

    /// Starts the threads: two a worker, of which one runs. The one that yields to the loops also waits while the
    /// firm one runs what may be long: beside other processes the first might take for ever, and nobody can go on for
    /// it.
    ///
    /// Nor can a loop that waits for a lock which it holds. It has the pool's for a microsecond a batch, and beside
    /// other processes it runs for some milliseconds before the firm one takes over, so that such a wait is rare.
    /// - Parameters:
    ///   - workers: as many as in `init`.
    ///   - cores: what the process is granted.
    /// - Throws: `SystemError` where the system has no thread left; those that were started go on until `stop`.
    func start(workers: Int, cores: Double) throws(SystemError) {
        for index in 0..<workers {
            let shift = ComputeShift<Errand>(ComputePriority(cores: cores))
            let yielding = try EventLoopThread(name: "compute-\(index)", .leftover) { [self] in
                work(index, .yielding, shift)
            }
            threads.withLock { $0.append(yielding) }
            let firm = try EventLoopThread(name: "firm-\(index)", .firm) { [self] in
                work(index, .firm, shift)
            }
            threads.withLock { $0.append(firm) }
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

    // MARK: For the control thread

    /// Another thread of the process is about to work for long, at a priority between the two levels: it would take
    /// the core from the threads that yield. The firm ones take over, and this waits until they have, or for a moment.
    func holdFirm() {
        state.withLock { state in
            state.isHeldFirm = true
            state.changes &+= 1
        }
        _ = state.wait(for: Self.reliefPause) { $0.yieldingWorkers == 0 ? true : nil }
    }

    /// The end of `holdFirm`.
    func letYield() {
        state.withLock { state in
            state.isHeldFirm = false
            state.changes &+= 1
        }
    }

    // MARK: For the loops

    func makeID() -> UInt64 { nextID.wrappingAdd(1, ordering: .relaxed).oldValue }

    /// Hands tasks on. The job of each has begun, and ends here if nothing of it is taken.
    /// - Returns: the requests that are refused.
    func submit(_ handed: [Handed]) -> [Refused] {
        let now = clocks.now()
        var untaken: [ComputeTask] = []
        let refused = state.withLock { state -> [Refused] in
            state.changes &+= 1
            // It may be due sooner with these.
            state.pauseEnd = 0
            var refused: [Refused] = []
            for entry in handed where !Self.add(entry, to: &state, now, &refused) { untaken.append(entry.task) }
            return refused
        }
        for task in untaken { task.jobs.end() }
        return refused
    }

    /// Under the lock. What is too much is refused from the task's end, request by request.
    /// - Returns: whether anything of it is taken.
    private static func add(
        _ handed: Handed, to state: inout State, _ now: UInt64, _ refused: inout [Refused]
    ) -> Bool {
        let task = handed.task
        var entry = ComputeScheduler.Entry(
            id: task.id, requests: handed.requests, rows: handed.rows, bytes: handed.bytes, arrival: task.arrival,
            terms: task.origin.terms, isAlone: handed.isBody)
        while let error = schedule(entry, task, &state, now) {
            guard let part = task.withdrawLast() else {
                for caller in task.callers { refused.append((task, caller, error)) }
                return false
            }
            refused.append((task, part.caller, error))
            entry.requests -= 1
            entry.rows -= part.rows.count
        }
        state.tasks[task.id] = task
        return true
    }

    /// Gives the entry to the scheduler. - Returns: why it does not take it.
    private static func schedule(
        _ entry: ComputeScheduler.Entry, _ task: ComputeTask, _ state: inout State, _ now: UInt64
    ) -> InferenceError? {
        if state.isStopping { return .draining }
        switch state.scheduler.add(entry, cost: task.model.cost, now: now) {
        case nil: return nil
        case .full(let seconds)?: return .overloaded(retryAfterSeconds: seconds)
        case .tooLate(let seconds)?: return .late(.refused(retryAfterSeconds: seconds))
        }
    }

    /// Takes a request out that is not to be computed any more.
    /// - Parameters:
    ///   - id: the task's.
    ///   - exchange: which of its requests.
    /// - Returns: false if it runs already, or is done.
    @discardableResult
    func cancel(_ id: UInt64, _ exchange: ExchangeID, _ reason: Cancellation) -> Bool {
        var isWhole = false
        let task = state.withLock { state -> ComputeTask? in
            guard let task = state.tasks[id] else { return nil }
            switch task.withdraw(exchange) {
            case .others(let rowsLess): state.scheduler.shrink(id, rows: rowsLess)
            case .nobody:
                isWhole = true
                _ = state.scheduler.cancel(id)
                state.tasks[id] = nil
            case .unchanged: return nil
            }
            return task
        }
        guard let task else { return false }
        let metrics = task.model.metrics.batching
        let counter = reason == .expired ? metrics.expired : metrics.abandoned
        counter.add(1, cell: task.origin.returns.loop)
        let jobs = task.jobs
        _ = consume task
        if isWhole { jobs.end() }
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

    /// Has the calling loop, which has requests here, rest where it leaves the threads next to nothing.
    func rest(_ rest: inout LoopRest, at now: UInt64) {
        if rest.isDue(at: now, loop: clocks.work(), progress: progress) { clocks.rest(LoopRest.nanoseconds) }
    }

    var progress: ComputeProgress {
        let (first, isWaiting, begun) = state.withLock { state in
            let isWaiting =
                state.runningBatches < workers && state.scheduler.waitingCount > 0 && clocks.now() >= state.pauseEnd
            return (state.yieldingRuns.min { $0.value < $1.value }, isWaiting, state.begunBatches)
        }
        guard let first else { return isWaiting ? .waiting(begun: begun) : .unhindered }
        let nanoseconds = threads.withLock { threads in
            // Of a worker's two threads the one that yields was started first.
            first.key * 2 < threads.count ? threads[first.key * 2].runNanoseconds : 0
        }
        return .running(batch: first.value, nanoseconds: nanoseconds)
    }

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
    /// Waits until so many workers yield, for tests. - Returns: whether they do.
    func waitUntilYielding(_ count: Int, for timeout: Duration = .seconds(60)) -> Bool {
        state.wait(for: timeout) { $0.yieldingWorkers == count ? true : nil } == true
    }
    /// Batches that run now, for tests.
    var runningCount: Int { state.withLock { $0.runningBatches } }

    // MARK: Workers

    /// The life of one of a worker's threads.
    private func work(_ index: Int, _ level: ComputePriority.Level, _ shift: ComputeShift<Errand>) {
        var worker = ComputeWorker(clocks)
        while true {
            switch shift.begin(level, for: pause(level, worker.isUntidy)) {
            case .work(var priority)?:
                if level == .yielding { state.withLock { $0.yieldingWorkers += 1 } }
                let goesOn = work(index, while: level, &priority, &worker, shift)
                if level == .yielding { state.withLock { $0.yieldingWorkers -= 1 } }
                worker.forgetAll()
                shift.end(goesOn: goesOn ? priority : nil)
            case .errand(var errand)?:
                run(errand.batch, &errand.taken, &worker)
                // Nothing tells this thread when a model is gone.
                worker.forgetAll()
                shift.endErrand()
            case nil: worker.tidy()
            case .over?: return
            }
        }
    }

    /// How long a thread waits before it tidies up. Not the one that yields: beside other processes it would keep the
    /// allocator's locks from the loops for long.
    private func pause(_ level: ComputePriority.Level, _ isUntidy: Bool) -> Duration? {
        level == .firm && isUntidy ? Self.tidyPause : nil
    }

    /// Works as long as it is to be done at this level. - Returns: false when there will be no more to do.
    private func work(
        _ index: Int, while level: ComputePriority.Level, _ priority: inout ComputePriority,
        _ worker: inout ComputeWorker,
        _ shift: ComputeShift<Errand>
    ) -> Bool {
        var seen: UInt64 = 0
        var taken = Taken()
        while true {
            let step = state.wait(for: pause(level, worker.isUntidy)) { state -> Step? in
                if !state.isStopping, (state.isHeldFirm ? .firm : priority.level) != level { return .relieve }
                let step = Self.step(&state, &seen, clocks.now(), &taken)
                if level == .yielding, case .run(let batch)? = step, !batch.mayOverrun {
                    state.yieldingRuns[index] = state.begunBatches
                }
                return step
            }
            expire(&taken)
            switch step {
            case .run(let batch)? where batch.mayOverrun && level == .yielding:
                // Not in the account of the priority: it is run firmly whatever that says.
                var errand: Errand? = Errand(batch: batch, taken: taken)
                taken = Taken()
                shift.send(&errand)
            case .run(let batch)?:
                let start = (now: clocks.now(), work: clocks.work())
                priority.begin(at: start.now, process: clocks.process())
                run(batch, &taken, &worker, of: index)
                let now = clocks.now()
                priority.end(
                    elapsed: now &- start.now, work: clocks.work() &- start.work, at: now, process: clocks.process())
            case .pause(let time)?: pause(until: time, seen)
            case .tidy?: worker.forgetRetired()
            case nil: worker.tidy()
            case .relieve?: return true
            case .end?: return false
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
            state.begunBatches &+= 1
            taken.batch = batch.entries.compactMap { state.tasks.removeValue(forKey: $0.id) }
            return .run(batch)
        case .wait(let time):
            state.pauseEnd = time
            return .pause(until: time)
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

    /// - Parameter index: the worker's, where the batch is run in its turn.
    private func run(
        _ batch: ComputeScheduler.Batch, _ taken: inout Taken, _ worker: inout ComputeWorker, of index: Int? = nil
    ) {
        let ended = compute(batch, &taken, &worker)
        let outcome = state.withLock { state in
            state.runningBatches -= 1
            if let index { state.yieldingRuns[index] = nil }
            return state.scheduler.finished(batch, ended.runs)
        }
        for job in ended.jobs { job.end() }
        guard let metrics = ended.metrics else { return }
        if outcome.saved >= 0 {
            metrics.savedNanoseconds.add(Self.whole(outcome.saved), cell: ended.cell)
        } else {
            metrics.lostNanoseconds.add(Self.whole(-outcome.saved), cell: ended.cell)
        }
        metrics.addedWaitNanoseconds.add(Self.whole(outcome.addedWait), cell: ended.cell)
        metrics.isBatching.set(outcome.isBatching ? 1 : 0)
    }

    /// Nanoseconds as a counter takes them: a clock that jumps must not be a crash.
    private static func whole(_ nanoseconds: Double) -> Int { Int(min(max(nanoseconds, 0), 1e15)) }

    /// Answers the requests of a batch. A function of its own: when it returns, nothing here holds their model.
    private func compute(
        _ batch: ComputeScheduler.Batch, _ taken: inout Taken, _ worker: inout ComputeWorker
    ) -> Ended {
        var tasks: [ComputeTask] = []
        swap(&tasks, &taken.batch)
        let start = clocks.now()
        let cell = tasks.first?.origin.returns.loop ?? 0
        let metrics = tasks.first?.model.metrics.batching
        for entry in batch.entries {
            for _ in 0..<entry.requests { metrics?.queueNanoseconds.record(start &- entry.arrival, cell: cell) }
        }
        let runs = worker.run(tasks, joined: batch.joins)
        return Ended(jobs: tasks.map(\.jobs), metrics: metrics, cell: cell, runs: runs)
    }

    /// Answers requests whose turn came too late.
    private func expire(_ taken: inout Taken) {
        guard !taken.late.isEmpty else { return }
        for task in taken.late {
            let metrics = task.model.metrics
            var answers = ComputeAnswers()
            for caller in task.callers {
                metrics.batching.expired.add(1, cell: task.origin.returns.loop)
                answers.refuse(caller, of: task, .late(.expired))
            }
            task.origin.returns.post(answers)
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
    /// For how long all threads of the process have run.
    let process: @Sendable () -> UInt64
    /// Has the calling thread sleep for so many nanoseconds.
    let rest: @Sendable (UInt64) -> Void

    static let system = ComputeClocks(
        now: { SystemClock().now().elapsedNanoseconds }, work: { Host.threadNanoseconds },
        process: { Host.processNanoseconds }, rest: { Host.sleep(nanoseconds: $0) })
}
