import InferenceAPI
import SeededRandom
import Synchronization
import Telemetry
import TensorCore
import Testing

@testable import Serving

struct TickBatcherTests {
    /// Decodes rows with these values and submits them.
    private func send(
        _ values: [Double], to model: ServedModel, as exchange: UInt64, in batcher: TickBatcher
    ) throws(InferenceError) {
        var batch = try batcher.take(model)
        let first = batch.rowCount
        for value in values {
            let row = batch.appendRow()
            batch.setDouble(value, row: row, column: 0)
        }
        let end = batch.rowCount
        batcher.submit(batch, model, ticket: BatchTicket(exchange: exchange, context: exchange + 1), rows: first..<end)
    }

    private struct Answer: Equatable {
        let exchange: UInt64
        let name: String
        let values: [Double]
    }

    private func flush(_ batcher: TickBatcher) -> [Answer] {
        var answers: [Answer] = []
        batcher.flush { ticket, model, rows, output in
            #expect(ticket.context == ticket.exchange + 1)
            answers.append(
                Answer(
                    exchange: ticket.exchange, name: model.name,
                    values: rows.map { output.values[0].float64[$0] }))
        }
        return answers
    }

    @Test func runsAModelOnceOverTheRowsOfAllRequests() throws {
        let predictor = FakePredictor(offset: 1)
        let model = makeModel("a", predictor: predictor)
        let batcher = TickBatcher(loop: 0)
        batcher.adopt(makePool([model]))
        try send([1, 2], to: model, as: 10, in: batcher)
        try send([], to: model, as: 11, in: batcher)
        try send([3], to: model, as: 12, in: batcher)
        #expect(batcher.waitingRows == 3 && batcher.waitingTickets == 3)
        let answers = flush(batcher)
        #expect(
            answers == [
                Answer(exchange: 10, name: "a", values: [3, 5]), Answer(exchange: 11, name: "a", values: []),
                Answer(exchange: 12, name: "a", values: [7]),
            ])
        #expect(predictor.runs.load(ordering: .relaxed) == 1)
        #expect(batcher.isEmpty && batcher.waitingRows == 0 && batcher.waitingBytes == 0)
        #expect(flush(batcher).isEmpty)
        #expect(model.metrics.requests.total == 3 && model.metrics.rows.total == 3)
        #expect(model.metrics.batchRows.snapshot().sum == 3)
    }

    @Test func leavesNothingOfABadRequest() throws {
        let model = makeModel("a")
        let batcher = TickBatcher(loop: 0)
        batcher.adopt(makePool([model]))
        try send([1], to: model, as: 1, in: batcher)
        var batch = try batcher.take(model)
        let mark = batch.mark()
        batch.appendRow()
        batch.rollback(to: mark)
        batcher.putBack(batch, model)
        try send([2], to: model, as: 3, in: batcher)
        #expect(flush(batcher).map(\.values) == [[2], [4]])
    }

    @Test func aBadRequestAloneLeavesNothingToFlush() throws {
        let predictor = FakePredictor(offset: 0)
        let model = makeModel("a", predictor: predictor)
        let batcher = TickBatcher(loop: 0)
        batcher.adopt(makePool([model]))
        let batch = try batcher.take(model)
        batcher.putBack(batch, model)
        #expect(batcher.isEmpty && flush(batcher).isEmpty)
        #expect(predictor.runs.load(ordering: .relaxed) == 0)
    }

    @Test func skipsCancelledRequests() throws {
        let predictor = FakePredictor(offset: 0)
        let model = makeModel("a", predictor: predictor)
        let batcher = TickBatcher(loop: 0)
        batcher.adopt(makePool([model]))
        try send([1], to: model, as: 1, in: batcher)
        try send([2], to: model, as: 2, in: batcher)
        batcher.cancel(exchange: 1, stream: 0)
        batcher.cancel(exchange: 2, stream: 9)
        batcher.cancel(exchange: 7, stream: 0)
        #expect(flush(batcher) == [Answer(exchange: 2, name: "a", values: [4])])
        try send([3], to: model, as: 3, in: batcher)
        batcher.cancel(exchange: 3, stream: 0)
        #expect(flush(batcher).isEmpty)
        #expect(predictor.runs.load(ordering: .relaxed) == 1, "nobody waits, so nothing runs")
    }

    @Test func isDueAtTheBoundOfRowsAndOfBytes() throws {
        var limits = BatchLimits()
        limits.flushRows = 4
        limits.flushBytes = 1000
        let models = [makeModel("a"), makeModel("b")]
        let batcher = TickBatcher(loop: 0, limits: limits)
        batcher.adopt(makePool(models))
        try send([1, 2], to: models[0], as: 1, in: batcher)
        #expect(!batcher.isFlushDue)
        try send([1, 2], to: models[1], as: 2, in: batcher)
        #expect(batcher.isFlushDue)
        _ = flush(batcher)
        #expect(!batcher.isFlushDue)
        limits.flushRows = 1000
        limits.flushBytes = 16
        let byBytes = TickBatcher(loop: 0, limits: limits)
        try send([1], to: models[0], as: 1, in: byBytes)
        #expect(!byBytes.isFlushDue)
        try send([1], to: models[0], as: 2, in: byBytes)
        #expect(byBytes.isFlushDue)
    }

    @Test(arguments: ["rows", "bytes", "tickets"])
    func refusesAtEachBoundAndTakesAgainAfterTheFlush(bound: String) throws {
        var limits = BatchLimits()
        switch bound {
        case "rows": limits.waitingRowsMax = 2
        case "bytes": limits.waitingBytesMax = 16
        default: limits.ticketsMax = 2
        }
        let model = makeModel("a")
        let batcher = TickBatcher(loop: 0, limits: limits)
        batcher.adopt(makePool([model]))
        try send([1], to: model, as: 1, in: batcher)
        try send([1], to: model, as: 2, in: batcher)
        #expect(throws: InferenceError.overloaded(retryAfterSeconds: 1)) {
            try send([1], to: model, as: 3, in: batcher)
        }
        #expect(flush(batcher).count == 2)
        try send([1], to: model, as: 4, in: batcher)
        #expect(flush(batcher).count == 1)
    }

    /// What one flush hands on, with one request of one row of each of these models.
    private func handedOn(
        of models: [ServedModel], _ batcher: TickBatcher, _ outstanding: TickBatcher.Outstanding
    ) throws -> [String] {
        for (place, model) in models.enumerated() { try send([1], to: model, as: UInt64(place), in: batcher) }
        var names: [String] = []
        batcher.flush { _, _, _, _ in
        } outstanding: { _ in
            outstanding
        } handOn: { waiting, model, _ in
            #expect(waiting.count == 1)
            names.append(model.name)
        } hearLast: { _ in
        }
        return names
    }

    @Test func longRequestsAreHandedOnForOthersSake() throws {
        let now = Atomic<UInt64>(1_000_000_000)
        var limits = BatchLimits()
        limits.longRequest = 100
        let batcher = TickBatcher(loop: 0, limits: limits) { now.load(ordering: .relaxed) }
        let light = makeModel("light")
        let heavy = makeModel("heavy", predictor: FakePredictor(offset: 0, nanosecondsPerRow: 1000))
        batcher.adopt(makePool([light, heavy]))
        let none = TickBatcher.Outstanding()
        #expect(try handedOn(of: [heavy], batcher, none) == [], "nobody else is there")
        #expect(try handedOn(of: [heavy], batcher, .init(own: 1)) == ["heavy"], "it would overtake")
        #expect(try handedOn(of: [heavy], batcher, .init(others: 1)) == [])
        #expect(try handedOn(of: [light, heavy], batcher, none) == ["heavy"], "the light one would wait")
        #expect(try handedOn(of: [light], batcher, .init(own: 1)) == [], "it is not long")
        #expect(try handedOn(of: [heavy], batcher, none) == ["heavy"])
        #expect(try handedOn(of: [heavy], batcher, .init(others: 1)) == [], "it would wait for another's batch")
        #expect(try handedOn(of: [heavy], batcher, .init(own: 1, others: 1)) == ["heavy"])
        now.store(now.load(ordering: .relaxed) + limits.sharedSpan, ordering: .relaxed)
        #expect(try handedOn(of: [heavy], batcher, none) == [], "the light one has not been asked for long")
        #expect(try handedOn(of: [light], batcher, none) == [])
        #expect(try handedOn(of: [heavy], batcher, none) == ["heavy"], "they take turns")
    }

    /// However many short requests a tick brings, and whatever long ones come with them.
    @Test func shortRequestsStay() throws {
        var limits = BatchLimits()
        limits.inlineBudget = 250
        limits.longRequest = 25
        let batcher = TickBatcher(loop: 0, limits: limits) { 0 }
        let model = makeModel("a", predictor: FakePredictor(offset: 1, nanosecondsPerRow: 10))
        batcher.adopt(makePool([model]))
        for exchange in 0..<100 { try send([Double(exchange), 0.5], to: model, as: UInt64(exchange), in: batcher) }
        #expect(flush(batcher).map(\.values) == (0..<100).map { [Double($0) * 2 + 1, 2] })

        let rows: [[Double]] = [[1], Array(repeating: 2, count: 30), [3, 4], [5, 6, 7], [], [8]]
        for (exchange, values) in rows.enumerated() { try send(values, to: model, as: UInt64(exchange), in: batcher) }
        batcher.cancel(exchange: 0, stream: 0)
        var answers: [UInt64: [Double]] = [:]
        var handedOn: [UInt64: [Double]] = [:]
        batcher.flush { ticket, _, rows, output in
            answers[ticket.exchange] = rows.map { output.values[0].float64[$0] }
        } outstanding: { _ in
            TickBatcher.Outstanding()
        } handOn: { waiting, _, batch in
            for (ticket, rows) in waiting { handedOn[ticket.exchange] = rows.map { batch.double(row: $0, column: 0) } }
        } hearLast: { _ in
        }
        #expect(answers == [2: [7, 9], 4: [], 5: [17]])
        #expect(handedOn == [1: rows[1], 3: rows[3]])
        #expect(batcher.isEmpty)
    }

    /// Together with long requests it costs a short one little to be run, and alone the whole of a run's fixed cost.
    @Test func aShortRequestGoesWithLongOnesWhereItWouldBeLongAlone() throws {
        var limits = BatchLimits()
        limits.inlineBudget = 250
        limits.longRequest = 25
        let batcher = TickBatcher(loop: 0, limits: limits) { 0 }
        let model = makeModel("a", predictor: FakePredictor(offset: 0, nanosecondsPerRow: 1))
        for rows in [1, 64, 1, 64, 32, 16, 8, 1, 64, 32] {
            model.cost.observe(rows: rows, nanoseconds: UInt64(100 + rows))
        }
        batcher.adopt(makePool([model]))
        for count in [200, 1, 200, 200, 200, 200] {
            try send(Array(repeating: 1, count: count), to: model, as: UInt64(count), in: batcher)
        }
        var handedOn: [UInt64] = []
        batcher.flush { _, _, _, _ in
            Issue.record("nothing is short here")
        } outstanding: { _ in
            TickBatcher.Outstanding()
        } handOn: { waiting, _, _ in
            handedOn = waiting.map(\.ticket.exchange)
        } hearLast: { _ in
        }
        #expect(handedOn == [200, 1, 200, 200, 200, 200] && batcher.isEmpty)
    }

    /// A run that the machine has paused for milliseconds now and then.
    @Test func pausesOfTheMachineMakeNoModelLong() throws {
        let calls = Atomic<UInt64>(0)
        let batcher = TickBatcher(loop: 0, limits: BatchLimits()) {
            let call = calls.add(1, ordering: .relaxed).newValue
            return call * 1000 + call / 41 * 3_000_000
        }
        let models = ["a", "b"].map { makeModel($0, predictor: FakePredictor(offset: 0, nanosecondsPerRow: 1000)) }
        batcher.adopt(makePool(models))
        for _ in 0..<3000 { #expect(try handedOn(of: models, batcher, .init(own: 1)) == []) }
        #expect(calls.load(ordering: .relaxed) >= 12_000)
        for model in models { #expect(model.cost.nanosecondsPerRow < 20_000) }
    }

    @Test func aModelThatIsDearerThanItSaysIsLong() throws {
        let time = Atomic<UInt64>(0)
        let batcher = TickBatcher(loop: 0, limits: BatchLimits()) {
            time.add(40_000, ordering: .relaxed).newValue
        }
        let model = makeModel("a", predictor: FakePredictor(offset: 0, nanosecondsPerRow: 1000))
        batcher.adopt(makePool([model]))
        for _ in 0..<20 { _ = try handedOn(of: [model], batcher, .init()) }
        #expect(try handedOn(of: [model], batcher, .init(own: 1)) == ["a"])
    }

    @Test func versionsOfAModelTakeNoTurns() throws {
        var limits = BatchLimits()
        limits.longRequest = 100
        let batcher = TickBatcher(loop: 0, limits: limits)
        let versions = [0.0, 1].map {
            makeModel("heavy", predictor: FakePredictor(offset: $0, nanosecondsPerRow: 1000))
        }
        batcher.adopt(makePool([versions[1]]))
        let none = TickBatcher.Outstanding()
        #expect(try handedOn(of: [versions[0]], batcher, none) == [])
        #expect(try handedOn(of: versions, batcher, none) == [], "a swap within a tick")
        #expect(try handedOn(of: [versions[1]], batcher, none) == [])
        #expect(try handedOn(of: [versions[0]], batcher, none) == [])
    }

    @Test func answersRowsWithoutAPredictionAsFaults() throws {
        let model = makeModel("a")
        let batcher = TickBatcher(loop: 0)
        try send([1, .nan], to: model, as: 1, in: batcher)
        var faults: [RowFault] = []
        batcher.flush { _, _, _, output in faults = output.faults }
        #expect(faults == [RowFault(row: 1, column: 0, reason: .missingValue)])
    }

    @Test func dropsTheWorkspaceOfAModelThatIsGone() throws {
        let models = [makeModel("a"), makeModel("b")]
        let batcher = TickBatcher(loop: 0)
        batcher.adopt(makePool(models))
        for model in models { try send([1], to: model, as: 1, in: batcher) }
        _ = flush(batcher)
        #expect(batcher.laneCount == 2)
        batcher.adopt(makePool([models[1]], sequence: 2))
        #expect(batcher.laneCount == 1)
        try send([5], to: models[1], as: 2, in: batcher)
        #expect(flush(batcher).map(\.values) == [[10]])
    }

    @Test func answersWhatWasWaitingForAModelThatIsGone() throws {
        let old = makeModel("a", offset: 100)
        let new = makeModel("a", offset: 200)
        let batcher = TickBatcher(loop: 0)
        batcher.adopt(makePool([old]))
        try send([1], to: old, as: 1, in: batcher)
        batcher.adopt(makePool([new], sequence: 2))
        try send([1], to: new, as: 2, in: batcher)
        #expect(flush(batcher).map(\.values) == [[102], [202]])
        #expect(batcher.laneCount == 1)
        // A request that chose its model before the swap and was decoded after it.
        try send([1], to: old, as: 3, in: batcher)
        #expect(flush(batcher).map(\.values) == [[102]])
        #expect(batcher.laneCount == 1)
    }

    @Test func keepsNoStorageOfAnUnusuallyLargeBatch() throws {
        var limits = BatchLimits()
        limits.bytesKeptMax = 64
        let model = makeModel("a")
        let batcher = TickBatcher(loop: 0, limits: limits)
        batcher.adopt(makePool([model]))
        try send([Double](repeating: 1, count: 1000), to: model, as: 1, in: batcher)
        #expect(flush(batcher)[0].values.count == 1000)
        try send([4], to: model, as: 2, in: batcher)
        #expect(flush(batcher).map(\.values) == [[8]])
    }

    /// The property: in whatever order requests of several models are decoded, refused, cancelled and flushed, and
    /// whatever is published in between, each ticket that was not cancelled gets exactly its rows, in order, of the
    /// model it chose, once.
    @Test(arguments: 0..<40)
    func givesEachTicketExactlyItsRows(seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        var limits = BatchLimits()
        limits.flushRows = Int.random(in: 1...40, using: &generator)
        limits.bytesKeptMax = Int.random(in: 0...4096, using: &generator)
        limits.inlineBudget = [5, .infinity][Int(seed % 2)]
        limits.longRequest = 2
        let batcher = TickBatcher(loop: Int(seed % 4), limits: limits) { 0 }
        var models = (0..<3).map { makeModel("m\($0)", offset: Double($0 * 1000)) }
        batcher.adopt(makePool(models))
        var sequence: UInt64 = 1
        var expected: [UInt64: Answer] = [:]
        var order: [ObjectIdentifier: [UInt64]] = [:]
        var next: UInt64 = 1

        func flushAll() {
            var seen: [ObjectIdentifier: [UInt64]] = [:]
            var handedOn: [ObjectIdentifier: [UInt64]] = [:]
            batcher.flush { ticket, model, rows, output in
                let answer = Answer(
                    exchange: ticket.exchange, name: model.name, values: rows.map { output.values[0].float64[$0] })
                #expect(expected.removeValue(forKey: ticket.exchange) == answer, "seed \(seed)")
                seen[ObjectIdentifier(model), default: []].append(ticket.exchange)
            } outstanding: { _ in
                TickBatcher.Outstanding()
            } handOn: { waiting, model, batch in
                let offset = (model.predictor as? FakePredictor)?.offset ?? 0
                for (ticket, rows) in waiting {
                    let values = rows.map { batch.double(row: $0, column: 0) * 2 + offset }
                    let answer = Answer(exchange: ticket.exchange, name: model.name, values: values)
                    #expect(expected.removeValue(forKey: ticket.exchange) == answer, "seed \(seed)")
                }
                handedOn[ObjectIdentifier(model)] = waiting.map(\.ticket.exchange)
            } hearLast: { _ in
            }
            #expect(expected.isEmpty, "seed \(seed)")
            // Those that are handed on and those that stay are each in the order in which they came.
            for (model, sent) in order {
                let gone = handedOn[model] ?? []
                #expect(gone == sent.filter(Set(gone).contains), "seed \(seed)")
                #expect(seen[model] ?? [] == sent.filter { !gone.contains($0) }, "seed \(seed)")
            }
            order = [:]
        }

        for _ in 0..<400 {
            let index = Int.random(in: 0..<3, using: &generator)
            let model = models[index]
            switch Int.random(in: 0..<20, using: &generator) {
            case 0..<12:
                let values = (0..<Int.random(in: 0...5, using: &generator)).map { _ in
                    Double(Int.random(in: 0...999, using: &generator))
                }
                let offset = (model.predictor as? FakePredictor)?.offset ?? 0
                try send(values, to: model, as: next, in: batcher)
                expected[next] = Answer(exchange: next, name: model.name, values: values.map { $0 * 2 + offset })
                order[ObjectIdentifier(model), default: []].append(next)
                next += 1
            case 12..<15:
                var batch = try batcher.take(model)
                let mark = batch.mark()
                for _ in 0..<Int.random(in: 0...5, using: &generator) { batch.appendRow() }
                batch.rollback(to: mark)
                batcher.putBack(batch, model)
            case 15:
                guard let victim = expected.keys.randomElement(using: &generator) else { continue }
                batcher.cancel(exchange: victim, stream: 0)
                expected[victim] = nil
                for key in order.keys { order[key]?.removeAll { $0 == victim } }
                order = order.filter { !$0.value.isEmpty }
            case 16:
                models[index] = makeModel("m\(index)", offset: Double(next * 7))
                sequence += 1
                batcher.adopt(makePool(models, sequence: sequence))
            case 17...18: flushAll()
            default: if batcher.isFlushDue { flushAll() }
            }
        }
        flushAll()
        #expect(batcher.isEmpty)
        #expect(batcher.laneCount <= 3)
    }

    @Test func stopsAtAMisuse() async {
        await #expect(processExitsWith: .failure) {
            let model = makeModel("a")
            let batcher = TickBatcher(loop: 0)
            let first = try batcher.take(model)
            _ = try batcher.take(model).rowCount
            batcher.putBack(first, model)
        }
        await #expect(processExitsWith: .failure) {
            let model = makeModel("a")
            let batcher = TickBatcher(loop: 0)
            var batch = try batcher.take(model)
            batch.appendRow()
            batcher.putBack(batch, model)
        }
    }
}
