package import InferenceAPI
internal import InferenceEngine
internal import Telemetry
package import TensorCore

/// One loop's batches: collects the rows of every request that one tick made ready and runs each model once over all
/// of its rows. No timer: a batch is what has arrived while the last one ran.
///
/// A codec borrows the model's batch by move:
///
///     var batch = try batcher.take(model)
///     let mark = batch.mark()
///     // decode; if it fails: batch.rollback(to: mark); batcher.putBack(batch, model)
///     batcher.submit(batch, model, ticket: ticket, rows: first..<batch.rowCount)
///     if batcher.isFlushDue { batcher.flush { ... } }
///
/// Not Sendable: it belongs to its loop. In the steady state nothing is allocated: batches, outputs, workspaces and
/// ticket lists are used again.
package final class TickBatcher {
    private let loop: Int
    private let limits: BatchLimits
    private let clock: MonotonicClock
    /// One property, so that a call costs one dynamic check of exclusive access and not one a field.
    private var state = BatcherState()

    package var waitingRows: Int { state.waiting.rows }
    package var waitingBytes: Int { state.waiting.bytes }
    package var waitingTickets: Int { state.waiting.tickets }

    /// - Parameters:
    ///   - loop: the index of the loop, which is the cell it counts in.
    ///   - limits: the loop's bounds.
    ///   - clock: measures the runs of predictors.
    package init(
        loop: Int, limits: BatchLimits = BatchLimits(), clock: @escaping MonotonicClock
    ) {
        self.loop = loop
        self.limits = limits
        self.clock = clock
    }

    // MARK: The tick

    /// Takes over a new snapshot and drops the workspaces of models that are not in it. To be called between ticks; a
    /// model that still has rows waiting goes with the next flush.
    package func adopt(_ pool: PredictorPool) { state.adopt(pool) }

    /// The batch in which the model's rows wait, moved out to be filled. Each take is followed by `submit` or `putBack`
    /// before anything else is asked of the same model.
    /// - Throws: `overloaded` if so much waits that a bound is reached.
    package func take(_ model: ServedModel) throws(InferenceError) -> RowBatch {
        guard let lane = state.laneToFill(model, limits) else { throw .overloaded(retryAfterSeconds: 1) }
        return lane.state.take(model.layout)
    }

    /// Gives the batch back as it was taken: what has been added since was rolled back.
    package func putBack(_ batch: consuming RowBatch, _ model: ServedModel) {
        state.lane(of: model).state.putBack(batch)
    }

    /// Hands over a decoded request, whatever its input is.
    /// - Parameter rows: for rows, those of the request, at the end of the batch.
    /// - Throws: `invalid` for tensors: every model so far takes rows.
    package func submit(
        _ input: consuming InferenceInput, _ model: ServedModel, ticket: BatchTicket, rows: Range<Int>
    ) throws(InferenceError) {
        switch consume input {
        case .rows(let batch): submit(batch, model, ticket: ticket, rows: rows)
        case .tensors:
            throw .invalid(
                InferenceProblem(pointer: "", detail: "the model takes rows", expected: "rows", found: "tensors"))
        }
    }

    /// Gives the batch back with the rows of one more request, which waits for their predictions.
    /// - Parameters:
    ///   - batch: what `take` gave, with the new rows.
    ///   - model: the model it was taken for.
    ///   - ticket: who waits.
    ///   - rows: the request's rows, at the end of the batch; may be empty.
    package func submit(
        _ batch: consuming RowBatch, _ model: ServedModel, ticket: BatchTicket, rows: Range<Int>
    ) {
        state.submit(batch, model, ticket, rows)
    }

    /// Whether so much waits that it should be answered before more is decoded.
    package var isFlushDue: Bool {
        let waiting = state.waiting
        return waiting.rows >= limits.flushRows || waiting.bytes >= limits.flushBytes
    }

    package var isEmpty: Bool { waitingTickets == 0 }

    /// Whether other models than that of the last flush have been asked lately, as of that flush.
    package var isShared: Bool { state.isShared }

    /// Nobody waits for this answer any more.
    /// - Complexity: O(tickets waiting).
    package func cancel(exchange: UInt64, stream: UInt64) {
        for lane in state.activeLanes { lane.state.cancel(exchange: exchange, stream: stream) }
    }

    /// Takes a request's rows of the output, which is lent for the call; its faults may be of other requests' rows.
    package typealias Answer = (
        _ ticket: BatchTicket, _ model: ServedModel, _ rows: Range<Int>, _ output: borrowing OutputBatch
    ) -> Void

    /// A request that waits, with its rows in the model's batch.
    package typealias Waiting = (ticket: BatchTicket, rows: Range<Int>)

    /// Takes requests of a model whose rows are too much work for a loop, in order; the batch is lent for the call.
    package typealias HandOn = (_ waiting: [Waiting], _ model: ServedModel, _ batch: borrowing RowBatch) -> Void

    /// Requests that have been handed on and are not answered yet.
    package struct Outstanding: Sendable, Hashable {
        package var own = 0
        package var others = 0

        /// - Parameters:
        ///   - own: of the model.
        ///   - others: of other models.
        package init(own: Int = 0, others: Int = 0) {
            self.own = own
            self.others = others
        }
    }

    /// Runs each model that has rows waiting once, and hands each request its rows of the output.
    ///
    /// Requests that are long, which is to take longer than being read and answered, are not run but handed on where
    /// - the model's rows are expected to take longer than the loop's budget;
    /// - some of the same model have been handed on already: those here would overtake them and keep the loop from what
    ///   it is for;
    /// - other models are asked on this loop: theirs would wait. But not behind another model's batch, which may take a
    ///   hundred times as long.
    ///
    /// Short ones stay, however many they are: to hand them on is no less work, and compute threads wait for a loop
    /// that is busy.
    /// - Parameters:
    ///   - answer: called once for each ticket that was not cancelled, in the order of submission within a model. It
    ///     must not take or submit.
    ///   - outstanding: what has been handed on, asked for a model whose requests are long.
    ///   - handOn: called at most once for each model, with its long requests; with all of them where those that stay
    ///     would be long by themselves.
    ///   - hearLast: called with requests that have been answered, of a model that takes more than its share of the
    ///     loop: who asks it is to be heard behind those who ask others.
    package func flush(
        _ answer: Answer, outstanding: (ServedModel) -> Outstanding, handOn: HandOn, hearLast: (BatchTicket) -> Void
    ) {
        guard state.beginFlush() else { return }
        let takesTurns = state.takesTurns()
        if takesTurns || state.isShared { state.share(takesTurns, at: clock(), limits) }
        // No job of the pool: a flush ends within its tick, before the loop acknowledges the next snapshot, and a count
        // that all loops write would be on the way of every tick.
        for place in 0..<state.active.count {
            run(state.lanes[state.active[place]], answer, outstanding, handOn, hearLast)
        }
        state.endFlush()
    }

    private func run(
        _ lane: Lane, _ answer: Answer, _ outstanding: (ServedModel) -> Outstanding, _ handOn: HandOn,
        _ hearLast: (BatchTicket) -> Void
    ) {
        // Everything is moved out for the run, so that an answer may cancel other requests in its course.
        guard var batch = lane.state.batch.take(), !lane.state.isTaken else {
            preconditionFailure("a batch was taken and not given back")
        }
        var tickets: [LaneState.Entry] = []
        swap(&tickets, &lane.state.tickets)
        lane.state.rowCount = 0
        lane.state.stringByteCount = 0
        let cost = lane.model.cost.nanoseconds(rows: batch.rowCount)
        if cost > limits.shortMax {
            let shortRows = shortRows(lane.model.cost, of: tickets.count)
            if tickets.contains(where: { Double($0.rows.count) > shortRows && !$0.isCancelled }),
                cost > limits.inlineBudget || isForOthers(outstanding(lane.model))
            {
                batch = handOnLong(beyond: shortRows, &tickets, batch, lane.model, handOn)
            }
        }
        guard !tickets.isEmpty else { return restore(lane, batch, &tickets) }
        var output = lane.state.output.take() ?? OutputBatch(fields: lane.model.signature.outputs)

        let model = lane.model
        var answered = 0
        if tickets.contains(where: { !$0.isCancelled }) {
            let start = clock()
            model.predictor.predict(batch, into: &output, using: lane.workspace)
            let nanoseconds = clock() &- start
            precondition(output.rowCount == batch.rowCount, "a predictor answers every row")
            // Runs that are short, as was expected, are not worth the lock. Those that only are taken for longer count:
            // else pauses of the machine would add up to a model that is long.
            if max(Double(nanoseconds), cost) > limits.observedMin || model.cost.isYoung {
                model.cost.observe(rows: batch.rowCount, nanoseconds: nanoseconds)
            }
            model.metrics.countRun(rows: batch.rowCount, nanoseconds: nanoseconds, cell: loop)
            model.recentRows.offer(batch, at: start)
            for entry in tickets where !entry.isCancelled {
                answer(entry.ticket, model, entry.rows, output)
                if lane.state.isGreedy { hearLast(entry.ticket) }
                answered += 1
            }
            lane.state.predicted &+= nanoseconds
            lane.state.answered += answered
        }
        model.metrics.requests.add(answered, cell: loop)

        let keepsOutput = batch.rowCount * lane.outputBytesPerRow <= limits.bytesKeptMax
        lane.state.output = keepsOutput ? consume output : nil
        restore(lane, batch, &tickets)
    }

    /// The rows up to which a request is short, one of so many that share a run.
    private func shortRows(_ cost: ModelCost, of requests: Int) -> Double {
        (limits.shortMax - cost.nanoseconds(rows: 0) / Double(requests)) / cost.nanosecondsPerRow
    }

    /// Hands on the requests of more rows than that.
    /// - Returns: the batch; with nothing but the rows of the requests that are left, if there are any.
    private func handOnLong(
        beyond shortRows: Double, _ tickets: inout [LaneState.Entry], _ batch: consuming RowBatch,
        _ model: ServedModel, _ handOn: HandOn
    ) -> RowBatch {
        var long: [Waiting] = []
        long.reserveCapacity(tickets.count)
        var short: [LaneState.Entry] = []
        for entry in tickets where !entry.isCancelled {
            if Double(entry.rows.count) > shortRows {
                long.append((entry.ticket, entry.rows))
            } else {
                short.append(entry)
            }
        }
        // What the rest share of a run's cost was reckoned with all of them.
        let restShortRows = self.shortRows(model.cost, of: max(1, short.count))
        if short.contains(where: { Double($0.rows.count) > restShortRows }) {
            handOn(tickets.filter { !$0.isCancelled }.map { ($0.ticket, $0.rows) }, model, batch)
            tickets.removeAll(keepingCapacity: true)
            return batch
        }
        handOn(long, model, batch)
        tickets.removeAll(keepingCapacity: true)
        guard !short.isEmpty else { return batch }
        var left = RowBatch(layout: model.layout, rowCapacity: short.reduce(0) { $0 + $1.rows.count })
        for entry in short {
            let first = left.rowCount
            let fits = left.append(entry.rows, of: batch)
            precondition(fits, "a part of a batch is no larger than the batch")
            tickets.append(LaneState.Entry(ticket: entry.ticket, rows: first..<left.rowCount))
        }
        // Back into the storage that the tick's batches have grown.
        var batch = batch
        batch.removeAll(bytesKeptMax: limits.bytesKeptMax)
        let fits = batch.append(0..<left.rowCount, of: left)
        precondition(fits, "a part of a batch is no larger than the batch")
        return batch
    }

    /// Whether long requests are handed on, though the loop's budget would do.
    private func isForOthers(_ outstanding: Outstanding) -> Bool {
        outstanding.own > 0 || (outstanding.others == 0 && state.isShared)
    }

    /// Puts the storage of a batch that is done back, to be used again.
    private func restore(_ lane: Lane, _ batch: consuming RowBatch, _ tickets: inout [LaneState.Entry]) {
        var batch = batch
        batch.removeAll(bytesKeptMax: limits.bytesKeptMax)
        lane.state.batch = consume batch
        tickets.removeAll(keepingCapacity: true)
        swap(&tickets, &lane.state.tickets)
    }

    /// How many models have a workspace here, for tests.
    var laneCount: Int { state.lanes.count }
}

/// What changes of a batcher.
private struct BatcherState {
    var pool = PredictorPool.empty
    var lanes: [Lane] = []
    var laneIndex: [ObjectIdentifier: Int] = [:]
    /// Lanes with rows or tickets, in the order in which they got their first.
    var active: [Int] = []
    /// The lane of the last request: mostly the next one's, too.
    var lastLane = 0
    var waiting = (rows: 0, bytes: 0, tickets: 0)
    var isFlushing = false
    /// The model of the last flush, of several the last one; its versions are one model.
    var lastFlushed: (version: ObjectIdentifier, name: String)?
    /// More than one model is asked.
    var isShared = false
    private var sharedUntil: UInt64 = 0
    /// When lanes were last told whether they take too much.
    private var judged: UInt64 = 0

    var activeLanes: [Lane] { active.map { lanes[$0] } }

    mutating func adopt(_ pool: PredictorPool) {
        self.pool = pool
        for lane in lanes { lane.state.isRetired = !pool.contains(lane.model) }
        dropRetiredLanes()
    }

    /// nil where so much waits that a bound is reached.
    mutating func laneToFill(_ model: ServedModel, _ limits: BatchLimits) -> Lane? {
        precondition(!isFlushing, "answers are written from a flush, requests are decoded outside")
        guard waiting.rows < limits.waitingRowsMax, waiting.bytes < limits.waitingBytesMax,
            waiting.tickets < limits.ticketsMax
        else { return nil }
        return lane(of: model)
    }

    mutating func lane(of model: ServedModel) -> Lane { lanes[laneIndex(of: model)] }

    mutating func submit(
        _ batch: consuming RowBatch, _ model: ServedModel, _ ticket: BatchTicket, _ rows: Range<Int>
    ) {
        let index = laneIndex(of: model)
        let lane = lanes[index]
        let (isFirst, stringBytes) = lane.state.submit(batch, ticket, rows)
        if isFirst { active.append(index) }
        waiting.rows += rows.count
        waiting.bytes += rows.count * lane.bytesPerRow + stringBytes
        waiting.tickets += 1
    }

    /// Whether there is anything to run.
    mutating func beginFlush() -> Bool {
        guard !active.isEmpty else { return false }
        precondition(!isFlushing, "a flush within a flush")
        isFlushing = true
        return true
    }

    /// Whether this flush is of several models, or of another one than the last flush. Asked once a flush.
    mutating func takesTurns() -> Bool {
        guard let last = active.last.map({ lanes[$0].model }) else { return false }
        let isSame = active.count == 1 && ObjectIdentifier(last) == lastFlushed?.version
        guard !isSame else { return false }
        let before = lastFlushed?.name ?? last.name
        lastFlushed = (ObjectIdentifier(last), last.name)
        return before != last.name || active.contains { lanes[$0].model.name != last.name }
    }

    /// Tells lanes whether they take more than their share, as long as the loop is shared.
    /// - Parameters:
    ///   - takesTurns: what `takesTurns` has found.
    mutating func share(_ takesTurns: Bool, at now: UInt64, _ limits: BatchLimits) {
        let wasShared = isShared
        if takesTurns { sharedUntil = now &+ limits.sharedSpan }
        isShared = now < sharedUntil
        let elapsed = now &- judged
        guard !isShared || !wasShared || elapsed >= limits.sharedSpan else { return }
        judged = now
        let parts = lanes.map {
            LoopShares.Part(model: $0.model.name, predicted: $0.state.predicted, requests: $0.state.answered)
        }
        let greedy =
            isShared && wasShared ? LoopShares.greedy(parts, in: elapsed, requestMax: limits.longRequest) : []
        for lane in lanes { lane.state.beginShare(isGreedy: greedy.contains(lane.model.name)) }
    }

    mutating func endFlush() {
        isFlushing = false
        active.removeAll(keepingCapacity: true)
        waiting = (0, 0, 0)
        dropRetiredLanes()
    }

    private mutating func laneIndex(of model: ServedModel) -> Int {
        if lastLane < lanes.count, lanes[lastLane].model === model { return lastLane }
        let key = ObjectIdentifier(model)
        if let known = laneIndex[key] {
            lastLane = known
            return known
        }
        let lane = Lane(model: model)
        // A request that chose its model before the last swap: it is answered by what it chose, and the lane goes
        // after it.
        lane.state.isRetired = !pool.contains(model)
        lanes.append(lane)
        laneIndex[key] = lanes.count - 1
        lastLane = lanes.count - 1
        return lastLane
    }

    /// Drops the lanes of models that are gone, except those with requests waiting.
    private mutating func dropRetiredLanes() {
        guard lanes.contains(where: { $0.state.isDroppable }) else { return }
        let waiting = active.map { lanes[$0] }
        lanes.removeAll { $0.state.isDroppable }
        laneIndex.removeAll(keepingCapacity: true)
        for (index, lane) in lanes.enumerated() { laneIndex[ObjectIdentifier(lane.model)] = index }
        active.removeAll(keepingCapacity: true)
        for lane in waiting {
            if let index = laneIndex[ObjectIdentifier(lane.model)] { active.append(index) }
        }
        lastLane = 0
    }
}

/// What a loop keeps for one model.
private final class Lane {
    let model: ServedModel
    let workspace: Workspace
    /// Of a decoded row, without the bytes of its strings.
    let bytesPerRow: Int
    let outputBytesPerRow: Int
    /// One property, so that a call costs one dynamic check of exclusive access and not one a field.
    var state = LaneState()

    init(model: ServedModel) {
        self.model = model
        workspace = model.predictor.makeWorkspace()
        bytesPerRow = (model.layout.width + model.layout.missingWordsPerRow) * 8
        outputBytesPerRow = model.signature.outputs.reduce(0) { $0 + $1.width * 8 }
    }
}

/// What changes of a lane.
private struct LaneState: ~Copyable {
    struct Entry {
        let ticket: BatchTicket
        let rows: Range<Int>
        var isCancelled = false
    }

    /// nil before the first take, and while it is taken.
    var batch: RowBatch?
    var output: OutputBatch?
    var tickets: [Entry] = []
    /// Rows submitted, and the bytes of their strings.
    var rowCount = 0
    var stringByteCount = 0
    var isTaken = false
    /// The pool does not have the model any more.
    var isRetired = false
    /// Nanoseconds of predictions since shares were last counted, and requests answered.
    var predicted: UInt64 = 0
    var answered = 0
    /// The model took more than its share.
    private(set) var isGreedy = false

    var isDroppable: Bool { isRetired && tickets.isEmpty && !isTaken }

    mutating func take(_ layout: RowLayout) -> RowBatch {
        precondition(!isTaken, "the batch has been taken already")
        isTaken = true
        return batch.take() ?? RowBatch(layout: layout)
    }

    mutating func putBack(_ batch: consuming RowBatch) {
        precondition(isTaken, "the batch has not been taken")
        precondition(batch.rowCount == rowCount, "rows of a bad request stayed in the batch")
        isTaken = false
        self.batch = consume batch
    }

    /// Returns whether it is the first request of a batch, and the bytes of its strings.
    mutating func submit(
        _ batch: consuming RowBatch, _ ticket: BatchTicket, _ rows: Range<Int>
    ) -> (isFirst: Bool, stringBytes: Int) {
        precondition(isTaken, "the batch has not been taken")
        precondition(
            rows.lowerBound == rowCount && rows.upperBound == batch.rowCount,
            "a request's rows are those added since the batch was taken")
        isTaken = false
        let stringBytes = batch.stringByteCount - stringByteCount
        rowCount = batch.rowCount
        stringByteCount = batch.stringByteCount
        self.batch = consume batch
        tickets.append(Entry(ticket: ticket, rows: rows))
        return (tickets.count == 1, stringBytes)
    }

    mutating func beginShare(isGreedy: Bool) {
        self.isGreedy = isGreedy
        predicted = 0
        answered = 0
    }

    mutating func cancel(exchange: UInt64, stream: UInt64) {
        for index in tickets.indices
        where tickets[index].ticket.exchange == exchange && tickets[index].ticket.stream == stream {
            tickets[index].isCancelled = true
        }
    }
}
