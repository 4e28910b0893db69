internal import HTTPCore
internal import InferenceAPI
internal import Serving
internal import ServingProtocols
internal import Synchronization
internal import TensorCore

/// A request on its way through the compute pool: what it asks, and where its answer goes. It keeps its model.
final class ComputeTask: Sendable {
    /// What is to be computed.
    enum Work: ~Copyable, Sendable {
        /// Decoded on the loop.
        case rows(RowBatch, NativeRequest)
        /// Too long to be decoded on a loop.
        case body([UInt8], NativeFormat)
    }

    let id: UInt64
    let origin: ComputeOrigin
    let model: ServedModel
    let presentation: ModelPresentation
    /// When it was handed on.
    let arrival: UInt64
    private let work: Mutex<Work?>
    /// Of the snapshot that its model is of; has begun for this task.
    let jobs: PoolJobs

    init(
        id: UInt64, origin: ComputeOrigin, model: ServedModel, presentation: ModelPresentation, arrival: UInt64,
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
}

/// Who waits for a task: all that its answer needs and that holds nothing of the model.
struct ComputeOrigin: Sendable {
    let exchange: ExchangeID
    let route: RequestRoute
    /// When its body had come.
    let started: UInt64
    let terms: RequestTerms
    /// Rows that could not be decoded are told one by one.
    let isolation: RowIsolation?
    let returns: ComputeReturns
}
