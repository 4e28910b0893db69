import ModelStore
import SeededRandom
import Synchronization
import Testing

@testable import Serving

/// Replicas on one store, with everything that goes wrong: random changes, restarts, and a store that fails.
struct ReplicaTests {
    /// What all machines share, and a log of every manifest that was ever committed.
    final class Shared: Sendable {
        let base = MemoryModelStore(keepsBlobs: true)
        let blobs = Mutex<[ContentDigest: [UInt8]]>([:])
        let manifests = Mutex<[StoreManifest]>([])
    }

    struct Failures {
        /// How often, of a thousand, something fails.
        var permille = 0
        var isAway = false
        var generator: SeededGenerator
    }

    /// One machine's way to the store, with a cache of its own that outlives the process.
    final class Machine: ModelStore {
        let shared: Shared
        let failures: Mutex<Failures>
        let cached = Mutex<CachedManifest?>(nil)
        let local = Mutex<[ContentDigest: [UInt8]]>([:])
        /// Files that the store does not give.
        let unfetchable = Mutex<Set<ContentDigest>>([])
        let isFarAway: Bool
        let isReadOnly = Atomic<Bool>(false)

        init(_ shared: Shared, seed: UInt64, isFarAway: Bool = true) {
            self.shared = shared
            self.isFarAway = isFarAway
            failures = Mutex(Failures(generator: SeededGenerator(seed: seed)))
        }

        var isWritable: Bool { !isReadOnly.load(ordering: .relaxed) }
        var keepsBlobs: Bool { true }

        /// From now on nothing fails.
        func heal() {
            failures.withLock { failures in
                failures.permille = 0
                failures.isAway = false
            }
        }

        private func isFailing() -> Bool {
            failures.withLock { $0.isAway || Int.random(in: 0..<1000, using: &$0.generator) < $0.permille }
        }

        private func mayFail(_ operation: String) throws(StoreError) {
            guard !isFailing() else { throw StoreError(.unreachable, while: operation, detail: "it does not answer") }
        }

        func newestManifest() throws(StoreError) -> ManifestLookup {
            try mayFail("looking")
            return try shared.base.newestManifest()
        }

        func manifest(generation: Int) throws(StoreError) -> StoreManifest {
            try mayFail("looking")
            return try shared.base.manifest(generation: generation)
        }

        func cachedManifest() -> CachedManifest? { cached.withLock { $0 } }
        func cache(_ manifest: CachedManifest) { cached.withLock { $0 = manifest } }

        func blob(_ digest: ContentDigest, bytesMax: Int) throws(StoreError) -> [UInt8] {
            if let bytes = local.withLock({ $0[digest] }) { return bytes }
            try mayFail("fetching")
            guard !unfetchable.withLock({ $0.contains(digest) }) else {
                throw StoreError(.unreachable, while: "fetching", detail: "it does not answer")
            }
            guard let bytes = shared.blobs.withLock({ $0[digest] }) else {
                throw StoreError(.missing, while: "fetching", detail: "it is not there")
            }
            local.withLock { $0[digest] = bytes }
            return bytes
        }

        func makeBlobWriter() throws(StoreError) -> any BlobWriter { Writer(self) }

        func commit(_ manifest: StoreManifest) throws(StoreError) {
            try mayFail("committing")
            try shared.base.commit(manifest)
            shared.manifests.withLock { $0.append(manifest) }
            // Done, and nobody has heard of it.
            try mayFail("committing")
        }

        func collect(manifestsKept: Int, graceSeconds: Int) throws(StoreError) -> StoreCollection { StoreCollection() }

        private final class Writer: BlobWriter {
            let machine: Machine
            let bytes = Mutex<[UInt8]>([])

            init(_ machine: Machine) { self.machine = machine }

            var byteCount: Int { bytes.withLock { $0.count } }
            func append(_ more: [UInt8]) throws(StoreError) { bytes.withLock { $0 += more } }
            func contents() throws(StoreError) -> [UInt8] { bytes.withLock { $0 } }
            func discard() {}

            func keep(as digest: ContentDigest) throws(StoreError) {
                try machine.mayFail("storing")
                let bytes = bytes.withLock { $0 }
                machine.shared.blobs.withLock { $0[digest] = bytes }
                machine.local.withLock { $0[digest] = bytes }
            }
        }
    }

    /// What was seen of one process: none of it may go back.
    private struct Sight {
        var whole = 0
        var names: [String: Int] = [:]
    }

    private static let names = (0..<4).map { "m\($0)" }

    private func check(_ world: FakeWorld, _ sight: inout Sight, _ context: String) {
        let pool = world.registry.pool
        #expect(pool.generation >= sight.whole, "\(context): the whole goes back")
        sight.whole = pool.generation
        for name in Self.names {
            let generation = pool.generation(of: name)
            #expect(generation >= sight.names[name] ?? 0, "\(context): \(name) goes back")
            #expect(generation >= pool.generation, "\(context): \(name) is older than the whole")
            sight.names[name] = generation
        }
        let status = world.registry.followStatus
        #expect(status.servedGeneration <= status.seenGeneration, "\(context)")
    }

    /// What a pool says of its generations is what the manifests say of them.
    private func checkTruth(_ world: FakeWorld, _ manifests: [StoreManifest], _ context: String) {
        let pool = world.registry.pool
        for name in Self.names {
            let generation = pool.generation(of: name)
            guard let manifest = manifests.first(where: { $0.generation == generation }),
                let entry = pool.entry(named: name)
            else { continue }
            // It is as of that generation or newer, never older.
            let then = manifest.model(named: name)
            #expect(
                entry.generation >= then?.generation ?? 0, "\(context): \(name) passes for generation \(generation)")
        }
    }

    /// A number of a name is one file, published once.
    static func checkNumbers(_ manifests: [StoreManifest], _ context: String) {
        var given: [String: StoredModel.Version] = [:]
        for manifest in manifests {
            for model in manifest.models {
                for version in model.versions {
                    let key = "\(model.name) \(version.number)"
                    #expect(given[key] == nil || given[key] == version, "\(context): \(key) was given out twice")
                    given[key] = version
                }
            }
        }
    }

    /// What does not serve as the store says is told by its name, and nothing else is.
    private func checkTold(_ world: FakeWorld, _ context: String) {
        let state = world.registry.operations.withLock { ($0.manifest, $0.applied, $0.servesCache) }
        guard let manifest = state.0, manifest.generation == state.1?.generation, !state.2 else { return }
        let pool = world.registry.pool
        let behind = manifest.models.filter { stored in
            let entry = pool.entry(named: stored.name)
            return entry?.etag != stored.etag
                || stored.versions.contains { version in
                    stored.needs(version)
                        && entry?.versions.contains { $0.is(version, of: stored.name) } != true
                }
        }
        let status = world.registry.followStatus
        #expect(status.lagging.map(\.name).sorted() == behind.map(\.name).sorted(), "\(context): \(status)")
        #expect(behind.isEmpty || status.lag != nil, "\(context)")
    }

    @Test func whatComesFromTheCacheIsNoNewerThanItWas() throws {
        let shared = Shared()
        let writer = FakeWorld(store: Machine(shared, seed: 1))
        _ = try writer.publish("m0", 1)
        let first = try #require(try writer.store.newestManifest().manifest)
        _ = try writer.publish("m0", 2)
        // A machine that could not load the second version, and was started again when the store was away.
        let machine = Machine(shared, seed: 2)
        _ = try machine.blob(ContentDigest(of: Array("fake1".utf8)), bytesMax: 100)
        machine.cache(
            CachedManifest(
                manifest: StoreManifest(generation: 2, created: 0, models: first.models, defaultName: nil), complete: 1)
        )
        machine.failures.withLock { $0.isAway = true }
        let world = FakeWorld(store: machine)
        #expect(world.registry.restoreCached(because: "it is away")?.generation == 2)
        let registry = world.registry
        #expect(registry.pool.model(named: "m0")?.version == 1)
        #expect(registry.pool.generation == 1 && registry.pool.generation(of: "m0") == 1)
        #expect(registry.followStatus.cachedSince != nil && registry.followStatus.lag?.reason == "it is away")
        #expect(throws: PublishError.self) { try world.publish("m0", 3) }
        #expect(throws: StoreError.self) { try world.catchUp() }
        machine.failures.withLock { $0.isAway = false }
        // A change that is refused has seen the store, and has not made it serve.
        let stale = PublishPrecondition(ifMatch: ETagCondition(fieldValue: first.models[0].etag))
        #expect(throws: PublishError.self) { try world.publish("m0", 3, stale) }
        #expect(try world.catchUp())
        #expect(registry.pool.model(named: "m0")?.version == 2 && registry.pool.generation == 2)
        #expect(registry.followStatus.cachedSince == nil && registry.followStatus.lag == nil)
        #expect(machine.cachedManifest()?.complete == 2)
    }

    /// What a cache tells of and does not have is nothing to be ready with.
    @Test func aCacheWithoutItsFilesIsNoCache() throws {
        let shared = Shared()
        let writer = FakeWorld(store: Machine(shared, seed: 1))
        for (name, number) in [("m0", 1), ("m1", 2)] { _ = try writer.publish(name, number) }
        let newest = try #require(try writer.store.newestManifest().manifest)
        let machine = Machine(shared, seed: 2)
        machine.cache(CachedManifest(manifest: newest, complete: 2))
        machine.failures.withLock { $0.isAway = true }
        let world = FakeWorld(store: machine)
        #expect(world.registry.restoreCached(because: "it is away") == nil)
        world.registry.noteUnseen(because: "it is away")
        #expect(!world.registry.followStatus.hasStarted && world.registry.pool.generation == 0)
        machine.failures.withLock { $0.isAway = false }
        #expect(try world.catchUp())
        #expect(world.registry.followStatus.hasStarted && world.registry.pool.names == ["m0", "m1"])
    }

    @Test func aStartIsNotOverWhileAFileIsWaitedFor() throws {
        let shared = Shared()
        let writer = FakeWorld(store: Machine(shared, seed: 1))
        for (name, number) in [("m0", 1), ("m1", 2)] { _ = try writer.publish(name, number) }
        let machine = Machine(shared, seed: 2)
        machine.unfetchable.withLock { $0 = [ContentDigest(of: Array("fake2".utf8))] }
        let world = FakeWorld(store: machine)
        try world.catchUp()
        #expect(world.registry.pool.names == ["m0"] && !world.registry.followStatus.hasStarted)
        machine.unfetchable.withLock { $0 = [] }
        try world.catchUp()
        #expect(world.registry.followStatus.hasStarted)
        // What serves as it did is not waited for.
        machine.unfetchable.withLock { $0 = [ContentDigest(of: Array("fake3".utf8))] }
        _ = try writer.publish("m1", 3)
        try world.catchUp()
        #expect(world.registry.followStatus.laggingCount == 1 && world.registry.followStatus.hasStarted)
    }

    @Test func theCacheIsToldWhenTheLastModelHasCaughtUp() throws {
        let shared = Shared()
        let writer = FakeWorld(store: Machine(shared, seed: 1))
        for (name, number) in [("m0", 1), ("m1", 2)] { _ = try writer.publish(name, number) }
        let machine = Machine(shared, seed: 2)
        machine.unfetchable.withLock { $0 = [ContentDigest(of: Array("fake2".utf8))] }
        let world = FakeWorld(store: machine)
        try world.catchUp()
        #expect(machine.cachedManifest() == nil, "what an earlier run has kept is not given up for less")
        machine.unfetchable.withLock { $0 = [] }
        try world.catchUp()
        #expect(machine.cachedManifest()?.complete == 2)
    }

    /// Where the cache alone has been seen, what it says refuses nothing.
    @Test func aChangeStandsOnTheStoreAndNotOnTheCache() throws {
        let shared = Shared()
        let machine = Machine(shared, seed: 1)
        _ = try FakeWorld(store: machine).publish("m0", 1)
        let writer = FakeWorld(store: Machine(shared, seed: 2))
        try writer.catchUp()
        let tag = try writer.publish("m0", 2).model.etag
        _ = try writer.publish("m1", 3)
        machine.failures.withLock { $0.isAway = true }
        let world = FakeWorld(store: machine)
        let registry = world.registry
        #expect(registry.restoreCached(because: "it is away") != nil)
        let matching = PublishPrecondition(ifMatch: ETagCondition(fieldValue: tag))
        var change = ModelChange()
        change.aliases = ["x": 2]
        func isUnreachable(_ error: any Error) -> Bool {
            guard case .store(let reason)? = error as? PublishError else { return false }
            return reason.kind == .unreachable
        }
        #expect(performing: { try registry.remove("m1") }, throws: isUnreachable)
        #expect(performing: { try registry.remove("m0", precondition: matching) }, throws: isUnreachable)
        #expect(performing: { try registry.change("m1", change) }, throws: isUnreachable)
        #expect(performing: { try registry.removeVersion(1, of: "m1") }, throws: isUnreachable)
        #expect(performing: { try world.publish("m0", 4, matching) }, throws: isUnreachable)
        try registry.refuseEarly("m0", PublishOptions(precondition: matching))
        machine.failures.withLock { $0.isAway = false }
        #expect(try world.publish("m0", 4, matching).model.version == 3)
    }

    /// What is hard on the replicas besides restarts and a store that fails.
    enum Hardship: CaseIterable {
        case none
        /// One of them refuses a quarter of the files, until a newer server takes its place.
        case refusedFiles
        /// There is room for six versions.
        case littleMemory
        /// Files are read from the store by the operations themselves.
        case storeOnDisk
    }

    @Test(arguments: 1...12, Hardship.allCases)
    func noNumberTwiceNoGenerationBackAndAllAgreeInTheEnd(seed: Int, hardship: Hardship) throws {
        var generator = SeededGenerator(seed: UInt64(seed))
        var limits = ModelRegistry.Limits()
        limits.versionsKept = Int.random(in: 0...2, using: &generator)
        let shared = Shared()
        let isFarAway = hardship != .storeOnDisk
        let machines = (0..<3).map { Machine(shared, seed: UInt64(seed * 10 + $0), isFarAway: isFarAway) }
        let tableBytes = 4000
        if hardship == .littleMemory {
            let one = try FakeWorld(tableBytes: tableBytes).publish("m0", 1).model.memoryBytes
            limits.memoryBytesMax = 6 * one + one / 2
        }
        let refused = hardship == .refusedFiles ? Set(stride(from: 0, to: 250, by: 4)) : []
        var refusing = [[], [], refused]
        func start(_ machine: Machine, refuses: Set<Int> = []) -> FakeWorld {
            let world = FakeWorld(store: machine, limits: limits, tableBytes: tableBytes, refuses: refuses)
            do {
                try world.catchUp()
            } catch {
                if world.registry.restoreCached(because: "\(error)") == nil {
                    world.registry.noteUnseen(because: "\(error)")
                }
            }
            return world
        }
        var worlds = zip(machines, refusing).map { start($0, refuses: $1) }
        var sights = machines.map { _ in Sight() }
        for step in 0..<250 {
            let index = Int.random(in: 0..<3, using: &generator)
            let name = Self.names[Int.random(in: 0..<Self.names.count, using: &generator)]
            let context = "seed \(seed), step \(step), replica \(index)"
            let registry = worlds[index].registry
            switch Int.random(in: 0..<20, using: &generator) {
            case 0..<6: _ = try? worlds[index].publish(name, step)
            case 6..<8:
                var change = ModelChange()
                change.current = .previous
                _ = try? worlds[index].change(name, change)
            case 8..<10:
                var change = ModelChange()
                change.aliases = ["x": Int.random(in: 1...9, using: &generator)]
                _ = try? worlds[index].change(name, change)
            case 10..<12: _ = try? registry.remove(name)
            case 12..<16: _ = try? worlds[index].catchUp()
            case 16: registry.housekeep()
            case 17:
                if index == 2 { refusing[index] = refusing[index].isEmpty ? refused : [] }
                worlds[index] = start(machines[index], refuses: refusing[index])
                sights[index] = Sight()
            case 18:
                let permille = [0, 100, 400][Int.random(in: 0..<3, using: &generator)]
                machines[index].failures.withLock { $0.permille = permille }
            default:
                let isAway = Int.random(in: 0..<3, using: &generator) == 0
                machines[index].failures.withLock { $0.isAway = isAway }
            }
            check(worlds[index], &sights[index], context)
            checkTruth(worlds[index], shared.manifests.withLock { $0 }, context)
            checkTold(worlds[index], context)
            if let limit = limits.memoryBytesMax { #expect(worlds[index].registry.memoryBytes <= limit, "\(context)") }
        }
        for machine in machines { machine.heal() }
        let manifests = shared.manifests.withLock { $0 }
        try #require(manifests.count > 15, "seed \(seed): too little was done to prove anything")
        Self.checkNumbers(manifests, "seed \(seed)")
        let newest = try #require(manifests.last)
        for (world, number) in zip(worlds, 0...) {
            try world.catchUp()
            let pool = world.registry.pool
            checkTold(world, "seed \(seed), replica \(number)")
            let digests = Set(refusing[number].map { ContentDigest(of: Array("fake\($0)".utf8)) })
            let lagging = newest.models.filter { model in
                model.versions.contains { model.needs($0) && digests.contains($0.digest) }
            }
            guard lagging.isEmpty, hardship != .littleMemory else {
                let told = world.registry.followStatus.lagging.map(\.name)
                #expect(hardship == .littleMemory || told == lagging.map(\.name), "seed \(seed), replica \(number)")
                continue
            }
            #expect(world.registry.followStatus.lag == nil, "seed \(seed), replica \(number)")
            #expect(pool.generation == newest.generation, "seed \(seed), replica \(number)")
            #expect(pool.entries.map(\.etag) == newest.models.map(\.etag), "seed \(seed), replica \(number)")
            #expect(machines[number].cachedManifest()?.manifest == newest, "seed \(seed), replica \(number)")
        }
    }
}
