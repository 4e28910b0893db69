import Synchronization
import TensorCore
import Testing

@testable import Serving

@Suite struct LoopSharesTests {
    @Test func aModelMayTakeALittleMoreThanItsPart() {
        #expect(LoopShares.bound([], in: 100) == nil)
        #expect(LoopShares.bound([90, 0, 0], in: 100) == nil, "nobody else is there")
        #expect(LoopShares.bound([30, 10], in: 100) == 62, "there is room for both")
        #expect(LoopShares.bound([70, 0, 10], in: 100) == 62)
        #expect(LoopShares.bound([150, 50], in: 100) == 125, "they were counted as more than there is")
        #expect(LoopShares.bound([100, 100], in: 0) == 125)
    }

    /// Ticks of a millisecond with so many requests of each model.
    private func heardLast(_ batcher: TickBatcher, _ time: borrowing Atomic<UInt64>, _ asked: [(ServedModel, Int)])
        throws
        -> Set<UInt64>
    {
        var heardLast: Set<UInt64> = []
        for _ in 0..<250 {
            time.add(1_000_000, ordering: .relaxed)
            for (place, (model, count)) in asked.enumerated() {
                for _ in 0..<count {
                    var batch = try batcher.take(model)
                    let row = batch.appendRow()
                    let ticket = BatchTicket(exchange: UInt64(place), context: 0)
                    batcher.submit(batch, model, ticket: ticket, rows: row..<row + 1)
                }
            }
            heardLast = []
            batcher.flush { _, _, _, _ in
            } outstanding: { _ in
                TickBatcher.Outstanding()
            } handOn: { _, _, _ in
            } hearLast: {
                heardLast.insert($0.exchange)
            }
        }
        return heardLast
    }

    @Test func whoAsksTheModelThatTakesMostIsHeardLast() throws {
        let time = Atomic<UInt64>(1_000_000_000)
        let batcher = TickBatcher(loop: 0, limits: BatchLimits()) { time.load(ordering: .relaxed) }
        let models = [makeModel("a"), makeModel("b"), makeModel("c")]
        batcher.adopt(makePool(models))
        #expect(try heardLast(batcher, time, [(models[0], 40)]).isEmpty, "nobody else is there")
        #expect(try heardLast(batcher, time, [(models[0], 20), (models[1], 2)]).isEmpty, "there is room")
        #expect(try heardLast(batcher, time, [(models[0], 40), (models[1], 2)]) == [0])
        #expect(try heardLast(batcher, time, [(models[1], 2), (models[0], 40)]) == [1])
        #expect(try heardLast(batcher, time, [(models[0], 40), (models[1], 40)]).isEmpty, "neither takes more")
        #expect(try heardLast(batcher, time, [(models[0], 40), (models[1], 2), (models[2], 40)]) == [0, 2])
        #expect(try heardLast(batcher, time, [(models[0], 40)]).isEmpty, "the others are gone")
    }
}
