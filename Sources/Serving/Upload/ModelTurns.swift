internal import Synchronization

/// Changes of one model take effect in the order in which they came, while those of other models go on: while a model's
/// file is on its way to a store far away, what comes for the same name waits here.
///
/// Everything but `count` belongs to the control thread.
final class ModelTurns: Sendable {
    package typealias Job = @Sendable () -> Void

    private struct Line: Sendable {
        var isHeld = true
        var waiting: [(owner: ObjectIdentifier?, job: Job)] = []
    }

    /// Jobs that may wait in all.
    static let waitingMax = 256

    private let lines = Mutex<[String: Line]>([:])

    /// Jobs that wait. From any thread.
    var count: Int { lines.withLock { $0.values.reduce(0) { $0 + $1.waiting.count } } }

    /// Does a job now, or when the name is free again.
    /// - Parameter owner: who may forget it while it waits.
    func perform(_ name: String, for owner: AnyObject? = nil, _ job: @escaping Job) {
        let owner = owner.map { ObjectIdentifier($0) }
        let waits = lines.withLock { lines in
            guard lines[name] != nil else { return false }
            lines[name]?.waiting.append((owner, job))
            return true
        }
        if !waits { job() }
    }

    /// Takes out what waits of an owner, if it does.
    func forget(_ owner: AnyObject, of name: String) {
        let owner = ObjectIdentifier(owner)
        lines.withLock { $0[name]?.waiting.removeAll { $0.owner == owner } }
    }

    /// Keeps the name until `release`.
    /// - Returns: false if somebody else keeps it.
    func hold(_ name: String) -> Bool {
        lines.withLock { lines in
            guard lines[name]?.isHeld != true else { return false }
            lines[name, default: Line()].isHeld = true
            return true
        }
    }

    /// Does what has waited, in order, until one of them keeps the name again.
    func release(_ name: String) {
        lines.withLock { $0[name]?.isHeld = false }
        while let job = next(name) { job() }
    }

    private func next(_ name: String) -> Job? {
        lines.withLock { lines in
            guard let line = lines[name], !line.isHeld else { return nil }
            guard !line.waiting.isEmpty else {
                lines[name] = nil
                return nil
            }
            return lines[name]?.waiting.removeFirst().job
        }
    }
}
