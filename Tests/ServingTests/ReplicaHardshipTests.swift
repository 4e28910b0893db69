import InferenceEngine
import ModelStore
import SeededRandom
import Synchronization
import TensorCore
import Testing

@testable import Serving

/// Replicas on one store that are not alike, and all that may be asked of them, beside what ``ReplicaTests`` has:
/// files of the command line, versions taken out, policies that refuse, preconditions, defaults, and uploads whose file
/// is long on its way.
struct ReplicaHardshipTests {
    private typealias Machine = ReplicaTests.Machine

    private static let names = (0..<4).map { "m\($0)" }
    private static let tableBytes = 4000

    /// One server, as long as it lives, with what it was started with.
    private struct Replica {
        let machine: Machine
        var limits = ModelRegistry.Limits()
        /// Names of files on the command line, and their content; a negative one is refused.
        var files: [(name: String, number: Int)] = []
        var world: FakeWorld
        var pending: [PendingPublish] = []
        var whole = 0
        var generations: [String: Int] = [:]

        init(_ machine: Machine, _ limits: ModelRegistry.Limits, _ files: [(name: String, number: Int)]) {
            self.machine = machine
            self.limits = limits
            self.files = files
            world = FakeWorld(store: machine, limits: limits, tableBytes: ReplicaHardshipTests.tableBytes)
            start()
        }

        var registry: ModelRegistry { world.registry }

        mutating func restart() { self = Replica(machine, limits, files) }

        private func start() {
            do {
                try world.catchUp()
            } catch {
                if registry.restoreCached(because: "\(error)") == nil { registry.noteUnseen(because: "\(error)") }
            }
            for file in files {
                do throws(PublishError) {
                    _ = try registry.loadStatic(file.name, Array("fake\(file.number)".utf8))
                } catch {
                    registry.lacksStatic(file.name, because: error)
                }
            }
        }

        func isBusy(_ name: String) -> Bool { pending.contains { $0.name == name } }

        /// What serves, and whether it is all that the store was seen to have last; as of which generation.
        var sight: (answers: [String], isComplete: Bool, generation: Int) {
            let (isComplete, generation) = registry.operations.withLock { state in
                (state.lagging.isEmpty && !state.servesCache, state.applied?.generation ?? 0)
            }
            return (answers, isComplete, generation)
        }

        /// Whether a refused operation has left everything as it was, but for what others have done.
        func isAsBefore(_ before: (answers: [String], isComplete: Bool, generation: Int)) -> Bool {
            sight.answers == before.answers || !before.isComplete || sight.generation > before.generation
        }

        /// What serves, as clients see it.
        private var answers: [String] {
            let pool = registry.pool
            return pool.entries.map { "\($0.name) \($0.etag) \($0.current.version)" }
                + ["default \(pool.defaultModel?.name ?? "")"]
        }
    }

    private func rows(_ value: Double) -> RowBatch {
        var batch = RowBatch(layout: RowLayout(columns: fakeSignature.inputs))
        batch.setDouble(value, row: batch.appendRow(), column: 0)
        return batch
    }

    /// The default is the one that was named last, or none: whatever serves is swapped for, it stays so.
    private func checkDefault(_ replica: Replica, _ context: String) {
        let named = replica.registry.operations.withLock { $0.defaultName }
        let pool = replica.registry.pool
        #expect(pool.defaultModel?.name == named.flatMap { pool.model(named: $0)?.name }, "\(context)")
    }

    /// What memory is said to be held is what is held.
    private func checkMemory(_ replica: Replica, _ bytes: Int, _ context: String) {
        let living = replica.world.released.livingCount
        #expect(replica.registry.memoryBytes == living * bytes, "\(context): \(living) predictors are there")
        if let limit = replica.limits.memoryBytesMax { #expect(replica.registry.memoryBytes <= limit, "\(context)") }
    }

    private func checkGenerations(_ replica: inout Replica, _ manifests: [StoreManifest], _ context: String) {
        let pool = replica.registry.pool
        #expect(pool.generation >= replica.whole, "\(context): the whole goes back")
        replica.whole = pool.generation
        let statics = replica.registry.operations.withLock { $0.staticNames }
        for name in Self.names {
            let generation = pool.generation(of: name)
            #expect(generation >= replica.generations[name] ?? 0, "\(context): \(name) goes back")
            #expect(generation >= pool.generation, "\(context): \(name) is older than the whole")
            replica.generations[name] = generation
            guard !statics.contains(name), generation > 0 else { continue }
            let entry = pool.entry(named: name)
            let asOf = manifests.filter { $0.generation >= generation }
            #expect(
                asOf.contains { $0.model(named: name)?.etag == entry?.etag },
                "\(context): \(name) passes for generation \(generation)")
            for alias in entry?.aliases ?? [] {
                #expect(
                    asOf.contains { $0.model(named: name)?.aliases[alias.name] == alias.model.version },
                    "\(context): alias of \(name) passes for generation \(generation)")
            }
        }
        let status = replica.registry.followStatus
        #expect(status.servedGeneration <= status.seenGeneration, "\(context)")
    }

    /// What does not serve as the store or the command line says is told by its name, and nothing else is.
    private func checkTold(_ replica: Replica, _ context: String) {
        let (newest, applied, servesCache, statics) = replica.registry.operations.withLock {
            ($0.manifest, $0.applied, $0.servesCache, $0.staticNames)
        }
        let pool = replica.registry.pool
        let status = replica.registry.followStatus
        for absent in status.absent {
            #expect(pool.entry(named: absent.name) == nil, "\(context): \(absent.name) serves and is missed")
        }
        guard let manifest = newest, manifest.generation == applied?.generation, !servesCache else { return }
        let behind = manifest.models.filter { stored in
            let entry = pool.entry(named: stored.name)
            return entry?.etag != stored.etag
                || stored.versions.contains { version in
                    stored.needs(version) && entry?.versions.contains { $0.is(version, of: stored.name) } != true
                }
        }
        let told = Set(status.lagging.map(\.name)).subtracting(status.absent.map(\.name))
        let known = Set(behind.map(\.name)).subtracting(status.absent.map(\.name))
        #expect(told == known, "\(context): \(status)")
        #expect(Set(status.lagging.map(\.name)).count == status.laggingCount, "\(context): \(status.lagging)")
        #expect(behind.isEmpty || status.lag != nil, "\(context)")
        let others = Set(pool.names).subtracting(manifest.models.map(\.name))
        #expect(others.isSubset(of: statics), "\(context): \(others) serve and are no one's")
    }

    /// What does not serve finds no room.
    private func checkShortage(_ replica: Replica, _ newest: StoreManifest, _ bytes: Int, _ context: String) {
        let pool = replica.registry.pool
        let limits = replica.limits
        let memoryMax = limits.memoryBytesMax ?? .max
        let thinnable = pool.entries.reduce(0) { sum, entry in
            // What is to serve and lacks the rest of its model comes again at once.
            let needed = newest.model(named: entry.name).map { stored in stored.versions.filter { stored.needs($0) } }
            return sum
                + entry.versions.count { version in
                    version !== entry.current && entry.aliases(of: version).isEmpty
                        && needed?.contains { version.is($0, of: entry.name) } != true
                }
        }
        for stored in newest.models {
            let loaded = pool.entry(named: stored.name)?.versions ?? []
            for version in stored.versions where !loaded.contains(where: { $0.is(version, of: stored.name) }) {
                let held = replica.registry.memoryBytes - (stored.needs(version) ? thinnable * bytes : 0)
                let lags = replica.registry.followStatus.lagging.contains { $0.name == stored.name }
                #expect(
                    // Of a store on a disk what is only kept is tried once.
                    held + bytes > memoryMax || !replica.machine.isFarAway && !stored.needs(version)
                        || pool.entries.count >= limits.modelsMax
                        || lags && !stored.needs(version),
                    "\(context): \(stored.name) \(version.number) has room: \(replica.registry.followStatus)")
            }
        }
    }

    private func options(_ replica: Replica, _ name: String, _ generator: inout SeededGenerator) -> PublishOptions {
        var options = PublishOptions()
        let tag = replica.registry.pool.entry(named: name)?.etag
        switch Int.random(in: 0..<10, using: &generator) {
        case 0..<2: options.precondition = PublishPrecondition(ifNoneMatch: .any)
        case 2..<5:
            if let tag { options.precondition = PublishPrecondition(ifMatch: ETagCondition(fieldValue: tag)) }
        case 5: options.mustBeNew = true
        case 6: options.isDryRun = true
        default: break
        }
        return options
    }

    private func randomChange(_ generator: inout SeededGenerator) -> ModelChange {
        var change = ModelChange()
        let number = Int.random(in: 1...12, using: &generator)
        switch Int.random(in: 0..<8, using: &generator) {
        case 0..<2: change.current = .previous
        case 2: change.current = .version(number)
        case 3: change.current = .alias("x")
        case 4: change.aliases = ["x": number]
        case 5: change.aliases = ["x": nil, "y": number]
        case 6: change.becomesDefault = true
        default:
            change.shadowPolicy =
                Bool.random(using: &generator)
                ? .remove : .set(action: .refuse, labelFlipsMax: nil, changeMax: .some(0.2))
        }
        return change
    }

    /// Does something to a name. - Returns: nil where it was refused; else what is true now.
    private func act(
        _ kind: Int, _ name: String, _ step: Int, _ replica: inout Replica, _ shared: ReplicaTests.Shared,
        _ generator: inout SeededGenerator, _ context: String
    ) throws(PublishError) {
        let registry = replica.registry
        switch kind {
        case 0..<6:
            let options = options(replica, name, &generator)
            let before = shared.manifests.withLock { $0.last }
            let own =
                registry.operations.withLock { $0.staticNames.contains(name) }
                ? registry.pool.entry(named: name)?.etag : nil
            let report = try replica.world.publish(name, step, options)
            guard !options.isDryRun else { return }
            let current = before?.model(named: name)?.etag ?? own
            #expect(options.precondition.holds(for: current), "\(context): \(options.precondition), \(current ?? "")")
            #expect(!options.mustBeNew || current == nil, "\(context)")
            #expect(registry.pool.model(named: name) === report.model, "\(context)")
        case 6..<9:
            let stage = try registry.begin(
                name, try replica.world.received(step), options(replica, name, &generator))
            if case .pending(let pending) = stage { replica.pending.append(pending) }
        case 9..<13:
            let change = randomChange(&generator)
            let changed = try replica.world.change(name, change)
            let pool = registry.pool
            #expect(pool.entry(named: name)?.etag == changed.etag, "\(context)")
            if change.becomesDefault { #expect(pool.defaultModel === changed.current, "\(context)") }
            if case .version(let number)? = change.current { #expect(changed.current.version == number, "\(context)") }
            for (alias, number) in change.aliases {
                let model = changed.aliases.first { $0.name == alias }?.model
                #expect(model?.version == number, "\(context): \(alias)")
            }
        case 13:
            let number = Int.random(in: 1...12, using: &generator)
            _ = try registry.removeVersion(number, of: name)
        default:
            _ = try registry.remove(name)
            #expect(registry.pool.entry(named: name) == nil, "\(context): it was removed")
        }
    }

    /// What a change has made needed does not go for what another model lacks.
    @Test func aChangeKeepsWhatItNeedsThoughAnotherModelFindsNoRoom() throws {
        let shared = ReplicaTests.Shared()
        let bytes = try FakeWorld(tableBytes: Self.tableBytes).publish("m0", 1).model.memoryBytes
        var limits = ModelRegistry.Limits()
        limits.versionsKept = 1
        let writer = FakeWorld(
            store: Machine(shared, seed: 1, isFarAway: false), limits: limits, tableBytes: Self.tableBytes)
        limits.memoryBytesMax = 3 * bytes + bytes / 2
        let world = FakeWorld(
            store: Machine(shared, seed: 2, isFarAway: false), limits: limits, tableBytes: Self.tableBytes)
        for (name, number) in [("m0", 1), ("m1", 2), ("m1", 3)] { _ = try writer.publish(name, number) }
        try world.catchUp()
        world.registry.housekeep()
        #expect(world.registry.pool.entry(named: "m1")?.versions.map(\.version) == [1, 2])
        // The change finds it when it commits.
        _ = try writer.publish("m0", 4)
        let changed = try world.change("m1", change { $0.aliases = ["x": 1] })
        #expect(changed.aliases.map(\.model.version) == [1])
        #expect(world.registry.followStatus.lagging.map(\.name) == ["m0"])
    }

    /// What neither the store nor the command line gives is missed once, and not any more when it is removed.
    @Test(arguments: [true, false]) func aNameIsMissedOnce(storeIsSeenFirst: Bool) throws {
        let shared = ReplicaTests.Shared()
        _ = try FakeWorld(store: Machine(shared, seed: 1)).publish("m0", 1)
        let machine = Machine(shared, seed: 2)
        machine.unfetchable.withLock { $0 = [ContentDigest(of: Array("fake1".utf8))] }
        let world = FakeWorld(store: machine)
        let registry = world.registry
        if storeIsSeenFirst { try world.catchUp() }
        #expect(throws: PublishError.self) { try registry.loadStatic("m0", Array("fake-1".utf8)) }
        registry.lacksStatic("m0", because: .nameless)
        if !storeIsSeenFirst { try world.catchUp() }
        #expect(registry.followStatus.lagging.map(\.name) == ["m0"] && registry.followStatus.laggingCount == 1)
        _ = try registry.remove("m0")
        #expect(registry.followStatus.laggingCount == 0)
    }

    /// The series of a name are there as long as something of it is: also where that waits for the rest of its model.
    @Test func countsStayWithWhatWaitsAndGoWithIt() throws {
        let shared = ReplicaTests.Shared()
        var limits = ModelRegistry.Limits()
        limits.versionsKept = 1
        let writer = FakeWorld(store: Machine(shared, seed: 1), limits: limits)
        _ = try writer.publish("m0", 1)
        _ = try writer.change("m0", change { $0.aliases = ["x": 1] })
        _ = try writer.publish("m0", 2)
        let machine = Machine(shared, seed: 2)
        machine.unfetchable.withLock { $0 = [ContentDigest(of: Array("fake2".utf8))] }
        let world = FakeWorld(store: machine, limits: limits)
        try world.catchUp()
        #expect(world.registry.pool.names.isEmpty)
        func hasSeries() -> Bool { world.metricsText.contains(#"model="m0""#) }
        var options = PublishOptions()
        options.isDryRun = true
        _ = try world.registry.publish("m0", bytes: Array("fake3".utf8), options: options)
        #expect(hasSeries(), "what waits counts with them when it serves")
        _ = try writer.registry.remove("m0")
        try world.catchUp()
        #expect(world.registry.followStatus.lag == nil && world.registry.memoryBytes == 0)
        #expect(!hasSeries())
        _ = try world.registry.publish("m9", bytes: Array("fake3".utf8), options: options)
        #expect(!world.metricsText.contains(#"model="m9""#))
    }

    @Test(arguments: [136, 204, 1308] + Array(1...12))
    func replicasThatAreNotAlikeAgreeInTheEnd(seed: Int) throws {
        var generator = SeededGenerator(seed: UInt64(seed))
        let shared = ReplicaTests.Shared()
        let isFarAway = seed % 3 != 0
        let bytes = try FakeWorld(tableBytes: Self.tableBytes).publish("m0", 1).model.memoryBytes
        let isShort = seed % 4 == 0
        var replicas = (0..<3).map { number in
            var limits = ModelRegistry.Limits()
            limits.versionsKept = [nil, 0, 1, 2][Int.random(in: 0..<4, using: &generator)]
            if isShort, number > 0 { limits.memoryBytesMax = (5 + number) * bytes + bytes / 2 }
            if seed % 5 == 0, number == 1 { limits.modelsMax = 3 }
            var files: [(name: String, number: Int)] = []
            if seed % 2 == 0 {
                for name in Self.names.prefix(number) {
                    files.append((name, Int.random(in: -300 ..< -298 + 900, using: &generator) / 2))
                }
            }
            return Replica(Machine(shared, seed: UInt64(seed * 10 + number), isFarAway: isFarAway), limits, files)
        }
        for step in 0..<400 {
            let index = Int.random(in: 0..<3, using: &generator)
            let name = Self.names[Int.random(in: 0..<Self.names.count, using: &generator)]
            let machine = replicas[index].machine
            var context = "seed \(seed), step \(step), replica \(index), \(name)"
            let kind = Int.random(in: 0..<36, using: &generator)
            context += ", kind \(kind)"
            let before = replicas[index].sight
            switch kind {
            case 0..<15:
                guard !replicas[index].isBusy(name) else { break }
                do throws(PublishError) {
                    try act(kind, name, step, &replicas[index], shared, &generator, context)
                } catch {
                    #expect(replicas[index].isAsBefore(before), "\(context): \(error)")
                }
            case 15..<18:
                guard let pending = replicas[index].pending.popLast() else { break }
                if kind == 17 {
                    replicas[index].registry.giveUp(pending, .cancelled)
                    break
                }
                do throws(PublishError) {
                    let report = try replicas[index].world.finish(pending)
                    #expect(
                        replicas[index].registry.pool.model(named: pending.name) === report.model, "\(context)")
                } catch {
                    #expect(replicas[index].isAsBefore(before), "\(context): \(error)")
                }
            case 18..<24: _ = try? replicas[index].world.catchUp()
            case 24: _ = try? replicas[index].registry.follow()
            case 25: replicas[index].registry.housekeep()
            case 26: replicas[index].restart()
            case 27, 28:
                let permille = [0, 0, 100, 300][Int.random(in: 0..<4, using: &generator)]
                machine.failures.withLock { $0.permille = permille }
            case 29, 30:
                let isAway = Int.random(in: 0..<4, using: &generator) == 0
                machine.failures.withLock { $0.isAway = isAway }
            case 31, 32: machine.isReadOnly.store(Int.random(in: 0..<4, using: &generator) == 0, ordering: .relaxed)
            default:
                replicas[index].registry.pool.model(named: name)?.recentRows.offer(
                    rows(Double(step)), at: UInt64(step + 1) * 2_000_000)
            }
            checkMemory(replicas[index], bytes, context)
            checkDefault(replicas[index], context)
            checkGenerations(&replicas[index], shared.manifests.withLock { $0 }, context)
            checkTold(replicas[index], context)
        }
        for index in replicas.indices {
            replicas[index].machine.heal()
            for pending in replicas[index].pending { replicas[index].registry.giveUp(pending, .cancelled) }
            replicas[index].pending = []
        }
        let manifests = shared.manifests.withLock { $0 }
        try #require(manifests.count > 5, "seed \(seed): too little was done to prove anything")
        ReplicaTests.checkNumbers(manifests, "seed \(seed)")
        let newest = try #require(manifests.last)
        for index in replicas.indices {
            let context = "seed \(seed), replica \(index) in the end"
            // What found no room may find it once another look has thinned what the first has replaced.
            for _ in Self.names { try replicas[index].world.catchUp() }
            replicas[index].registry.housekeep()
            checkTold(replicas[index], context)
            checkMemory(replicas[index], bytes, context)
            checkGenerations(&replicas[index], manifests, context)
            checkShortage(replicas[index], newest, bytes, context)
            let text = replicas[index].world.metricsText
            for name in replicas[index].registry.pool.names {
                #expect(text.contains("model=\"\(name)\""), "\(context): \(name) is counted")
            }
            guard replicas[index].limits.memoryBytesMax == nil, replicas[index].limits.modelsMax > 4 else { continue }
            let registry = replicas[index].registry
            #expect(registry.followStatus.lag == nil, "\(context)")
            #expect(registry.pool.generation == newest.generation, "\(context)")
            for stored in newest.models {
                guard replicas[index].machine.isFarAway else { continue }
                #expect(registry.pool.entry(named: stored.name)?.etag == stored.etag, "\(context)")
                #expect(
                    registry.pool.entry(named: stored.name)?.versions.map(\.version) == stored.versions.map(\.number),
                    "\(context)")
            }
            #expect(replicas[index].machine.cachedManifest()?.manifest == newest, "\(context)")
            if replicas[index].files.isEmpty {
                #expect(registry.pool.defaultModel?.name == newest.models.first { $0.name == newest.defaultName }?.name)
            }
        }
    }
}
