internal import ByteCoding
internal import HTTPCore
internal import InferenceAPI
internal import InferenceEngine
internal import Serving
internal import ServingProtocols
internal import Telemetry
internal import TensorCore

/// What one compute thread keeps, and how it runs a batch: join the rows, predict, encode each request's answer.
struct ComputeWorker: ~Copyable {
    /// Models whose workspaces are kept, the ones used last.
    static let lanesMax = 4
    /// Storage of rows and outputs that a lane keeps from one batch to the next.
    private static let bytesKeptMax = 4 << 20

    /// A workspace with the storage that fits it. The model is not kept: once it is gone, so is this.
    private final class Lane {
        weak var model: ServedModel?
        let workspace: Workspace
        var batch: RowBatch?
        var output: OutputBatch?

        init(_ model: ServedModel) {
            self.model = model
            workspace = model.predictor.makeWorkspace()
        }
    }

    /// The one used last is the last.
    private var lanes: [Lane] = []
    private var decoder = NativeRequestDecoder()
    private var writer = JSONWriter(capacity: 4096)
    private let now: @Sendable () -> UInt64

    /// - Parameter now: the clock of the loops.
    init(now: @escaping @Sendable () -> UInt64) { self.now = now }

    /// Models of which a workspace is kept, for tests.
    var laneCount: Int { lanes.count }

    /// Drops the workspaces of models that are gone.
    mutating func forgetRetired() { lanes.removeAll { $0.model == nil } }

    /// Runs requests of one model in one batch and posts their answers.
    /// - Returns: the rows that were computed.
    mutating func run(_ tasks: [ComputeTask]) -> Int {
        guard let model = tasks.first?.model else { return 0 }
        forgetRetired()
        let lane = lane(of: model)
        if tasks.count == 1 { return runOne(tasks[0], lane) }
        var batch = lane.batch.take() ?? RowBatch(layout: model.layout)
        var parts: [(task: ComputeTask, request: NativeRequest, rows: Range<Int>)] = []
        parts.reserveCapacity(tasks.count)
        for task in tasks {
            guard case .rows(let rows, let request)? = task.takeWork() else {
                preconditionFailure("a body is decoded by itself, and each task runs once")
            }
            let first = batch.rowCount
            guard batch.append(0..<rows.rowCount, of: rows) else {
                fail(task, .overloaded(retryAfterSeconds: 1))
                continue
            }
            parts.append((task, request, first..<batch.rowCount))
        }
        let rowCount = batch.rowCount
        var output = lane.output.take() ?? OutputBatch(fields: model.signature.outputs)
        predict(batch, into: &output, model, lane, cell: tasks[0].origin.returns.loop)
        for part in parts { answer(part.task, part.request, part.rows, output, part.task.origin.isolation) }
        keep(&output, lane)
        batch.removeAll(bytesKeptMax: Self.bytesKeptMax)
        lane.batch = consume batch
        return rowCount
    }

    /// A request by itself runs on the rows it came with.
    private mutating func runOne(_ task: ComputeTask, _ lane: Lane) -> Int {
        switch task.takeWork() {
        case .rows(let rows, let request)?:
            return runOne(task, rows, request, task.origin.isolation, lane)
        case .body(let body, let format)?:
            var batch = lane.batch.take() ?? RowBatch(layout: task.model.layout)
            var isolation = task.origin.isolation
            let request: NativeRequest
            do throws(InferenceError) {
                request = try decoder.decode(
                    body.span, as: format, outputsPerRow: task.presentation.outputsPerRow, isolation: &isolation,
                    into: &batch)
            } catch {
                fail(task, error)
                lane.batch = consume batch
                return 0
            }
            let rowCount = runOne(task, batch, request, isolation, lane)
            batch.removeAll(bytesKeptMax: Self.bytesKeptMax)
            lane.batch = consume batch
            return rowCount
        case nil: preconditionFailure("each task runs once")
        }
    }

    private mutating func runOne(
        _ task: ComputeTask, _ rows: borrowing RowBatch, _ request: NativeRequest, _ isolation: RowIsolation?,
        _ lane: Lane
    ) -> Int {
        var output = lane.output.take() ?? OutputBatch(fields: task.model.signature.outputs)
        predict(rows, into: &output, task.model, lane, cell: task.origin.returns.loop)
        answer(task, request, 0..<rows.rowCount, output, isolation)
        keep(&output, lane)
        return rows.rowCount
    }

    private func predict(
        _ rows: borrowing RowBatch, into output: inout OutputBatch, _ model: ServedModel, _ lane: Lane, cell: Int
    ) {
        let start = now()
        model.predictor.predict(rows, into: &output, using: lane.workspace)
        let nanoseconds = now() &- start
        precondition(output.rowCount == rows.rowCount, "a predictor answers every row")
        model.recentRows.offer(rows, at: start)
        model.metrics.predictNanoseconds.record(nanoseconds, cell: cell)
        model.metrics.batchRows.record(UInt64(rows.rowCount), cell: cell)
        model.metrics.rows.add(rows.rowCount, cell: cell)
    }

    private func keep(_ output: inout OutputBatch, _ lane: Lane) {
        let width = output.fields.reduce(0) { $0 + $1.width * 8 }
        guard output.rowCount * width <= Self.bytesKeptMax else { return }
        var kept = OutputBatch(fields: [])
        swap(&kept, &output)
        lane.output = consume kept
    }

    private mutating func lane(of model: ServedModel) -> Lane {
        if let place = lanes.firstIndex(where: { $0.model === model }) {
            let lane = lanes.remove(at: place)
            lanes.append(lane)
            return lane
        }
        if lanes.count == Self.lanesMax { lanes.removeFirst() }
        let lane = Lane(model)
        lanes.append(lane)
        return lane
    }

    // MARK: Answers

    private mutating func answer(
        _ task: ComputeTask, _ request: NativeRequest, _ rows: Range<Int>, _ output: borrowing OutputBatch,
        _ isolation: RowIsolation?
    ) {
        task.model.metrics.requests.add(1, cell: task.origin.returns.loop)
        writer.reset()
        if let error = task.presentation.write(
            output, rows, request, isolation, task.model.layout, into: &writer)
        {
            return fail(task, error)
        }
        post(task.origin, .ok, task.presentation.fields(request.answer), writer.take())
    }

    private mutating func fail(_ task: ComputeTask, _ error: InferenceError) {
        task.model.metrics.errors.add(1, cell: task.origin.returns.loop)
        let document = ProblemDocument(error)
        post(
            task.origin, document.status, AnswerFields.refusal(error),
            document.bytes(signature: task.model.signature))
    }

    private func post(_ origin: ComputeOrigin, _ status: HTTPStatus, _ fields: ResponseFields, _ body: [UInt8]) {
        origin.returns.post(
            ComputeAnswer(
                exchange: origin.exchange, route: origin.route, started: origin.started, status: status,
                fields: fields, body: body))
    }
}
