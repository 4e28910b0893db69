import EventLoop
import ModelStore
import Synchronization
import Testing

@testable import Serving

/// Uploads to a store far away: while a file is on its way, other models change.
struct UploadTransferTests {
    @Test func otherModelsChangeAndTheSameOneWaitsItsTurn() throws {
        let site = try FarSite()
        let first = try site.put("a", 1)
        #expect(first.outcome.version == 1)
        site.store.close(to: 2)
        let hung = try site.put("a", 2)
        #expect(site.store.departures.wait(2))
        let bytes = site.world.registry.memoryBytes
        // What comes for the same name comes after it, in its order.
        let removed = Signal()
        let registry = site.world.registry
        let seen = Mutex<Int?>(nil)
        #expect(
            site.receiver.inTurn(of: "a") { _ in
                seen.withLock { $0 = registry.pool.model(named: "a")?.version }
                _ = try? registry.remove("a")
                removed.send()
                return []
            })
        let last = try site.put("a", 3)
        for number in 4...6 { #expect(try site.put("b\(number)", number).outcome.version == 1, "it waits for nobody") }
        #expect(registry.pool.names == ["a", "b4", "b5", "b6"])
        #expect(registry.pool.model(named: "a")?.version == 1 && !hung.outcome.isThere && !last.outcome.isThere)
        #expect(bytes > 2_000, "what is on its way counts")
        site.store.open(to: 2)
        #expect(hung.outcome.version == 2)
        #expect(removed.wait())
        #expect(seen.withLock { $0 } == 2)
        #expect(last.outcome.version == 3)
        site.stop()
        #expect(registry.pool.model(named: "a")?.version == 3)
        #expect(registry.pendingBytes.value == 0, "nothing is counted twice, or for ever")
        #expect(site.receiver.runningCount == 0)
    }

    @Test func aClientThatLeavesFreesItsPlace() throws {
        let site = try FarSite()
        site.store.close(to: 1)
        site.store.close(to: 2)
        let uploads = [try site.put("a", 1), try site.put("b", 2)]
        #expect(site.store.departures.wait(2))
        let waiting = try site.put("a", 3)
        let alsoWaiting = try site.put("a", 4)
        alsoWaiting.upload.cancel()
        for (upload, outcome) in uploads {
            upload.cancel()
            #expect(outcome.error == .cancelled)
        }
        #expect(waiting.outcome.version == 1, "nothing was published before")
        #expect(alsoWaiting.outcome.error == .cancelled)
        site.stop()
        #expect(site.world.registry.pool.names == ["a"] && site.receiver.runningCount == 0)
        #expect(site.world.registry.memoryBytes == site.world.registry.pool.memoryBytes)
    }

    @Test func aClientThatLeavesWhileItWaitsItsTurnIsGoneAtOnce() throws {
        let site = try FarSite()
        site.store.close(to: 1)
        let hung = try site.put("a", 1)
        #expect(site.store.departures.wait(1))
        let left = try site.put("a", 2)
        // What is handed over later is done later: by then it waits.
        let isWaiting = Signal()
        #expect(site.control.submit { isWaiting.send() })
        #expect(isWaiting.wait())
        left.upload.cancel()
        #expect(left.outcome.error == .cancelled)
        #expect(!hung.outcome.isThere && site.receiver.runningCount == 1)
        site.store.open(to: 1)
        #expect(hung.outcome.version == 1)
        #expect(try site.put("a", 3).outcome.version == 2, "nothing of it is left in the line")
        site.stop()
        #expect(site.store.departures.count == 2)
    }

    @Test func aClientThatLeavesDuringTheImportSendsNothing() throws {
        let isImporting = Signal()
        let gate = Signal()
        let site = try FarSite {
            isImporting.send()
            gate.wait()
        }
        let (upload, outcome) = try site.put("a", 1)
        #expect(isImporting.wait())
        upload.cancel()
        gate.send()
        #expect(outcome.error == .cancelled)
        site.stop()
        #expect(site.store.departures.count == 0 && site.world.registry.pool.names.isEmpty)
        #expect(site.world.registry.pendingBytes.value == 0 && site.receiver.runningCount == 0)
    }

    @Test func whatIsOnItsWayIsWaitedFor() throws {
        let site = try FarSite()
        site.store.close(to: 1)
        _ = try site.put("a", 1)
        #expect(site.store.departures.wait(1))
        #expect(!site.receiver.waitUntilIdle(for: .zero))
        site.store.open(to: 1)
        #expect(site.receiver.waitUntilIdle(for: .seconds(30)))
        #expect(site.world.registry.pool.names == ["a"])
        site.stop()
    }

    @Test func theMemoryLimitHoldsWhileAFileIsOnItsWay() throws {
        let bytes = try FakeWorld(tableBytes: 1_000).publish("a", 1).model.memoryBytes
        var limits = ModelRegistry.Limits()
        limits.memoryBytesMax = 2 * bytes + bytes / 2
        limits.versionsKept = 1
        let site = try FarSite(limits: limits)
        for number in 1...2 { #expect(try site.put("a", number).outcome.version == number) }
        // A thread that has sent a file holds the answer with its model until it ends.
        site.threads.join()
        let registry = site.world.registry
        #expect(registry.memoryBytes == 2 * bytes, "one is kept for a rollback")
        site.store.close(to: 3)
        let last = try site.put("a", 3)
        #expect(site.store.departures.wait(3))
        #expect(registry.memoryBytes == 2 * bytes, "it has gone by now")
        site.store.open(to: 3)
        #expect(last.outcome.version == 3)
        site.stop()
        #expect(registry.pendingBytes.value == 0)
    }

    @Test func whatIsAskedOfTheModelIsAskedAgainWhenTheFileHasArrived() throws {
        let site = try FarSite()
        let other = FakeWorld(store: site.store)
        let tag = try other.publish("a", 1).model.etag
        try site.world.catchUp()
        site.store.close(to: 2)
        let precondition = PublishPrecondition(ifMatch: ETagCondition(fieldValue: tag))
        let upload = try site.put("a", 2, PublishOptions(precondition: precondition))
        #expect(site.store.departures.wait(1))
        // Another replica is faster.
        let theirs = try other.publish("a", 3).model.etag
        site.store.open(to: 2)
        #expect(upload.outcome.error == .preconditionFailed(currentETag: theirs))
        // And what serves when it arrives is what it is compared with.
        site.store.close(to: 4)
        let next = try site.put("a", 4)
        #expect(site.store.departures.wait(2))
        _ = try other.publish("a", 5)
        try site.world.catchUp()
        site.store.open(to: 4)
        #expect(next.outcome.version == 4)
        #expect(try next.outcome.wait()?.get().model.shadow?.version == 3)
        site.stop()
    }

    @Test func aDryRunSendsNothing() throws {
        let site = try FarSite()
        var options = PublishOptions()
        options.isDryRun = true
        #expect(try site.put("a", 1, options).outcome.version == 1)
        site.stop()
        #expect(site.store.departures.count == 0 && site.world.registry.memoryBytes == 0)
    }
}
