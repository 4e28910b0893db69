internal import EventLoop
internal import Serving

/// Threads that wait for a store far away, each for one file at a time: made when there is none that rests.
final class StoreThreads: ControlQueue {
    private struct State: Sendable {
        var jobs: [@Sendable () -> Void] = []
        var resting = 0
        var threads: [EventLoopThread] = []
        var isStopping = false
    }

    private let state = Monitor(State())
    private let name: String
    private let threadsMax: Int
    private let waitingMax: Int

    /// - Parameters:
    ///   - name: of each thread, for those who look at them from outside.
    ///   - threadsMax: files that are under way at once.
    ///   - waitingMax: files that wait for a thread; at the bound `submit` refuses.
    init(_ name: String, threadsMax: Int, waitingMax: Int) {
        self.name = name
        self.threadsMax = threadsMax
        self.waitingMax = waitingMax
    }

    var isStopping: Bool { state.withLock { $0.isStopping } }

    func submit(_ job: @escaping @Sendable () -> Void) -> Bool {
        let state = state
        return state.withLock { next in
            guard !next.isStopping, next.jobs.count < waitingMax else { return false }
            if next.resting <= next.jobs.count, next.threads.count < threadsMax {
                // Without another thread those that there are do it, later.
                if let thread = try? EventLoopThread(name: name, .background, body: { Self.run(state) }) {
                    next.threads.append(thread)
                } else if next.threads.isEmpty {
                    return false
                }
            }
            next.jobs.append(job)
            return true
        }
    }

    private static func run(_ state: Monitor<State>) {
        while true {
            state.withLock { $0.resting += 1 }
            let job = state.wait(for: nil) { state -> (@Sendable () -> Void)?? in
                if !state.jobs.isEmpty {
                    state.resting -= 1
                    return .some(state.jobs.removeFirst())
                }
                return state.isStopping ? .some(nil) : nil
            }
            guard let job = job.flatMap({ $0 }) else { return }
            job()
        }
    }

    /// Takes no more, and ends the threads after what is under way, which the store's end cuts short. Called once.
    func stop() {
        let threads = state.withLock { state in
            state.isStopping = true
            return state.threads
        }
        for thread in threads { thread.join() }
    }
}
