internal import Synchronization

/// Does an operation that may lack files of a store far away: another thread fetches them, other models' changes go on,
/// and it is done again while those of its own model wait for their turn.
struct FetchingOperation: Sendable {
    /// Called on the control thread, and again after what it lacks has been fetched.
    /// - Returns: what it lacks; nothing when it is done.
    typealias Job = @Sendable (_ files: ModelFiles) -> [StoredModel.Version]

    let registry: ModelRegistry
    let control: any ControlQueue
    /// Threads that may wait; nil where the store is near.
    let fetches: (any ControlQueue)?
    let turns: ModelTurns

    /// Does it in its turn. On the control thread.
    func perform(_ name: String, _ job: @escaping Job) {
        let files = registry.noFiles
        let lacking = job(files)
        guard !lacking.isEmpty else { return }
        let isHeld = turns.hold(name)
        precondition(isHeld, "in its turn nobody else holds the name")
        fetch(lacking, into: files, name, job)
    }

    /// Does what holds the name already, and frees it. On the control thread.
    func performHolding(_ name: String, with files: ModelFiles, _ job: @escaping Job) {
        let lacking = job(files)
        guard !lacking.isEmpty else { return turns.release(name) }
        fetch(lacking, into: files, name, job)
    }

    private func fetch(_ lacking: [StoredModel.Version], into files: ModelFiles, _ name: String, _ job: @escaping Job) {
        let isTaken = fetches?.submit {
            let fetched = registry.fetch(lacking, into: files)
            let end = End(registry.system.makeSignal())
            control.submitOwed {
                performHolding(name, with: fetched, job)
                end.come()
            }
            // So that no more files wait in memory than there are threads.
            end.wait()
        }
        guard isTaken != true else { return }
        let isStopping = fetches?.isStopping == true || control.isStopping
        _ = job(files.refusing(isStopping ? .stopping : .busy(retryAfterSeconds: 5)))
        turns.release(name)
    }

    private final class End: Sendable {
        private let hasCome = Atomic<Bool>(false)
        private let signal: any ChangeSignal
        /// After that the thread goes on: it is only memory that it saves.
        private static let waitMax = Duration.seconds(300)

        init(_ signal: any ChangeSignal) { self.signal = signal }

        func come() {
            hasCome.store(true, ordering: .releasing)
            signal.notify()
        }

        func wait() { _ = signal.wait(for: Self.waitMax) { hasCome.load(ordering: .acquiring) } }
    }
}
