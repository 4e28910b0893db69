internal import EventLoop
internal import Serving

/// Threads on which uploads go to a store far away, one for each at a time: made when there is none that rests, and at
/// most as many as there are uploads at once.
final class TransferThreads: ControlQueue {
    private struct State: Sendable {
        var jobs: [@Sendable () -> Void] = []
        var resting = 0
        var threads: [EventLoopThread] = []
        var isStopping = false
    }

    private let state = Monitor(State())

    /// More are never under way: so many uploads are received at once.
    static let threadsMax = 8

    var isStopping: Bool { state.withLock { $0.isStopping } }

    func submit(_ job: @escaping @Sendable () -> Void) -> Bool {
        let state = state
        return state.withLock { next in
            guard !next.isStopping, next.jobs.count < Self.threadsMax else { return false }
            if next.resting <= next.jobs.count, next.threads.count < Self.threadsMax {
                // Without another thread those that there are do it, later.
                if let thread = try? EventLoopThread(name: "transfer", .background, body: { Self.run(state) }) {
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
