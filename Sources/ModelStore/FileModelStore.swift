package import Serving
internal import Synchronization

/// A model store in a directory:
///
///     blobs/sha256/<64 hexadecimal digits>     the artifacts, each named by its content
///     blobs/sha256/<digits>-<unique>           those that nothing names, on their way out
///     manifests/<generation, 16 digits>.json   the states, each created exactly once
///     manifests/latest.json                    a hint at the newest, for those who cannot list
///     tmp/<random>                             what is being written
///
/// A file is written in `tmp`, brought to the disk by `fsync`, and only then given its name: blobs by `rename`, since
/// equal names mean equal bytes; manifests by `link`, which fails if the name is taken, so that of two writers one
/// loses and knows it. Then the directory is brought to the disk. A process that is killed, or a machine that loses
/// its power, at any moment leaves the state before or the state after.
///
/// Several processes may use one directory. Directories are made for their owner alone (0700), files as well (0600).
package final class FileModelStore: ModelStore {
    let root: String
    let files: any FileSystem
    private let blobBytesMax: Int
    package let isWritable: Bool
    package let keepsBlobs = true
    /// What the last collection has left aside.
    let aside = Mutex<Set<String>>([])

    var blobsPath: String { root + "/blobs/sha256" }
    var manifestsPath: String { root + "/manifests" }
    var temporariesPath: String { root + "/tmp" }

    /// A writer that has just made its file may not have locked it yet.
    static let temporaryGraceSecondsMax = 60

    /// Opens the store in a directory, making what is missing of it; only the directory's parent must exist.
    /// - Parameters:
    ///   - root: the directory.
    ///   - blobBytesMax: a bound for what is read into memory at once.
    ///   - files: the system's files, or a test's.
    /// - Throws: if it neither is a store nor can be made one. A store that can only be read opens, with `isWritable`
    ///   false.
    package init(
        root: String, blobBytesMax: Int = 2 << 30, files: any FileSystem = PosixFileSystem()
    ) throws(StoreError) {
        var root = root
        while root.count > 1, root.hasSuffix("/") { root.removeLast() }
        self.root = root
        self.files = files
        self.blobBytesMax = blobBytesMax
        isWritable = try Self.prepare(root, files)
    }

    /// - Returns: whether the store can be written to.
    private static func prepare(_ root: String, _ files: any FileSystem) throws(StoreError) -> Bool {
        let operation = "opening the model store"
        let directories = [root, root + "/blobs", root + "/blobs/sha256", root + "/manifests", root + "/tmp"]
        var made: [String] = []
        for path in directories {
            do throws(SystemError) {
                try files.makeDirectory(path)
                made.append(path)
            } catch {
                if error == .exists { continue }
                if error == .notFound, path == root {
                    throw StoreError(
                        .missing, while: operation, detail: "the folder in which it would be made is not there",
                        errorName: error.name, path: root)
                }
                guard error.isReadOnly || error.isDenied else { throw error.stored(while: operation, path: path) }
                // Not ours to change: it is a store to be read if it is one already.
                do throws(SystemError) {
                    _ = try files.list(root + "/manifests")
                    return false
                } catch let reading {
                    throw (reading == .notFound ? error : reading).stored(while: operation, path: path)
                }
            }
        }
        do throws(SystemError) {
            // The names of new directories must be on the disk before anything in them counts.
            for path in made where path != root { try files.synchronizeDirectory(parent(of: path)) }
            _ = try files.list(root + "/manifests")
        } catch {
            throw error.stored(while: operation, path: root)
        }
        if made.contains(root) {
            // The parent may not be ours to open; then the root's own name is as durable as the system makes it.
            try? files.synchronizeDirectory(parent(of: root))
        }
        do throws(SystemError) {
            let probe = try TemporaryFile(in: root + "/tmp", files)
            probe.discard()
            return true
        } catch {
            if error.isReadOnly || error.isDenied { return false }
            // A full disk may have room again later; each write tells for itself.
            if error == .noSpace { return true }
            throw error.stored(while: operation, path: root + "/tmp")
        }
    }

    private static func parent(of path: String) -> String {
        guard let slash = path.lastIndex(of: "/") else { return "." }
        return slash == path.startIndex ? "/" : String(path[..<slash])
    }

    // MARK: Manifests

    package func newestManifest() throws(StoreError) -> ManifestLookup {
        let generations = try generations()
        var skipped: [StoreError] = []
        for generation in generations.reversed() {
            do throws(StoreError) {
                let manifest = try manifest(generation: generation)
                return ManifestLookup(
                    manifest: manifest, highestGeneration: generations.last ?? 0, skipped: skipped)
            } catch {
                switch error.kind {
                // Collected by another process between the list and the read: not a fault.
                case .missing: continue
                case .corrupt, .limit: skipped.append(error)
                // A disk that fails for the moment: what it would have said is not known.
                default: throw error
                }
            }
        }
        return ManifestLookup(manifest: nil, highestGeneration: generations.last ?? 0, skipped: skipped)
    }

    package func manifest(generation: Int) throws(StoreError) -> StoreManifest {
        let operation = "reading manifest \(generation)"
        let path = manifestPath(generation)
        let bytes = try readFile(path, while: operation, bytesMax: ManifestCoding.bytesMax)
        do throws(ManifestCoding.Problem) {
            let manifest = try ManifestCoding.decode(bytes)
            guard manifest.generation == generation else {
                throw ManifestCoding.Problem("it says that it is of generation \(manifest.generation)")
            }
            return manifest
        } catch {
            throw StoreError(.corrupt, while: operation, detail: error.text, path: path)
        }
    }

    package func commit(_ manifest: StoreManifest) throws(StoreError) {
        let operation = "committing generation \(manifest.generation)"
        let path = manifestPath(manifest.generation)
        let taken = StoreError(
            .generationTaken, while: operation, detail: "another writer has committed it", path: path)
        do throws(SystemError) {
            let file = try TemporaryFile(in: temporariesPath, files)
            defer { file.discard() }
            try file.append(ManifestCoding.encode(manifest))
            try file.synchronize()
            // `link` alone tells whether this generation is taken, but not whether later ones have passed it by long
            // ago, with this one collected since.
            guard try highestGeneration() < manifest.generation else { throw SystemError.exists }
            try files.link(file.path, as: path)
        } catch {
            throw error == .exists ? taken : error.stored(while: operation, path: path)
        }
        do throws(SystemError) {
            try files.synchronizeDirectory(manifestsPath)
        } catch {
            // It stands there, but may not stand there after a crash. The caller hears that it failed, so it must not.
            try? files.remove(path)
            throw error.stored(while: operation, path: path)
        }
        writeHint(manifest.generation)
    }

    /// For those who read the directory through a web server and cannot list it. A commit does not fail for it.
    private func writeHint(_ generation: Int) {
        guard let file = try? TemporaryFile(in: temporariesPath, files) else { return }
        defer { file.discard() }
        guard (try? file.append(StoreHint.encode(generation))) != nil, (try? file.synchronize()) != nil else { return }
        try? file.rename(to: manifestsPath + "/" + StoreHint.name)
    }

    func generations() throws(StoreError) -> [Int] {
        do throws(SystemError) {
            return try Self.generations(in: files.list(manifestsPath))
        } catch {
            throw error.stored(while: "listing the manifests", path: manifestsPath)
        }
    }

    private func highestGeneration() throws(SystemError) -> Int {
        Self.generations(in: try files.list(manifestsPath)).last ?? 0
    }

    /// In ascending order. Names that are not of manifests are passed over.
    private static func generations(in names: [String]) -> [Int] {
        names.compactMap { ManifestName.generation($0) }.sorted()
    }

    func manifestPath(_ generation: Int) -> String { manifestsPath + "/" + ManifestName.text(generation) }

    // MARK: Blobs

    package func blob(_ digest: ContentDigest, bytesMax: Int) throws(StoreError) -> [UInt8] {
        let (file, path) = try openBlob(digest)
        defer { files.close(file) }
        let bytes = try readFile(file, path, while: BlobCheck.operation, bytesMax: min(bytesMax, blobBytesMax))
        guard ContentDigest(of: bytes) == digest else {
            throw StoreError(
                .corrupt, while: BlobCheck.operation, detail: "the stored bytes are not those of \(digest)",
                path: path)
        }
        return bytes
    }

    package func openBlob(_ digest: ContentDigest, byteCount: Int) throws(StoreError) -> any BlobReader {
        let (file, path) = try openBlob(digest)
        return FileBlobReader(file, path, BlobCheck(digest, byteCount: byteCount), files)
    }

    /// Under its name, or where a collector has put it aside.
    private func openBlob(_ digest: ContentDigest) throws(StoreError) -> (file: FileID, path: String) {
        let path = blobPath(digest)
        do throws(SystemError) {
            return (try files.openToRead(path), path)
        } catch {
            let failure = error.stored(while: BlobCheck.operation, path: path)
            guard error == .notFound else { throw failure }
            let names: [String]
            do throws(SystemError) {
                names = try files.list(blobsPath)
            } catch {
                // Not the file is away, but all of them.
                throw StoreError(
                    .io, while: BlobCheck.operation, detail: "the model store's folder cannot be read",
                    errorName: error.name, path: blobsPath)
            }
            for name in names where AsideName.digest(name) == digest {
                let path = blobsPath + "/" + name
                if let file = try? files.openToRead(path) { return (file, path) }
            }
            // It may have been given back in the meantime.
            guard let file = try? files.openToRead(path) else { throw failure }
            return (file, path)
        }
    }

    package func makeBlobWriter() throws(StoreError) -> any BlobWriter {
        do throws(SystemError) {
            return FileBlobWriter(try TemporaryFile(in: temporariesPath, files), self)
        } catch {
            throw error.stored(while: "writing the model", path: temporariesPath)
        }
    }

    /// Moves a written file among the blobs. If the blob is there already it is replaced by equal bytes, which makes
    /// it young for the collector and mends it if it was damaged.
    func keep(_ file: TemporaryFile, as digest: ContentDigest) throws(StoreError) {
        do throws(SystemError) {
            try file.synchronize()
            try file.rename(to: blobPath(digest))
            try files.synchronizeDirectory(blobsPath)
        } catch {
            throw error.stored(while: "storing the model", path: blobPath(digest))
        }
        // Closes it; the name is the blob's by now.
        file.discard()
    }

    func blobPath(_ digest: ContentDigest) -> String { blobsPath + "/" + digest.hex }

    /// A whole file.
    private func readFile(_ path: String, while operation: String, bytesMax: Int) throws(StoreError) -> [UInt8] {
        let file: FileID
        do throws(SystemError) {
            file = try files.openToRead(path)
        } catch {
            throw error.stored(while: operation, path: path)
        }
        defer { files.close(file) }
        return try readFile(file, path, while: operation, bytesMax: bytesMax)
    }

    private func readFile(
        _ file: FileID, _ path: String, while operation: String, bytesMax: Int
    ) throws(StoreError) -> [UInt8] {
        do throws(SystemError) {
            var bytes: [UInt8] = []
            bytes.reserveCapacity(min(try files.status(path).byteCount, bytesMax))
            while bytes.count <= bytesMax {
                let piece = try files.read(file, byteCount: min(Self.readBytes, bytesMax - bytes.count + 1))
                if piece.isEmpty { return bytes }
                bytes += piece
            }
        } catch {
            throw error.stored(while: operation, path: path)
        }
        throw StoreError(.limit, while: operation, detail: "it is larger than \(bytesMax) bytes", path: path)
    }

    /// Small enough that one read keeps no loop on the same core waiting.
    private static let readBytes = 128 << 10
}
