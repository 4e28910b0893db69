import ModelStore
import Serving

/// A store in memory which takes its time, fails now and then, and has another writer.
// Sendable as `World` is.
final class SimulatedStore: ModelStore, @unchecked Sendable {
    private let world: World
    private let control: SimulatedControl
    private let memory = MemoryModelStore(keepsBlobs: true)
    private let slowest: Int64
    let failurePermille: Int
    private let rivalPermille: Int
    /// Whether it may fail now.
    var mayFail = false
    /// Writers that have been made and neither kept nor discarded.
    private(set) var openWriters = 0

    init(_ world: World, _ control: SimulatedControl) {
        self.world = world
        self.control = control
        slowest = world.dice.pick([0, 100_000, 5 * World.millisecond, 30 * World.millisecond])
        failurePermille = world.dice.pick([0, 0, 30, 200])
        rivalPermille = world.dice.pick([0, 100])
    }

    var isWritable: Bool { true }
    var keepsBlobs: Bool { true }

    fileprivate func work(_ operation: String) throws(StoreError) {
        if slowest > 0 { control.pause(world.dice.nanoseconds(0...slowest)) }
        guard mayFail, world.dice.chance(permille: failurePermille) else { return }
        world.note("the store fails: \(operation)")
        throw StoreError(.full, while: operation, detail: "no room", errorName: "ENOSPC")
    }

    fileprivate func wasOpened() { openWriters += 1 }
    fileprivate func wasClosed() { openWriters -= 1 }

    func newestManifest() throws(StoreError) -> ManifestLookup {
        try work("reading the newest manifest")
        return try memory.newestManifest()
    }

    func manifest(generation: Int) throws(StoreError) -> StoreManifest {
        try memory.manifest(generation: generation)
    }

    func blob(_ digest: ContentDigest, bytesMax: Int) throws(StoreError) -> [UInt8] {
        try work("reading a blob")
        return try memory.blob(digest, bytesMax: bytesMax)
    }

    func makeBlobWriter() throws(StoreError) -> any BlobWriter {
        try work("making a writer")
        return SimulatedBlobWriter(self, try memory.makeBlobWriter())
    }

    func commit(_ manifest: StoreManifest) throws(StoreError) {
        try work("committing")
        if mayFail, world.dice.chance(permille: rivalPermille) {
            // Another server commits what there is once more.
            let lookup = try memory.newestManifest()
            world.note("a rival commits", lookup.highestGeneration + 1)
            try memory.commit(
                StoreManifest(
                    generation: lookup.highestGeneration + 1, created: 0, models: lookup.manifest?.models ?? [],
                    defaultName: lookup.manifest?.defaultName))
        }
        try memory.commit(manifest)
        // It is durable, and nobody has heard of it.
        if slowest > 0 { control.pause(world.dice.nanoseconds(0...slowest)) }
    }

    func collect(manifestsKept: Int, graceSeconds: Int) throws(StoreError) -> StoreCollection {
        try work("collecting")
        return try memory.collect(manifestsKept: manifestsKept, graceSeconds: graceSeconds)
    }
}

// Sendable as `World` is.
private final class SimulatedBlobWriter: BlobWriter, @unchecked Sendable {
    private let store: SimulatedStore
    private let writer: any BlobWriter

    init(_ store: SimulatedStore, _ writer: any BlobWriter) {
        self.store = store
        self.writer = writer
        store.wasOpened()
    }

    deinit { store.wasClosed() }

    var byteCount: Int { writer.byteCount }

    func append(_ bytes: [UInt8]) throws(StoreError) {
        try store.work("writing a blob")
        try writer.append(bytes)
    }

    func contents() throws(StoreError) -> [UInt8] {
        try store.work("reading what was written")
        return try writer.contents()
    }

    func keep(as digest: ContentDigest) throws(StoreError) {
        try store.work("keeping a blob")
        try writer.keep(as: digest)
    }

    func discard() { writer.discard() }
}
