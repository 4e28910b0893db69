import ModelStore
import Serving
import Testing

/// Stops the machine at every system call of a store's life, and fails every one of them.
struct CrashTests {
    private static let root = "/srv"

    /// What a writer knew when it ended.
    private struct Progress {
        /// The last manifest whose commit returned.
        var committed: StoreManifest?
        /// The manifest whose commit had begun.
        var attempted: StoreManifest?
    }

    private static func artifact(_ number: Int) -> [UInt8] {
        Array("artifact \(number) ".utf8) + [UInt8](repeating: UInt8(number), count: 150)
    }

    /// Opens a store, publishes a model a generation and collects, as far as it gets.
    private static func live(
        _ files: SimulatedFileSystem, from first: Int, generations: Int, _ progress: inout Progress
    ) throws {
        let store = try FileModelStore(root: root, files: files)
        for number in first..<first + generations {
            let bytes = artifact(number)
            let writer = try store.makeBlobWriter()
            try writer.append(Array(bytes[..<80]))
            try writer.append(Array(bytes[80...]))
            let digest = ContentDigest(of: bytes)
            try writer.keep(as: digest)
            let manifest = StoreManifest(
                generation: number, created: 0,
                models: [
                    StoredModel(
                        name: "m",
                        versions: [
                            StoredModel.Version(
                                number: number, digest: digest, format: "x", byteCount: bytes.count,
                                generation: number)
                        ], currentNumber: number, generation: number)
                ], defaultName: nil)
            progress.attempted = manifest
            try store.commit(manifest)
            progress.committed = manifest
            files.advanceClock(10)
            _ = try store.collect(manifestsKept: 2, graceSeconds: 5)
        }
    }

    /// What must hold of a store after whatever has happened to it.
    private static func check(_ files: SimulatedFileSystem, _ progress: Progress, _ context: String) throws {
        let store = try FileModelStore(root: root, files: files)
        let lookup = try store.newestManifest()
        #expect(lookup.skipped.isEmpty, "\(context): a torn manifest is never visible")
        let isOldOrNew = lookup.manifest == progress.committed || lookup.manifest == progress.attempted
        #expect(isOldOrNew, "\(context): the state before or the state after")
        for version in (lookup.manifest?.models ?? []).flatMap(\.versions) {
            #expect(try store.blob(version.digest) == artifact(version.number), "\(context)")
        }
        // And it can be written to again.
        var next = Progress()
        try live(files, from: lookup.highestGeneration + 1, generations: 2, &next)
        #expect(try store.newestManifest().manifest == next.committed, "\(context)")
        // What the dead writer left is gone when its time has come.
        files.advanceClock(100)
        for _ in 0..<2 { _ = try store.collect(manifestsKept: 1, graceSeconds: 5) }
        #expect(files.names(under: root + "/tmp").isEmpty, "\(context)")
        #expect(files.names(under: root + "/blobs/sha256").count == 1, "\(context)")
        #expect(
            files.names(under: root + "/manifests").filter { !$0.hasSuffix("latest.json") }.count == 1, "\(context)")
        #expect(files.openFileCount == 0, "\(context)")
    }

    private static func freshFiles() -> SimulatedFileSystem {
        let files = SimulatedFileSystem()
        try? files.makeDirectory("/srv-parent")
        files.failCall(nil, .stopBefore)
        return files
    }

    private static let callCount: Int = {
        let files = freshFiles()
        var progress = Progress()
        try? live(files, from: 1, generations: 3, &progress)
        return files.callCount
    }()

    @Test func livesWithoutFaults() throws {
        let files = Self.freshFiles()
        var progress = Progress()
        try Self.live(files, from: 1, generations: 3, &progress)
        #expect(progress.committed?.generation == 3)
        #expect(files.names(under: Self.root + "/manifests").count == 3, "two, and the hint")
        #expect(Self.callCount > 100)
        try Self.check(files, progress, "no fault")
    }

    @Test(arguments: [
        SimulatedFileSystem.Aftermath.processKilled, .powerLost, .powerLostWithSomeWritten(seed: 1),
        .powerLostWithSomeWritten(seed: 2), .powerLostWithSomeWritten(seed: 3),
    ])
    func leavesTheStateBeforeOrAfterWhereverItStops(aftermath: SimulatedFileSystem.Aftermath) throws {
        for number in 1...Self.callCount {
            for fault in [SimulatedFileSystem.Fault.stopBefore, .stopAfter] {
                let files = Self.freshFiles()
                files.failCall(number, fault)
                var progress = Progress()
                try? Self.live(files, from: 1, generations: 3, &progress)
                files.restart(after: aftermath)
                try Self.check(files, progress, "\(fault) call \(number), \(aftermath)")
            }
        }
    }

    @Test(arguments: [SystemError.noSpace, .inputOutput, .accessDenied, .readOnly])
    func leavesTheStateBeforeOrAfterWhicheverCallFails(error: SystemError) throws {
        for number in 1...Self.callCount {
            let files = Self.freshFiles()
            files.failCall(number, .error(error))
            var progress = Progress()
            do {
                try Self.live(files, from: 1, generations: 3, &progress)
            } catch {
                let failure = try #require(error as? StoreError)
                #expect(failure.errorName != nil || failure.kind == .corrupt || failure.kind == .readOnly)
                #expect(!failure.description.contains("/"), "a client hears no path: \(failure)")
            }
            files.failCall(nil, .stopBefore)
            try Self.check(files, progress, "\(error.name) at call \(number)")
        }
    }

    /// The failing call and the end of the machine after it, in one.
    @Test func leavesTheStateBeforeOrAfterWhenThePowerGoesAfterAFailedCall() throws {
        for number in 1...Self.callCount {
            let files = Self.freshFiles()
            files.failCall(number, .error(.inputOutput))
            var progress = Progress()
            try? Self.live(files, from: 1, generations: 3, &progress)
            files.restart(after: .powerLost)
            try Self.check(files, progress, "EIO at call \(number), then no power")
        }
    }
}
