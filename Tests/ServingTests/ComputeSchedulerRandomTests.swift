import InferenceAPI
import SeededRandom
import Testing

@testable import Serving

/// The scheduler beside a plain list of what waits: whatever comes, each request has one end, and all sums are right.
struct ComputeSchedulerRandomTests {
    private struct Waiting {
        let entry: ComputeScheduler.Entry
        let model: Int
        var requests: Int
        var rows: Int

        /// The least goes next, in its model.
        func rank(_ step: UInt64) -> UInt64 { entry.arrival + UInt64(entry.terms.priority.rawValue) * step }
    }

    private struct Running {
        let batch: ComputeScheduler.Batch
        let model: Int
        let end: UInt64
        let begin: UInt64
    }

    @Test(arguments: 1...12)
    func eachRequestHasOneEnd(seed: Int) {
        var generator = SeededGenerator(seed: UInt64(seed))
        var limits = ComputeLimits()
        limits.batchWait = [0, 2_000_000][Int.random(in: 0..<2, using: &generator)]
        limits.joinsRequests = Int.random(in: 0..<5, using: &generator) > 0
        limits.priorityStep = [0, 5_000_000][Int.random(in: 0..<2, using: &generator)]
        limits.requestsMax = 60
        limits.rowsMax = 4000
        limits.bytesMax = 40_000
        limits.totalBytesMax = 60_000
        limits.batchRowsMax = Int.random(in: 1...300, using: &generator)
        let workers = Int.random(in: 1...3, using: &generator)
        var scheduler = ComputeScheduler(limits: limits, workers: workers)
        var models = (0..<4).map { ModelCost(nanosecondsPerRow: [20, 3_000, 900_000, 0][$0]) }
        let perRow: [Double] = [30, 1_000, 400_000, 0.001]
        var waiting: [UInt64: Waiting] = [:]
        var running: [Running] = []
        var now: UInt64 = 1_000_000_000
        var nextID: UInt64 = 0
        var dropped = 0

        func add() {
            nextID += 1
            let model = Int.random(in: 0..<models.count, using: &generator)
            let isAlone = Int.random(in: 0..<8, using: &generator) == 0
            let requests = isAlone ? 1 : [1, 1, 1, 5, 30][Int.random(in: 0..<5, using: &generator)]
            let rows = [0, 1, 1, 7, 40, 900, 5_000][Int.random(in: 0..<7, using: &generator)]
            var terms = RequestTerms.standard
            if requests == 1, Bool.random(using: &generator) {
                terms.priority = RequestPriority.allCases[Int.random(in: 0..<3, using: &generator)]
            }
            if requests == 1, Int.random(in: 0..<3, using: &generator) == 0 {
                terms.deadline = RequestDeadline(
                    nanoseconds: now + UInt64.random(in: 0..<40_000_000, using: &generator))
            }
            let entry = ComputeScheduler.Entry(
                id: nextID, requests: requests, rows: rows, bytes: rows * 8 + 100,
                arrival: now, terms: terms, isAlone: isAlone)
            let own = waiting.values.filter { $0.model == model }
            let refusal = scheduler.add(entry, cost: models[model], now: now)
            guard refusal == nil else {
                if case .full = refusal {
                    #expect(
                        own.reduce(requests) { $0 + $1.requests } > limits.requestsMax
                            || waiting.values.reduce(entry.bytes) { $0 + $1.entry.bytes } > limits.totalBytesMax
                            || own.reduce(rows) { $0 + $1.rows } > limits.rowsMax
                            || own.reduce(entry.bytes) { $0 + $1.entry.bytes } > limits.bytesMax, "seed \(seed)")
                } else {
                    #expect(terms.deadline != .never, "seed \(seed)")
                }
                return
            }
            waiting[nextID] = Waiting(entry: entry, model: model, requests: requests, rows: rows)
        }

        func begin() {
            let decision = scheduler.next(now: now)
            for id in scheduler.takeDropped() {
                let late = waiting.removeValue(forKey: id)
                #expect(late?.entry.terms.deadline ?? .never != .never, "seed \(seed): \(id) is dropped")
                dropped += 1
            }
            switch decision {
            case .idle: #expect(waiting.isEmpty, "seed \(seed)")
            case .wait(let time):
                #expect(time > now && !waiting.isEmpty && limits.batchWait > 0, "seed \(seed)")
                #expect(time <= now + limits.batchWait, "seed \(seed)")
                now = max(now, min(time, running.map(\.end).min() ?? time))
            case .run(let batch):
                let model = waiting[batch.entries[0].id]?.model ?? -1
                #expect(batch.rows == batch.entries.reduce(0) { $0 + $1.rows }, "seed \(seed)")
                #expect(batch.entries.count == 1 || batch.joins, "seed \(seed)")
                #expect(batch.entries.count == 1 || batch.rows <= limits.batchRowsMax, "seed \(seed)")
                for entry in batch.entries {
                    guard let own = waiting.removeValue(forKey: entry.id) else {
                        Issue.record("seed \(seed): \(entry.id) runs and does not wait")
                        continue
                    }
                    #expect(own.model == model && own.rows == entry.rows && own.requests == entry.requests)
                    #expect(!own.entry.isAlone || batch.entries.count == 1, "seed \(seed)")
                    #expect(!entry.terms.deadline.hasPassed(at: now), "seed \(seed): \(entry.id) is late and runs")
                    let rank = own.rank(limits.priorityStep)
                    let best = waiting.values.filter { $0.model == model }.map { $0.rank(limits.priorityStep) }.min()
                    #expect(rank <= best ?? .max, "seed \(seed): \(entry.id) is not the next")
                }
                let length = max(1, UInt64(perRow[model] * Double(batch.rows)) + 2_000)
                running.append(Running(batch: batch, model: model, end: now + length, begin: now))
            }
        }

        func end() {
            guard let first = running.indices.min(by: { running[$0].end < running[$1].end }) else { return }
            let run = running.remove(at: first)
            now = max(now, run.end)
            let requests = run.batch.entries.reduce(0) { $0 + $1.requests }
            let length = run.end - run.begin
            let runs: [ComputeScheduler.Run] =
                run.batch.joins || requests == 1
                ? [.init(requests: requests, rows: run.batch.rows, work: length, elapsed: length)]
                : (0..<requests).map { _ in
                    .init(
                        requests: 1, rows: run.batch.rows / requests, work: length / UInt64(requests),
                        elapsed: length / UInt64(requests))
                }
            let outcome = scheduler.finished(run.batch, runs)
            #expect(outcome.saved.isFinite && outcome.addedWait.isFinite && outcome.addedWait >= 0, "seed \(seed)")
        }

        for step in 0..<3_000 {
            switch Int.random(in: 0..<12, using: &generator) {
            case 0..<5: add()
            case 5..<7:
                if running.count < workers { begin() }
            case 7..<10: end()
            case 10:
                guard let id = waiting.keys.sorted().randomElement(using: &generator), let old = waiting[id] else {
                    break
                }
                if old.requests > 1 {
                    let fewer = min(old.rows, 1)
                    scheduler.shrink(id, rows: fewer)
                    waiting[id]?.requests -= 1
                    waiting[id]?.rows -= fewer
                } else {
                    let isTaken = scheduler.cancel(id)
                    #expect(isTaken, "seed \(seed)")
                    waiting[id] = nil
                }
            default:
                now += UInt64.random(in: 0..<5_000_000, using: &generator)
                // A model is replaced; what waits goes on with the old one.
                if step % 50 == 0, let place = models.indices.randomElement(using: &generator) {
                    let isIdle =
                        !waiting.values.contains { $0.model == place } && !running.contains { $0.model == place }
                    if isIdle { models[place] = ModelCost(nanosecondsPerRow: 100) }
                }
            }
            #expect(scheduler.waitingCount == waiting.values.reduce(0) { $0 + $1.requests }, "seed \(seed), \(step)")
            #expect(scheduler.waitingBytes == waiting.values.reduce(0) { $0 + $1.entry.bytes }, "seed \(seed), \(step)")
            #expect(scheduler.laneCount <= models.count + 8, "seed \(seed), \(step)")
        }
        var turns = 0
        while !waiting.isEmpty || !running.isEmpty, turns < 10_000 {
            turns += 1
            let before = (running.count, now)
            if running.count < workers { begin() }
            if before == (running.count, now) { end() }
        }
        #expect(waiting.isEmpty && running.isEmpty, "seed \(seed): it comes to no end")
        #expect(scheduler.waitingCount == 0 && scheduler.waitingBytes == 0, "seed \(seed)")
        #expect(dropped > 0, "seed \(seed): nothing was late")
    }
}
