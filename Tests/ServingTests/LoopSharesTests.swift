import Synchronization
import TensorCore
import Testing

@testable import Serving

@Suite struct LoopSharesTests {
    /// - Parameter parts: a model, nanoseconds of its predictions, and its requests.
    private func greedy(_ parts: [(String, UInt64, Int)], in elapsed: UInt64) -> Set<String> {
        LoopShares.greedy(
            parts.map { LoopShares.Part(model: $0.0, predicted: $0.1, requests: $0.2) }, in: elapsed, requestMax: 10)
    }

    @Test func aModelMayTakeALittleMoreThanItsPart() {
        #expect(greedy([], in: 1000) == [])
        #expect(greedy([("a", 900, 10), ("b", 0, 0)], in: 1000) == [], "nobody else is there")
        #expect(greedy([("a", 500, 10), ("b", 10, 1)], in: 1000) == [], "there is room for both")
        #expect(greedy([("a", 600, 10), ("b", 10, 1)], in: 1000) == ["a"])
        #expect(greedy([("a", 0, 60), ("b", 0, 40)], in: 1000) == [])
        #expect(greedy([("a", 0, 70), ("b", 0, 30)], in: 1000) == ["a"])
        #expect(greedy([("a", 0, 700), ("b", 0, 300)], in: 1000) == ["a"], "a request took less than that")
        #expect(greedy([("a", 500, 50), ("b", 0, 450)], in: 1000) == [], "both had half of it")
        #expect(greedy([("a", 2000, 5), ("b", 0, 5)], in: 1000) == ["a"], "a clock that jumped")
    }

    @Test func versionsOfAModelCountTogether() {
        #expect(greedy([("a", 400, 1), ("b", 100, 1), ("a", 400, 1)], in: 1000) == ["a"])
        #expect(greedy([("a", 240, 1), ("b", 450, 1), ("a", 240, 1)], in: 1000) == [])
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
