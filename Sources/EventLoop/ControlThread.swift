/// A thread beside the loops that may wait: for disks, for compilers, for the loops. Jobs run one after the other in
/// the order in which they came.
package final class ControlThread: Sendable {
    private struct Queue: Sendable {
        var jobs: [@Sendable () -> Void] = []
        /// Where the next job stands in `jobs`.
        var head = 0
        var isStopping = false

        var count: Int { jobs.count - head }

        mutating func next() -> (@Sendable () -> Void)? {
            guard head < jobs.count else { return nil }
            let job = jobs[head]
            head += 1
            if head == jobs.count {
                jobs.removeAll(keepingCapacity: true)
                head = 0
            } else if head >= 64 {
                jobs.removeFirst(head)
                head = 0
            }
            return job
        }
    }

    private enum Step {
        case run(@Sendable () -> Void)
        case end
    }

    private let queue: Monitor<Queue>
    private let jobsMax: Int
    private let thread: EventLoopThread

    /// - Parameters:
    ///   - jobsMax: jobs that may wait; at the bound `submit` refuses.
    ///   - idleInterval: how often `onIdle` runs while there is nothing to do; under a steady stream of jobs it runs
    ///     between two of them, four times as seldom.
    ///   - onIdle: runs on the thread, such as housekeeping.
    ///   - pause: how long no job has come when `onPause` runs.
    ///   - onPause: runs once behind one or more jobs, once before the first, and behind each `onIdle`; under a steady
    ///     stream like that.
    ///   - onWork: told of each beginning of work, the thread's own being the first, and of its end in a pause.
    /// - Throws: `SystemError` where the system has no thread left.
    package init(
        jobsMax: Int = 256, idleInterval: Duration = .seconds(30), onIdle: @escaping @Sendable () -> Void = {},
        pause: Duration = .seconds(1), onPause: @escaping @Sendable () -> Void = {},
        onWork: @escaping @Sendable (_ begins: Bool) -> Void = { _ in }
    ) throws(SystemError) {
        let queue = Monitor(Queue())
        self.queue = queue
        self.jobsMax = jobsMax
        thread = try EventLoopThread(name: "control", .background) {
            var pauses = Chore(after: pause, onPause)
            var idles = Chore(after: idleInterval, onIdle)
            var hasPaused = false
            onWork(true)
            while true {
                let step = queue.wait(for: hasPaused ? idleInterval : pause) { queue -> Step? in
                    if let job = queue.next() { return .run(job) }
                    return queue.isStopping ? .end : nil
                }
                switch step {
                case .run(let job):
                    if hasPaused {
                        onWork(true)
                        pauses.restart()
                    }
                    hasPaused = false
                    job()
                    pauses.runIfOverdue()
                    idles.runIfOverdue()
                case .end: return
                case nil:
                    if hasPaused {
                        onWork(true)
                        idles.run()
                    }
                    hasPaused = true
                    pauses.run()
                    onWork(false)
                }
            }
        }
    }

    /// Something to do where there are no jobs for a while.
    private struct Chore {
        /// In nanoseconds.
        let interval: UInt64
        let body: @Sendable () -> Void
        let clock = SystemClock()
        private var since: UInt64

        init(after interval: Duration, _ body: @escaping @Sendable () -> Void) {
            self.interval = UInt64(LoopDuration(interval).nanoseconds)
            self.body = body
            since = clock.now().elapsedNanoseconds
        }

        mutating func restart() { since = clock.now().elapsedNanoseconds }

        mutating func run() {
            body()
            restart()
        }

        mutating func runIfOverdue() {
            if clock.now().elapsedNanoseconds &- since >= 4 * interval { run() }
        }
    }

    /// Hands over a job. May be called from any thread, and takes no longer than a short lock.
    /// - Returns: false, and forgets the job, if `jobsMax` jobs wait or the thread is stopping.
    package func submit(_ job: @escaping @Sendable () -> Void) -> Bool {
        let jobsMax = jobsMax
        return queue.withLock { queue in
            guard !queue.isStopping, queue.count < jobsMax else { return false }
            queue.jobs.append(job)
            return true
        }
    }

    /// The same without the bound, for the end of something that has begun. Before the thread has ended, which is for
    /// the caller to see to.
    package func submitOwed(_ job: @escaping @Sendable () -> Void) {
        queue.withLock { $0.jobs.append(job) }
    }

    /// Takes no more jobs, finishes those that wait and ends the thread. Called once, from another thread.
    package func stop() {
        queue.withLock { $0.isStopping = true }
        thread.join()
    }

    /// Whether `stop` has been called.
    package var isStopping: Bool { queue.withLock { $0.isStopping } }

    /// Whether the caller runs on this thread.
    package var isCurrent: Bool { thread.isCurrent }
}
