internal import EventLoop
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
        let model: ObjectIdentifier
        let deadline: RequestDeadline
        let caller: ComputeTask.Caller
    }

    private static let largeBytesMin = 128 << 10

    let pool: ComputePool
    let returns: ComputeReturns
    /// Of this flush, to be handed on together.
    var handed: [ComputePool.Handed] = []
    /// Bytes handed on since the loop last asked for a time to tidy up.
    private var copiedBytes = 0
    private var notes: [ExchangeID: Note] = [:]
    private var waiting: [ExchangeID: Waiting] = [:]
    /// Of those that wait, how many ask each model.
    private var waitingOfModel: [ObjectIdentifier: Int] = [:]
    private var rest = LoopRest()

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

    /// Requests that compute threads have, the model's and others'.
    func outstanding(_ model: ServedModel) -> TickBatcher.Outstanding {
        let own = waitingOfModel[ObjectIdentifier(model)] ?? 0
        return TickBatcher.Outstanding(own: own, others: waiting.count - own)
    }

    /// A task is handed to the pool.
    mutating func wait(for task: ComputeTask) {
        let model = ObjectIdentifier(task.model)
        for caller in task.callers {
            waiting[caller.exchange] = Waiting(
                task: task.id, model: model, deadline: task.origin.terms.deadline, caller: caller)
            waitingOfModel[model, default: 0] += 1
        }
    }

    /// So many bytes are handed on. - Returns: whether it is worth to tidy up after them.
    mutating func copies(_ bytes: Int) -> Bool {
        // Small ones are in the same places again and again.
        if bytes >= Self.largeBytesMin { copiedBytes += bytes }
        guard copiedBytes >= Host.tidyBytesMin else { return false }
        copiedBytes = 0
        return true
    }

    /// Leaves the compute threads some of the core, where they have something of this loop.
    mutating func endOfTurn(_ clock: any LoopClock) {
        guard !waiting.isEmpty else { return rest.forget() }
        pool.rest(&rest, at: clock.now().elapsedNanoseconds)
    }

    func waits(_ exchange: ExchangeID) -> Bool { waiting[exchange] != nil }

    private mutating func forget(_ exchange: ExchangeID) -> Waiting? {
        guard let entry = waiting.removeValue(forKey: exchange) else { return nil }
        let left = (waitingOfModel[entry.model] ?? 0) - 1
        waitingOfModel[entry.model] = left > 0 ? left : nil
        return entry
    }

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
        _ = forget(exchange)
        return .taken(entry.caller)
    }

    /// Whether somebody still waits for an answer that has come.
    mutating func takeWaiting(_ exchange: ExchangeID) -> Bool { forget(exchange) != nil }

    mutating func cancel(_ exchange: ExchangeID) {
        if !notes.isEmpty { notes[exchange] = nil }
        guard !waiting.isEmpty, let entry = forget(exchange) else { return }
        pool.cancel(entry.task, exchange, .abandoned)
    }

    mutating func cancelAll() {
        for (exchange, entry) in waiting { pool.cancel(entry.task, exchange, .abandoned) }
        waiting = [:]
        waitingOfModel = [:]
        notes = [:]
    }
}
