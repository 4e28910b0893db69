internal import EventLoop
internal import Serving

/// Two threads of one worker, of different priorities, of which one works while the other waits: a thread that has
/// yielded its priority may not take it back.
final class ComputeShift: Sendable {
    private struct State: Sendable {
        var priority: ComputePriority
        var isOn = false
        var isOver = false
    }

    private let state: Monitor<State>

    init(_ priority: ComputePriority) { state = Monitor(State(priority: priority)) }

    /// Waits until it is this thread's turn; nil when there is no more to do.
    func begin(_ level: ComputePriority.Level) -> ComputePriority? {
        let begun = state.wait(for: nil) { state -> ComputePriority?? in
            if state.isOver { return .some(nil) }
            guard !state.isOn, state.priority.level == level else { return nil }
            state.isOn = true
            return state.priority
        }
        return begun ?? nil
    }

    /// Ends the turn. - Parameter priority: nil ends the worker.
    func end(goesOn priority: ComputePriority?) {
        state.withLock { state in
            state.isOn = false
            if let priority { state.priority = priority } else { state.isOver = true }
        }
    }
}
