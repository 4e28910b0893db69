import EventLoop
import InferenceEngine
import Synchronization
import TensorCore
import Testing

@testable import Serving

/// A loop as the server has it: a thread that sleeps until it is woken, and takes its snapshot at the start of a tick.
final class FakeLoop: Sendable {
    private struct State: Sendable {
        var wakes = 0
        var isStopping = false
    }

    private let monitor = Monitor(State())
    private final class Counts: Sendable {
        let goneBack = Atomic<Int>(0)
        let ticks = Atomic<Int>(0)
    }

    private let counts = Counts()
    private let thread: Mutex<EventLoopThread?>
    private let subscription: PoolSubscription

    /// `predicts`: predict with every model of the snapshot in each tick, without being woken.
    init(
        _ registry: ModelRegistry, predicts: Bool = false,
        onTick: @escaping @Sendable (PredictorPool) -> Void = { _ in }
    ) throws {
        let monitor = monitor
        let counts = counts
        let subscription = registry.subscribe { monitor.withLock { $0.wakes += 1 } }
        self.subscription = subscription
        thread = Mutex(nil)
        let started = try EventLoopThread(name: "fake loop") {
            let batcher = TickBatcher(loop: 0)
            var pool = PredictorPool.empty
            while true {
                let isStopping = monitor.wait(for: nil) { state -> Bool? in
                    guard state.wakes > 0 || state.isStopping || predicts else { return nil }
                    state.wakes = 0
                    return state.isStopping
                }
                if let next = subscription.adopt() {
                    if next.sequence < pool.sequence { counts.goneBack.wrappingAdd(1, ordering: .relaxed) }
                    pool = next
                    batcher.adopt(next)
                    subscription.acknowledge()
                }
                if predicts { FakeLoop.predict(pool, batcher) }
                onTick(pool)
                counts.ticks.wrappingAdd(1, ordering: .relaxed)
                if isStopping == true { break }
            }
            pool = .empty
            batcher.adopt(.empty)
            subscription.close()
        }
        thread.withLock { $0 = started }
    }

    private static func predict(_ pool: PredictorPool, _ batcher: TickBatcher) {
        for (index, model) in pool.models.enumerated() {
            guard var batch = try? batcher.take(model) else { return }
            let row = batch.appendRow()
            batch.setDouble(21, row: row, column: 0)
            batcher.submit(batch, model, ticket: BatchTicket(exchange: UInt64(index)), rows: row..<row + 1)
        }
        batcher.flush { _, model, rows, output in
            let offset = (model.predictor as? FakePredictor)?.offset ?? -1
            precondition(output.values[0].float64[rows.lowerBound] == 42 + offset, "another model's answer")
        }
    }

    func stop() {
        monitor.withLock { $0.isStopping = true }
        thread.withLock { $0.take() }?.join()
    }

    var hasSeenGoingBack: Bool { counts.goneBack.load(ordering: .relaxed) > 0 }
    var tickCount: Int { counts.ticks.load(ordering: .relaxed) }
}

/// Runs a body on the control thread and waits for it.
func onControl<Result: Sendable>(_ control: ControlThread, _ body: @escaping @Sendable () -> Result) -> Result? {
    let box = Monitor<Result?>(nil)
    guard
        control.submit({
            let result = body(); box.withLock { $0 = result }
        })
    else { return nil }
    return box.wait(for: .seconds(60)) { $0 }
}

struct ReclamationTests {
    /// The contract: the last release of a replaced model happens on the control thread, whatever the loops do
    /// meanwhile.
    @Test func freesReplacedModelsOnTheControlThreadWhileLoopsPredict() throws {
        let control = try ControlThread()
        var limits = ModelRegistry.Limits()
        limits.drainTimeout = .seconds(60)
        let world = FakeWorld(limits: limits, isHere: { control.isCurrent })
        let loops = try (0..<3).map { _ in try FakeLoop(world.registry, predicts: true) }
        let isDrained = onControl(control) {
            (1...100).allSatisfy { number in
                let name = "m\(number % 2)"
                return (try? world.publish(name, number))?.isDrained ?? false
            }
        }
        #expect(isDrained == true)
        #expect(world.released.numbers.sorted() == Array(1...98), "all but the two that serve")
        #expect(world.released.allHere)
        #expect(world.registry.retiredModelCount == 0)
        for loop in loops {
            loop.stop()
            #expect(!loop.hasSeenGoingBack)
            #expect(loop.tickCount > 0)
        }
        control.stop()
    }

    @Test func keepsAModelThatARequestStillHolds() throws {
        let world = FakeWorld()
        var held: ServedModel? = try world.publish("a", 1).model
        _ = try world.publish("a", 2)
        #expect(world.released.numbers.isEmpty)
        #expect(world.registry.retiredModelCount == 1)
        world.registry.housekeep()
        #expect(world.released.numbers.isEmpty)
        #expect(held?.version == 1)
        held = nil
        #expect(world.released.numbers.isEmpty, "releasing the request's reference does not free it")
        world.registry.housekeep()
        #expect(world.released.numbers == [1])
        #expect(world.registry.retiredModelCount == 0)
    }

    @Test func doesNotWaitForeverForALoopThatHangs() throws {
        var limits = ModelRegistry.Limits()
        limits.drainTimeout = .milliseconds(20)
        let world = FakeWorld(limits: limits)
        let subscription = world.registry.subscribe {}
        var pool = subscription.adopt()
        subscription.acknowledge()
        #expect(pool?.models.isEmpty == true)
        #expect(try world.publish("a", 1).isDrained == false)
        pool = subscription.adopt()
        subscription.acknowledge()
        #expect(pool?.names == ["a"])
        #expect(try world.publish("a", 2).isDrained == false)
        #expect(world.released.numbers.isEmpty, "the hanging loop still has it")
        pool = subscription.adopt()
        #expect(pool?.models.first?.version == 2)
        subscription.acknowledge()
        world.registry.housekeep()
        #expect(world.released.numbers == [1])
        pool = nil
        subscription.close()
        #expect(try world.publish("a", 3).isDrained, "a loop that has ended is not waited for")
    }

    @Test func waitsForJobsOnTheOldSnapshot() throws {
        var limits = ModelRegistry.Limits()
        limits.drainTimeout = .seconds(60)
        let world = FakeWorld(limits: limits)
        _ = try world.publish("a", 1)
        let subscription = world.registry.subscribe {}
        let pool = try #require(subscription.adopt())
        subscription.acknowledge()
        pool.jobs.begin()
        let control = try ControlThread()
        let published = Signal()
        let posted = Signal()
        let next = world.registry.subscribe { posted.send() }
        #expect(
            control.submit {
                let report = try? world.publish("a", 2)
                if report?.isDrained == true { published.send() }
            })
        #expect(posted.wait(2), "the new snapshot has been posted")
        for one in [subscription, next] {
            #expect(one.adopt()?.models.first?.version == 2)
            one.acknowledge()
        }
        #expect(published.count == 0, "a job still runs")
        pool.jobs.end()
        #expect(published.wait())
        control.stop()
    }

    @Test func aLoopThatIsBehindTakesOnlyTheNewest() throws {
        var limits = ModelRegistry.Limits()
        limits.drainTimeout = .milliseconds(1)
        let world = FakeWorld(limits: limits)
        let wakes = Signal()
        let subscription = world.registry.subscribe { wakes.send() }
        for number in 1...3 { _ = try world.publish("a", number) }
        #expect(wakes.count == 4)
        #expect(subscription.adopt()?.models.first?.version == 3)
        #expect(subscription.adopt() == nil)
    }

    @Test func givesBackMemoryOnlyAfterSomethingBig() throws {
        let releases = Monitor<[MemoryRelease]>([])
        let small = FakeWorld(releaseMemory: { release in releases.withLock { $0.append(release) } })
        _ = try small.publish("a", 1)
        _ = try small.publish("a", 2)
        #expect(releases.withLock(\.self).isEmpty)
        let big = FakeWorld(tableBytes: 2 << 20, releaseMemory: { release in releases.withLock { $0.append(release) } })
        _ = try big.publish("a", 1)
        #expect(releases.withLock(\.self).isEmpty)
        _ = try big.publish("a", 2)
        #expect(releases.withLock(\.self) == [.inAPause], "the next one needs as much again")
        _ = try big.registry.remove("a")
        #expect(releases.withLock(\.self) == [.inAPause, .now])
    }

    @Test func endsJobsOnlyOnce() async {
        await #expect(processExitsWith: .failure) {
            let pool = makePool([])
            pool.jobs.begin()
            pool.jobs.end()
            pool.jobs.end()
        }
    }
}
