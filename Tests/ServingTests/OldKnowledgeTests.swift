import ModelStore
import Synchronization
import Testing

@testable import Serving

/// A replica is asked to change what another one has just changed, and has not looked at the store since.
struct OldKnowledgeTests {
    private func limits() -> ModelRegistry.Limits {
        var limits = ModelRegistry.Limits()
        limits.versionsKept = 4
        return limits
    }

    private func pair(_ store: any ModelStore) -> (writer: FakeWorld, other: FakeWorld) {
        (FakeWorld(store: store, limits: limits()), FakeWorld(store: store, limits: limits()))
    }

    private func match(_ tag: String) -> PublishPrecondition {
        PublishPrecondition(ifMatch: ETagCondition(fieldValue: tag))
    }

    @Test func theNewestTagIsTakenAtAnyReplica() throws {
        let (writer, other) = pair(MemoryModelStore(keepsBlobs: true))
        let first = try writer.publish("a", 1).model.etag
        try other.registry.follow()
        var newest = try writer.publish("a", 2).model.etag
        #expect(throws: PublishError.preconditionFailed(currentETag: newest)) {
            try other.publish("a", 3, match(first))
        }
        let report = try other.publish("a", 3, match(newest))
        #expect(report.model.version == 3)
        newest = try writer.publish("a", 4).model.etag
        newest = try other.registry.change("a", change { $0.aliases = ["x": 4] }, precondition: match(newest)).etag
        #expect(throws: PublishError.preconditionFailed(currentETag: newest)) {
            try writer.registry.remove("a", precondition: match(first))
        }
        newest = try writer.publish("a", 5, match(newest)).model.etag
        _ = try other.registry.removeVersion(1, of: "a", precondition: match(newest))
        newest = try writer.publish("a", 6).model.etag
        _ = try other.registry.remove("a", precondition: match(newest))
        #expect(try other.store.newestManifest().manifest?.models.isEmpty == true)
    }

    @Test func versionsAliasesAndModelsOfAnotherReplicaAreThere() throws {
        let (writer, other) = pair(MemoryModelStore(keepsBlobs: true))
        _ = try writer.publish("a", 1)
        try other.registry.follow()
        _ = try writer.publish("a", 2)
        let entry = try other.registry.change("a", change { $0.aliases = ["canary": 2] })
        #expect(entry.current.version == 2 && entry.aliases.map(\.model.version) == [2])
        _ = try writer.registry.change("a", change { $0.aliases = ["old": 1] })
        #expect(try other.registry.change("a", change { $0.current = .alias("old") }).current.version == 1)
        _ = try writer.registry.change("a", change { $0.aliases = ["old": nil, "canary": nil] })
        _ = try other.registry.removeVersion(2, of: "a")
        _ = try writer.publish("b", 1)
        _ = try other.registry.change("b", change { $0.aliases = ["x": 1] })
        _ = try writer.publish("c", 1)
        _ = try other.registry.remove("c")
        _ = try writer.publish("d", 1)
        let report = try other.publish("d", 2)
        #expect(!report.isNew && report.previousVersion == 1 && report.model.version == 2)
    }

    @Test func aModelThatIsGoneIsNewAgain() throws {
        let (writer, other) = pair(MemoryModelStore(keepsBlobs: true))
        _ = try writer.publish("a", 1)
        try other.registry.follow()
        _ = try writer.registry.remove("a")
        var options = PublishOptions()
        options.mustBeNew = true
        try other.registry.refuseEarly("a", options)
        let onlyOld = PublishPrecondition(ifMatch: .any)
        #expect(throws: PublishError.preconditionFailed(currentETag: nil)) { try other.publish("b", 1, onlyOld) }
        #expect(throws: PublishError.unknownModel(name: "a", known: [])) {
            try other.registry.change("a", change { $0.aliases = ["x": 7] })
        }
        #expect(try other.registry.publish("a", bytes: Array("fake2".utf8), options: options).model.version == 2)
        #expect(throws: PublishError.preconditionFailed(currentETag: other.registry.pool.entry(named: "a")?.etag)) {
            try writer.publish("a", 3, PublishPrecondition(ifNoneMatch: .any))
        }
    }

    @Test func onlyWhatWillNeverBeTrueAgainIsRefusedEarly() throws {
        let (writer, other) = pair(MemoryModelStore(keepsBlobs: true))
        let first = try writer.publish("a", 1).model.etag
        let second = try writer.publish("a", 2).model.etag
        try other.registry.follow()
        let third = try writer.publish("a", 3).model.etag
        let registry = other.registry
        for condition in [match(second), match(third), match("\(first), \(third)"), match("\"else\""), match("*")] {
            try registry.refuseEarly("a", PublishOptions(precondition: condition))
        }
        try registry.refuseEarly("a", PublishOptions(precondition: PublishPrecondition(ifNoneMatch: .any)))
        try registry.refuseEarly("new", PublishOptions(precondition: match("*")))
        for stale in [match(first), match("W/\(third), \(first)")] {
            #expect(throws: PublishError.preconditionFailed(currentETag: second)) {
                try registry.refuseEarly("a", PublishOptions(precondition: stale))
            }
        }
    }

    /// Where the store cannot be seen, what is known is all there is.
    @Test func aStoreThatIsAwayChangesNoRefusal() throws {
        let store = FailingStore()
        let (writer, other) = pair(store)
        let first = try writer.publish("a", 1).model.etag
        try other.registry.follow()
        let second = try writer.publish("a", 2).model.etag
        store.failsLooks.withLock { $0 = true }
        #expect(throws: PublishError.preconditionFailed(currentETag: first)) {
            try other.registry.remove("a", precondition: match(second))
        }
        #expect(throws: PublishError.unknownModel(name: "b", known: ["a"])) { try other.registry.remove("b") }
        store.failsLooks.withLock { $0 = false }
        _ = try other.registry.remove("a", precondition: match(second))
    }
}
