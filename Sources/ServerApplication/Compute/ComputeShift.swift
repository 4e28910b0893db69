internal import EventLoop
internal import Serving

/// Two threads of one worker, of different priorities, of which one works while the other waits: a thread that has
/// given up its priority may not take it back.
final class ComputeShift<Errand: Sendable>: Sendable {
    private struct State: Sendable {
        var priority: ComputePriority
        /// Whose turn it is.
        var turn: ComputePriority.Level
        var isOver = false
        /// What the firm thread is to do in the other one's turn.
        var errand: Errand?
        var isErrandDone = true
    }

    enum Turn: Sendable {
        case work(ComputePriority)
        case errand(Errand)
        case over
    }

    private let state: Monitor<State>

    init(_ priority: ComputePriority) {
        state = Monitor(State(priority: priority, turn: priority.level))
    }

    /// Waits until there is something to do for this thread; nil if `timeout` passes before.
    func begin(_ level: ComputePriority.Level, for timeout: Duration?) -> Turn? {
        state.wait(for: timeout) { state in
            if state.isOver { return .over }
            if level == .firm, let errand = state.errand.take() { return .errand(errand) }
            return state.turn == level ? .work(state.priority) : nil
        }
    }

    /// Ends a turn; the next one is the other thread's.
    /// - Parameter priority: what it has come to in this turn; nil ends the worker.
    func end(goesOn priority: ComputePriority?) {
        state.withLock { state in
            state.turn = state.turn == .firm ? .yielding : .firm
            if let priority { state.priority = priority } else { state.isOver = true }
        }
    }

    /// Has the firm thread do something in the turn of the one that yields, and waits for it. - Parameter errand: is
    /// taken: the caller holds nothing of it while it waits.
    func send(_ errand: inout Errand?) {
        state.withLock { state in
            state.errand = errand.take()
            state.isErrandDone = false
        }
        _ = state.wait(for: nil) { $0.isErrandDone ? true : nil }
    }

    func endErrand() { state.withLock { $0.isErrandDone = true } }
}
