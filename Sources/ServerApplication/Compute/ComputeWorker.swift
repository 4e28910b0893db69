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

    /// A request whose rows are in the batch that is to run.
    private struct Asked {
        let task: ComputeTask
        let caller: ComputeTask.Caller
        let request: PredictionRequest
        let isolation: RowIsolation?
        let rows: Range<Int>
    }

    /// The one used last is the last.
    private var lanes: [Lane] = []
    private var decoder = PredictionDecoder()
    private var writer = JSONWriter(capacity: 4096)
    private var tensors = OpenInferenceWriter()
    /// Bytes of bodies and answers that came and went since the worker last tidied up.
    private var usedBytes = 0
    private let clocks: ComputeClocks

    init(_ clocks: ComputeClocks) { self.clocks = clocks }

    /// Whether so much memory has been used that it is worth to give it back when there is time.
    var isUntidy: Bool { usedBytes >= Host.tidyBytesMin }

    /// Gives back what large requests have left behind.
    mutating func tidy() {
        usedBytes = 0
        Host.releaseFreeMemory()
    }

    /// Models of which a workspace is kept, for tests.
    var laneCount: Int { lanes.count }

    /// Drops the workspaces of models that are gone.
    mutating func forgetRetired() { lanes.removeAll { $0.model == nil } }

    /// Drops all workspaces, of a thread that another one relieves.
    mutating func forgetAll() { lanes = [] }

    /// Runs tasks of one model and posts their answers.
    /// - Parameters:
    ///   - tasks: of the same model; a body that is still to be decoded is the only one.
    ///   - joined: whether all of their requests are one run; otherwise each is one.
    /// - Returns: the runs.
    mutating func run(_ tasks: [ComputeTask], joined: Bool) -> [ComputeScheduler.Run] {
        guard let model = tasks.first?.model else { return [] }
        forgetRetired()
        let lane = lane(of: model)
        var batch = lane.batch.take() ?? RowBatch(layout: model.layout)
        var asked: [Asked] = []
        var runs: [ComputeScheduler.Run] = []
        for task in tasks {
            switch task.takeWork() {
            case .rows(let rows, let parts)?:
                for part in parts {
                    let first = batch.rowCount
                    guard batch.append(part.rows, of: rows) else {
                        fail(task, part.caller, .overloaded(retryAfterSeconds: 1))
                        continue
                    }
                    asked.append(
                        Asked(
                            task: task, caller: part.caller, request: part.request, isolation: task.origin.isolation,
                            rows: first..<batch.rowCount))
                    if !joined { runs.append(run(&batch, &asked, lane)) }
                }
            case .body(let body, let format, let caller)?:
                let start = times
                usedBytes += body.count
                do throws(InferenceError) {
                    var isolation = task.origin.isolation
                    let request = try decoder.decode(
                        body.span, as: format, task.presentation, isolation: &isolation, into: &batch)
                    asked.append(
                        Asked(
                            task: task, caller: caller, request: request, isolation: isolation,
                            rows: 0..<batch.rowCount))
                    runs.append(run(&batch, &asked, lane, since: start))
                } catch {
                    fail(task, caller, error)
                    runs.append(ended(since: start, requests: 1, rows: 0))
                }
            case nil: preconditionFailure("each task runs once")
            }
        }
        if !asked.isEmpty { runs.append(run(&batch, &asked, lane)) }
        lane.batch = consume batch
        return runs
    }

    /// Runs what is in the batch, posts the answers, and empties both.
    private mutating func run(
        _ batch: inout RowBatch, _ asked: inout [Asked], _ lane: Lane, since start: (work: UInt64, now: UInt64)? = nil
    ) -> ComputeScheduler.Run {
        let start = start ?? times
        let model = asked[0].task.model
        var output = lane.output.take() ?? OutputBatch(fields: model.signature.outputs)
        predict(batch, into: &output, model, lane, cell: asked[0].task.origin.returns.loop)
        var answers = ComputeAnswers()
        for (place, one) in asked.enumerated() {
            answer(one, output, into: &answers)
            let returns = one.task.origin.returns
            guard
                answers.all.count >= returns.countMax || place + 1 == asked.count
                    || asked[place + 1].task.origin.returns !== returns
            else { continue }
            usedBytes += answers.bodies.count
            returns.post(answers)
            answers = ComputeAnswers()
        }
        keep(&output, lane)
        let run = ended(since: start, requests: asked.count, rows: batch.rowCount)
        batch.removeAll(bytesKeptMax: Self.bytesKeptMax)
        asked.removeAll(keepingCapacity: true)
        return run
    }

    private var times: (work: UInt64, now: UInt64) { (clocks.work(), clocks.now()) }

    private func ended(since start: (work: UInt64, now: UInt64), requests: Int, rows: Int) -> ComputeScheduler.Run {
        ComputeScheduler.Run(
            requests: requests, rows: rows, work: clocks.work() &- start.work, elapsed: clocks.now() &- start.now)
    }

    private func predict(
        _ rows: borrowing RowBatch, into output: inout OutputBatch, _ model: ServedModel, _ lane: Lane, cell: Int
    ) {
        let start = clocks.now()
        model.predictor.predict(rows, into: &output, using: lane.workspace)
        let nanoseconds = clocks.now() &- start
        precondition(output.rowCount == rows.rowCount, "a predictor answers every row")
        model.recentRows.offer(rows, at: start)
        model.metrics.countRun(rows: rows.rowCount, nanoseconds: nanoseconds, cell: cell)
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

    private mutating func answer(_ asked: Asked, _ output: borrowing OutputBatch, into answers: inout ComputeAnswers) {
        let task = asked.task
        task.model.metrics.requests.add(1, cell: task.origin.returns.loop)
        switch asked.request {
        case .native(let request):
            writer.reset()
            if let error = task.presentation.write(
                output, asked.rows, request, asked.isolation, task.model.layout, into: &writer)
            {
                return answers.refuse(asked.caller, of: task, error)
            }
            answers.append(asked.caller, .ok, task.presentation.fields(request.answer), writer.bytes)
        case .openInference(let request):
            let presentation = task.presentation.openInference
            do throws(InferenceError) {
                let headerBytes = try tensors.write(
                    output, asked.rows, request, of: presentation.model, task.model.layout)
                let code: GRPCStatusCode? = asked.caller.route.wire == .call ? .ok : nil
                answers.append(
                    asked.caller, .ok, presentation.fields(headerBytes: headerBytes), tensors.bytes, code)
            } catch {
                answers.refuse(asked.caller, of: task, error)
            }
        }
    }

    private func fail(_ task: ComputeTask, _ caller: ComputeTask.Caller, _ error: InferenceError) {
        var answers = ComputeAnswers()
        answers.refuse(caller, of: task, error)
        task.origin.returns.post(answers)
    }
}
