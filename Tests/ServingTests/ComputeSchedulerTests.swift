import InferenceAPI
import SeededRandom
import Testing

@testable import Serving

/// A machine of one or more workers under the scheduler, in simulated time: a run takes what a model really costs.
private struct SimulatedWorkers {
    struct Model {
        let cost: ModelCost
        let perRow: Double
        let perRun: Double
    }

    var scheduler: ComputeScheduler
    var models: [Model]
    var now: UInt64 = 1_000_000_000
    /// Running batches by the time of their end.
    var running: [(end: UInt64, batch: ComputeScheduler.Batch, model: Int, start: UInt64)] = []
    let workers: Int
    private var nextID: UInt64 = 0
    var modelOf: [UInt64: Int] = [:]
    /// Nanoseconds that each model has had, and its requests that were run.
    var spent: [Double]
    var waiting: [Int]
    var done: [(id: UInt64, end: UInt64)] = []
    var dropped: [UInt64] = []
    var batches: [(model: Int, rows: Int, requests: Int)] = []

    init(_ costs: [(perRow: Double, perRun: Double)], limits: ComputeLimits = ComputeLimits(), workers: Int = 1) {
        scheduler = ComputeScheduler(limits: limits, workers: workers)
        models = costs.map {
            Model(cost: ModelCost(nanosecondsPerRow: $0.perRow), perRow: $0.perRow, perRun: $0.perRun)
        }
        self.workers = workers
        spent = costs.map { _ in 0 }
        waiting = costs.map { _ in 0 }
    }

    @discardableResult
    mutating func send(
        _ model: Int, requests: Int = 1, rows: Int = 1, bytes: Int = 8, terms: RequestTerms = .standard,
        isAlone: Bool = false
    ) -> (id: UInt64, refusal: ComputeScheduler.Refusal?) {
        nextID += 1
        let entry = ComputeScheduler.Entry(
            id: nextID, requests: requests, rows: rows, bytes: bytes, arrival: now, terms: terms, isAlone: isAlone)
        modelOf[nextID] = model
        let refusal = scheduler.add(entry, cost: models[model].cost, now: now)
        if refusal == nil { waiting[model] += 1 }
        return (nextID, refusal)
    }

    /// Lets free workers begin; then, if any runs, goes to the next end.
    /// - Returns: whether anything ran.
    mutating func step() -> Bool {
        while running.count < workers {
            guard case .run(let batch) = scheduler.next(now: now) else { break }
            let model = modelOf[batch.entries[0].id] ?? -1
            let length = models[model].perRow * Double(batch.rows) + models[model].perRun
            running.append((now + UInt64(length), batch, model, now))
            waiting[model] -= batch.entries.count
            batches.append((model, batch.rows, batch.entries.count))
        }
        dropped += scheduler.takeDropped()
        guard let first = running.indices.min(by: { running[$0].end < running[$1].end }) else { return false }
        let run = running.remove(at: first)
        now = run.end
        spent[run.model] += Double(run.end - run.start)
        for entry in run.batch.entries { done.append((entry.id, now)) }
        let length = run.end - run.start
        let requests = run.batch.entries.reduce(0) { $0 + $1.requests }
        _ = scheduler.finished(
            run.batch, [.init(requests: requests, rows: run.batch.rows, work: length, elapsed: length)])
        return true
    }
}

struct ComputeSchedulerTests {
    @Test func takesWhatWaitsInOrder() {
        var system = SimulatedWorkers([(1000, 50_000)])
        for _ in 0..<5 { system.send(0) }
        guard case .run(let batch) = system.scheduler.next(now: system.now) else {
            Issue.record("nothing to run")
            return
        }
        #expect(batch.entries.map(\.id) == [1, 2, 3, 4, 5])
        let rest = system.scheduler.next(now: system.now)
        #expect(rest == .idle)
    }

    /// However many rows and whatever a row costs, models that always have something waiting get equal time.
    @Test(arguments: 0..<20)
    func sharesTheTimeEvenly(seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        let workers = Int.random(in: 1...3, using: &generator)
        let costs = (0..<Int.random(in: 2...4, using: &generator)).map { _ in
            (
                perRow: Double.random(in: 1000...2_000_000, using: &generator),
                perRun: Double.random(in: 0...500_000, using: &generator)
            )
        }
        var system = SimulatedWorkers(costs, workers: workers)
        let end = system.now + 20_000_000_000
        while system.now < end {
            for model in costs.indices where system.waiting[model] < 500 {
                for _ in 0..<1000 { system.send(model, rows: Int.random(in: 1...16, using: &generator)) }
            }
            _ = system.step()
        }
        // With as many workers as models each may have one for itself.
        let least = system.spent.min() ?? 0
        let most = system.spent.max() ?? 0
        #expect(least > 0.85 * most, "seed \(seed): \(system.spent)")
    }

    @Test func aModelThatComesBackHasSavedNothingUpAndWaitsForOneBatch() {
        var limits = ComputeLimits()
        limits.latencyObjective = 20_000_000
        var system = SimulatedWorkers([(1_000_000, 0), (1_000_000, 0)], limits: limits)
        // The first is saturated for a long time before the second comes.
        for _ in 0..<300 {
            for _ in 0..<12 { system.send(0) }
            _ = system.step()
        }
        let came = system.now
        let (id, _) = system.send(1)
        while !system.done.contains(where: { $0.id == id }) { _ = system.step() }
        let answered = system.done.first { $0.id == id }?.end ?? 0
        #expect(answered - came <= 12_000_000, "one batch of the other, and its own row")
        let before = system.spent[0]
        for _ in 0..<40 {
            for _ in 0..<12 {
                system.send(0)
                system.send(1)
            }
            _ = system.step()
        }
        #expect(system.spent[0] > before, "the one that was busy before goes on")
    }

    @Test func batchesStayWithinTheirPartOfTheObjective() {
        var limits = ComputeLimits()
        limits.latencyObjective = 40_000_000
        // It says that a row costs a hundredth of what it does.
        var system = SimulatedWorkers([(10_000, 0)], limits: limits)
        system.models[0] = .init(cost: system.models[0].cost, perRow: 1_000_000, perRun: 2_000_000)
        for _ in 0..<400 {
            for _ in 0..<30 { system.send(0) }
            _ = system.step()
        }
        let late = system.batches.suffix(300).filter { Double($0.rows) * 1_000_000 + 2_000_000 > 22_000_000 }
        #expect(late.isEmpty, "\(late)")
        let rows = system.batches.suffix(300).map(\.rows)
        #expect((rows.reduce(0, +)) / rows.count >= 10, "and uses it")
    }

    @Test func turnsItselfOffWhereJoiningDoesNotPayAndOnWhereItDoes() {
        var useless = SimulatedWorkers([(200_000, 0)])
        var useful = SimulatedWorkers([(200_000, 2_000_000)])
        for _ in 0..<300 {
            for _ in 0..<8 {
                useless.send(0)
                useful.send(0)
            }
            _ = useless.step()
            _ = useful.step()
        }
        let alone = useless.batches.suffix(200).filter { $0.requests == 1 }
        #expect(alone.count > 180)
        let joined = useful.batches.suffix(200).filter { $0.requests > 1 }
        #expect(joined.count > 180)
    }

    @Test func tellsWhatJoiningSavesAndCosts() {
        var audit = BatchAudit()
        var cost = CostFit(nanosecondsPerRow: 1000)
        for rows in 1...60 { cost.observe(rows: rows, nanoseconds: Double(rows) * 1000 + 10_000) }
        let balance = audit.observe(.init(requests: 4, rows: 4, work: 14_000, elapsed: 14_000), cost)
        let single = audit.observe(.init(requests: 1, rows: 4, work: 14_000, elapsed: 14_000), cost)
        #expect(balance.saved > 25_000 && balance.saved < 31_000)
        #expect(balance.addedWait > 2000 && balance.addedWait < 4000, "the first waits for the rest")
        #expect(single == BatchAudit.Balance())
    }

    @Test func refusesWhatCannotBeInTimeAndDropsWhatIsTooLate() {
        var system = SimulatedWorkers([(1_000_000, 0)])
        let soon = RequestTerms(deadline: RequestDeadline(start: system.now, timeoutNanoseconds: 10_000_000))
        for _ in 0..<9 {
            let refusal = system.send(0, terms: soon).refusal
            #expect(refusal == nil)
        }
        for _ in 0..<20 { system.send(0) }
        guard case .tooLate(let seconds)? = system.send(0, terms: soon).refusal else {
            Issue.record("taken, though 29 ms wait before it")
            return
        }
        #expect(seconds == 1)
        // The time passes, and nobody has run them.
        system.now += 9_500_000
        _ = system.step()
        #expect(system.dropped == Array(1...9))
        #expect(system.done.first?.id == 10)
    }

    @Test func anUrgentRequestGoesAheadAndNobodyWaitsForEver() {
        var limits = ComputeLimits()
        limits.joinsRequests = false
        var system = SimulatedWorkers([(50_000_000, 0)], limits: limits)
        let low = system.send(0, terms: RequestTerms(priority: .low)).id
        let normal = system.send(0).id
        let high = system.send(0, terms: RequestTerms(priority: .high)).id
        for _ in 0..<3 { _ = system.step() }
        #expect(system.done.map(\.id) == [high, normal, low])
        // A stream of urgent ones, as fast as they can be run.
        let patient = system.send(0, terms: RequestTerms(priority: .low)).id
        let came = system.now
        while !system.done.contains(where: { $0.id == patient }) {
            system.send(0, terms: RequestTerms(priority: .high))
            _ = system.step()
        }
        let waited = system.now - came
        #expect(waited > 900_000_000 && waited < 1_200_000_000, "two steps, and no longer")
    }

    @Test(arguments: ["requests", "rows", "bytes", "total"])
    func refusesAtEachBoundAndTakesAgain(bound: String) {
        var limits = ComputeLimits()
        switch bound {
        case "requests": limits.requestsMax = 2
        case "rows": limits.rowsMax = 4
        case "bytes": limits.bytesMax = 16
        default: limits.totalBytesMax = 16
        }
        var system = SimulatedWorkers([(1000, 0), (1000, 0)], limits: limits)
        let taken = (0..<2).map { _ in system.send(0, rows: 2).refusal }
        #expect(taken == [nil, nil])
        let refusal = system.send(0).refusal
        #expect(refusal == .full(retryAfterSeconds: 1))
        let other = system.send(1).refusal
        #expect((other == nil) == (bound != "total"), "another model has bounds of its own")
        while system.step() {}
        let again = system.send(0).refusal
        #expect(again == nil)
    }

    @Test func oneRequestAboveEveryBoundIsTakenAlone() {
        var limits = ComputeLimits()
        limits.rowsMax = 4
        limits.bytesMax = 16
        limits.totalBytesMax = 16
        var system = SimulatedWorkers([(1000, 0)], limits: limits)
        let refusals = [system.send(0, rows: 100, bytes: 800).refusal, system.send(0).refusal]
        #expect(refusals == [nil, .full(retryAfterSeconds: 1)])
    }

    @Test func aBodyRunsByItself() {
        var system = SimulatedWorkers([(1000, 50_000)])
        system.send(0)
        system.send(0, rows: 100, isAlone: true)
        system.send(0)
        while system.step() {}
        #expect(system.batches.map(\.requests) == [1, 1, 1])
    }

    @Test func requestsThatTravelTogetherCountOneByOne() {
        var limits = ComputeLimits()
        limits.requestsMax = 5
        var system = SimulatedWorkers([(1000, 50_000)], limits: limits)
        let (id, refusal) = system.send(0, requests: 4, rows: 8)
        #expect(refusal == nil && system.scheduler.waitingCount == 4)
        let tooMany = system.send(0, requests: 2, rows: 2).refusal
        #expect(tooMany == .full(retryAfterSeconds: 1))
        system.scheduler.shrink(id, rows: 5)
        #expect(system.scheduler.waitingCount == 3)
        let fits = system.send(0, requests: 2, rows: 2).refusal
        #expect(fits == nil)
        guard case .run(let batch) = system.scheduler.next(now: system.now) else {
            Issue.record("nothing to run")
            return
        }
        #expect(batch.rows == 5 && batch.joins && system.scheduler.waitingCount == 0)
        system.scheduler.shrink(id, rows: 1)
        #expect(system.scheduler.waitingCount == 0, "it runs, and nothing is taken out any more")
    }

    @Test func waitsOnlyIfTold() {
        var limits = ComputeLimits()
        limits.batchWait = 1_000_000
        var system = SimulatedWorkers([(1000, 50_000)], limits: limits)
        system.send(0)
        let decision = system.scheduler.next(now: system.now)
        #expect(decision == .wait(until: system.now + 1_000_000))
        guard case .run = system.scheduler.next(now: system.now + 1_000_000) else {
            Issue.record("it waits longer")
            return
        }
    }

    /// A wait for more rows is over before a deadline is: what has no time to lose runs at once.
    @Test(arguments: [(spare: 2_000_000, wait: 500_000), (spare: 600_000, wait: 300_000), (spare: 0, wait: 0)])
    func aDeadlineEndsTheWait(spare: UInt64, wait: UInt64) {
        var limits = ComputeLimits()
        limits.batchWait = 500_000
        var scheduler = ComputeScheduler(limits: limits, workers: 1)
        let cost = ModelCost(nanosecondsPerRow: 1000)
        let run = UInt64(cost.nanoseconds(rows: 2))
        let now: UInt64 = 1_000_000
        func add(_ id: UInt64, _ terms: RequestTerms) {
            let entry = ComputeScheduler.Entry(id: id, rows: 1, bytes: 8, arrival: now, terms: terms)
            #expect(scheduler.add(entry, cost: cost, now: now) == nil)
        }
        add(1, .standard)
        #expect(scheduler.next(now: now) == .wait(until: now + 500_000))
        add(2, RequestTerms(deadline: RequestDeadline(nanoseconds: now + run + spare)))
        if wait > 0 { #expect(scheduler.next(now: now) == .wait(until: now + wait)) }
        guard case .run(let batch) = scheduler.next(now: now + wait) else {
            Issue.record("it waits longer")
            return
        }
        #expect(batch.rows == 2 && scheduler.takeDropped() == [])
    }

    /// What `--batch-wait` costs is in the audit: of requests that were joined, and of one for which nobody came.
    @Test(arguments: [[0], [0, 400_000], [0, 0, 999_999]] as [[UInt64]])
    func tellsWhatWaitingForMoreHasCost(arrivals: [UInt64]) {
        var limits = ComputeLimits()
        limits.batchWait = 1_000_000
        var scheduler = ComputeScheduler(limits: limits, workers: 2)
        let cost = ModelCost(nanosecondsPerRow: 1000)
        for (id, arrival) in arrivals.enumerated() {
            let entry = ComputeScheduler.Entry(id: UInt64(id), rows: 1, bytes: 8, arrival: arrival)
            #expect(scheduler.add(entry, cost: cost, now: arrival) == nil)
            #expect(scheduler.next(now: arrival) == .wait(until: 1_000_000))
        }
        // The workers have other things to do for a while: that is not the wait's doing.
        guard case .run(let batch) = scheduler.next(now: 5_000_000) else {
            Issue.record("nothing to run")
            return
        }
        let run = ComputeScheduler.Run(requests: 1, rows: 1, work: 1000, elapsed: 1000)
        let held = arrivals.reduce(0) { $0 + 1_000_000 - $1 }
        #expect(scheduler.finished(batch, [run]).addedWait == Double(held))

        let entry = ComputeScheduler.Entry(id: 9, rows: 1, bytes: 8, arrival: 6_000_000)
        #expect(scheduler.add(entry, cost: cost, now: 6_000_000) == nil)
        guard case .run(let late) = scheduler.next(now: 8_000_000) else {
            Issue.record("nothing to run")
            return
        }
        #expect(scheduler.finished(late, [run]).addedWait == 0, "no worker was free before")
    }

    @Test func keepsNothingOfModelsThatAreGone() {
        var scheduler = ComputeScheduler(limits: ComputeLimits(), workers: 1)
        for id in 1...50 as ClosedRange<UInt64> {
            let cost = ModelCost(nanosecondsPerRow: 1000)
            let refusal = scheduler.add(.init(id: id, rows: 1, bytes: 8, arrival: 0), cost: cost, now: 0)
            #expect(refusal == nil)
            guard case .run(let batch) = scheduler.next(now: 0) else { continue }
            _ = scheduler.finished(batch, [.init(requests: 1, rows: 1, work: 1000, elapsed: 1000)])
        }
        #expect(scheduler.laneCount <= 2)
    }

    /// Whatever comes, is cancelled and ends, in whatever order: each request runs once, is dropped once, or was
    /// cancelled while it waited; those of one model and priority run in the order in which they came; and in the end
    /// nothing waits.
    @Test(arguments: 0..<60)
    func losesAndRepeatsNothing(seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        var limits = ComputeLimits()
        limits.requestsMax = Int.random(in: 1...50, using: &generator)
        limits.joinsRequests = Bool.random(using: &generator)
        let costs = (0..<3).map { _ in (perRow: Double.random(in: 1e3...1e6, using: &generator), perRun: 1e4) }
        var system = SimulatedWorkers(costs, limits: limits, workers: Int.random(in: 1...3, using: &generator))
        var open: [UInt64: (model: Int, terms: RequestTerms)] = [:]
        var ended: Set<UInt64> = []
        var seenDone = 0
        func settle() {
            for (id, _) in system.done[seenDone...] { #expect(ended.insert(id).inserted, "seed \(seed)") }
            seenDone = system.done.count
        }
        for _ in 0..<600 {
            switch Int.random(in: 0..<10, using: &generator) {
            case 0..<6:
                let model = Int.random(in: 0..<3, using: &generator)
                let deadline =
                    Bool.random(using: &generator)
                    ? RequestDeadline.never
                    : RequestDeadline(
                        start: system.now, timeoutNanoseconds: UInt64.random(in: 0...30_000_000, using: &generator))
                let terms = RequestTerms(
                    deadline: deadline, priority: RequestPriority.allCases.randomElement(using: &generator) ?? .normal)
                let (id, refusal) = system.send(
                    model, requests: Int.random(in: 1...4, using: &generator),
                    rows: Int.random(in: 0...9, using: &generator), terms: terms,
                    isAlone: Int.random(in: 0..<20, using: &generator) == 0)
                if refusal == nil { open[id] = (model, terms) }
            case 6:
                guard let id = open.keys.sorted().randomElement(using: &generator) else { continue }
                if system.scheduler.cancel(id) { #expect(ended.insert(id).inserted, "seed \(seed)") }
            default:
                _ = system.step()
                settle()
            }
        }
        while system.step() {}
        settle()
        for id in system.dropped { #expect(ended.insert(id).inserted, "seed \(seed)") }
        #expect(ended == Set(open.keys), "seed \(seed)")
        #expect(system.scheduler.waitingCount == 0 && system.scheduler.waitingBytes == 0, "seed \(seed)")
    }
}
