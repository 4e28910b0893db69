internal import HTTPCore
internal import InferenceAPI
internal import Serving
internal import ServingProtocols
internal import TensorCore

/// One loop's end of the compute pool: what it has handed on and waits for, and what requests asked for besides their
/// rows. For requests that ask for nothing and run on the loop, nothing is kept here.
struct LoopCompute {
    /// What a request asked for, until its answer.
    struct Note {
        let terms: RequestTerms
        let isolation: RowIsolation?
    }

    private struct Waiting {
        let task: UInt64
        let deadline: RequestDeadline
        let caller: ComputeTask.Caller
    }

    let pool: ComputePool
    let returns: ComputeReturns
    /// Of this flush, to be handed on together.
    var handed: [ComputePool.Handed] = []
    private var notes: [ExchangeID: Note] = [:]
    private var waiting: [ExchangeID: Waiting] = [:]

    init(_ pool: ComputePool, loop: Int, wake: @escaping @Sendable () -> Void) {
        self.pool = pool
        returns = ComputeReturns(loop: loop, wake: wake)
    }

    /// Requests that compute threads have.
    var waitingCount: Int { waiting.count }

    /// - Throws: `late` for a request whose time was over before its body had come.
    @inline(__always)
    func checkTime(_ terms: RequestTerms, now: UInt64) throws(InferenceError) {
        if terms.deadline.hasPassed(at: now) { throw .late(.expired) }
    }

    /// Remembers what a request asked for, if it is anything.
    @inline(__always)
    mutating func note(_ exchange: ExchangeID, _ terms: RequestTerms, _ isolation: RowIsolation?) {
        guard isolation != nil || terms != .standard else { return }
        notes[exchange] = Note(terms: terms, isolation: isolation)
    }

    @inline(__always)
    mutating func takeNote(_ exchange: ExchangeID) -> Note? {
        notes.isEmpty ? nil : notes.removeValue(forKey: exchange)
    }

    /// A task has been taken by the pool.
    mutating func wait(for task: ComputeTask) {
        for caller in task.callers {
            waiting[caller.exchange] = Waiting(task: task.id, deadline: task.origin.terms.deadline, caller: caller)
        }
    }

    func waits(_ exchange: ExchangeID) -> Bool { waiting[exchange] != nil }

    /// What becomes of a request whose time is said to be over.
    enum Expiry {
        /// It is taken out.
        case taken(ComputeTask.Caller)
        /// Not before so many nanoseconds: a timer counts from its tick's beginning, or was another one's.
        case early(UInt64)
        /// It runs already.
        case running(ComputeTask.Caller)
        /// It has no deadline, or does not wait here.
        case none
    }

    /// Takes a request out that waits and whose deadline has passed. One that runs already is left to its end, but for
    /// a call: its client has been promised that it ends.
    mutating func takeExpired(_ exchange: ExchangeID, now: UInt64) -> Expiry {
        guard let entry = waiting[exchange], entry.deadline != .never else { return .none }
        guard entry.deadline.hasPassed(at: now) else { return .early(entry.deadline.nanoseconds - now) }
        guard pool.cancel(entry.task, exchange, .expired) else { return .running(entry.caller) }
        waiting[exchange] = nil
        return .taken(entry.caller)
    }

    /// Whether somebody still waits for an answer that has come.
    mutating func takeWaiting(_ exchange: ExchangeID) -> Bool { waiting.removeValue(forKey: exchange) != nil }

    mutating func cancel(_ exchange: ExchangeID) {
        if !notes.isEmpty { notes[exchange] = nil }
        guard !waiting.isEmpty, let entry = waiting.removeValue(forKey: exchange) else { return }
        pool.cancel(entry.task, exchange, .abandoned)
    }

    mutating func cancelAll() {
        for (exchange, entry) in waiting { pool.cancel(entry.task, exchange, .abandoned) }
        waiting = [:]
        notes = [:]
    }
}
