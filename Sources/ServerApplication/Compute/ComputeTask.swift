internal import HTTPCore
internal import InferenceAPI
internal import Serving
internal import ServingProtocols
internal import Synchronization
internal import TensorCore

/// Requests on their way through the compute pool: what they ask, and where their answers go. It keeps their model.
///
/// All requests of one model that one tick brought travel together, so that what the way costs is paid once and not by
/// each of them. One that has terms of its own travels by itself.
final class ComputeTask: Sendable {
    /// Who waits for one answer: all that it needs and that holds nothing of the model.
    struct Caller: Sendable, Hashable {
        let exchange: ExchangeID
        let route: RequestRoute
        /// When its body had come.
        let started: UInt64
    }

    /// One of the requests.
    struct Part: Sendable {
        let caller: Caller
        let request: PredictionRequest
        /// Its rows in the task's batch.
        let rows: Range<Int>
    }

    /// What is to be computed.
    enum Work: ~Copyable, Sendable {
        /// Decoded on the loop; the parts in the order of their rows.
        case rows(RowBatch, [Part])
        /// Too long to be decoded on a loop.
        case body([UInt8], RequestFormat, Caller)
    }

    /// What all of its requests have in common.
    struct Origin: Sendable {
        let terms: RequestTerms
        /// Rows that could not be decoded are told one by one; of one request alone.
        let isolation: RowIsolation?
        let returns: ComputeReturns
    }

    let id: UInt64
    let origin: Origin
    let model: ServedModel
    let presentation: ModelPresentation
    /// When it was handed on.
    let arrival: UInt64
    private let work: Mutex<Work?>
    /// Of the snapshot that its model is of; has begun for this task.
    let jobs: PoolJobs

    init(
        id: UInt64, origin: Origin, model: ServedModel, presentation: ModelPresentation, arrival: UInt64,
        work: consuming sending Work, jobs: PoolJobs
    ) {
        self.id = id
        self.origin = origin
        self.model = model
        self.presentation = presentation
        self.arrival = arrival
        self.work = Mutex(consume work)
        self.jobs = jobs
    }

    /// Takes the work out; only once.
    func takeWork() -> Work? { work.withLock { $0.take() } }

    /// What is left when a request has been taken out.
    enum Withdrawal: Hashable {
        /// Others; so many rows less.
        case others(rowsLess: Int)
        /// Nobody: it was the only one, and stays where it is.
        case nobody
        /// It was not here.
        case unchanged
    }

    /// Takes a request out, so that it is not computed.
    func withdraw(_ exchange: ExchangeID) -> Withdrawal {
        let taken = withdraw { parts in parts.firstIndex { $0.caller.exchange == exchange } }
        if let taken { return .others(rowsLess: taken.rows.count) }
        return callers.contains { $0.exchange == exchange } ? .nobody : .unchanged
    }

    /// Takes the last of several requests out.
    func withdrawLast() -> Part? { withdraw { parts in parts.indices.last } }

    private func withdraw(_ place: ([Part]) -> Int?) -> Part? {
        work.withLock { work in
            switch work.take() {
            case .rows(let batch, var parts)?:
                let taken = parts.count > 1 ? place(parts).map { parts.remove(at: $0) } : nil
                work = .rows(batch, parts)
                return taken
            case .body(let bytes, let format, let caller)?:
                work = .body(bytes, format, caller)
                return nil
            case nil: return nil
            }
        }
    }

    /// Who waits for it.
    var callers: [Caller] {
        work.withLock { work in
            switch work {
            case .rows(_, let parts)?: parts.map(\.caller)
            case .body(_, _, let caller)?: [caller]
            case nil: []
            }
        }
    }
}
