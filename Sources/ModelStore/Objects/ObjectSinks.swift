internal import Serving
internal import Synchronization

/// Keeps an object in memory while it comes, over cuts: what is there is not asked for again.
final class MemorySink: ResumableSink {
    private let kept = Mutex<[UInt8]>([])
    private let bytesMax: Int
    private static let timeout = Duration.seconds(600)

    init(bytesMax: Int) {
        self.bytesMax = bytesMax
    }

    var byteCount: Int { kept.withLock { $0.count } }

    /// Asks for what is missing.
    func makeRequest(_ url: String) -> HTTPRequest {
        let start = kept.withLock { $0.count }
        var request = HTTPRequest(.get, url)
        request.bytesMax = bytesMax
        request.timeout = Self.timeout
        if start > 0 { request.fields = [("Range", "bytes=\(start)-")] }
        return request
    }

    func begin(status: Int, byteCount: Int?) throws(StoreError) {
        kept.withLock { bytes in
            // A service may answer with the whole where a part was asked for.
            if status != 206 { bytes.removeAll() }
            bytes.reserveCapacity(bytes.count + min(byteCount ?? 0, max(0, bytesMax - bytes.count)))
        }
    }

    func append(_ bytes: [UInt8]) throws(StoreError) {
        let isTaken = kept.withLock { kept in
            guard kept.count + bytes.count <= bytesMax else { return false }
            kept += bytes
            return true
        }
        guard isTaken else {
            throw StoreError(.limit, while: "receiving a model", detail: "it is larger than \(bytesMax) bytes")
        }
    }

    /// Whether an answer that is no success means that nothing is missing: the connection broke off at the very end.
    func isWhole(_ response: HTTPResponse) -> Bool { response.status == 416 && kept.withLock { !$0.isEmpty } }

    /// What it has; it has nothing any more then.
    func take() -> [UInt8] {
        kept.withLock { bytes in
            let taken = bytes
            bytes = []
            return taken
        }
    }
}

/// Sends a file that has been written.
final class FileSource: BodySource {
    private let file: TemporaryFile
    private let sent = Mutex(0)
    private let cancellation: @Sendable () -> Bool

    /// - Parameter isCancelled: whether nobody waits for it any more.
    init(_ file: TemporaryFile, _ isCancelled: @escaping @Sendable () -> Bool) {
        self.file = file
        cancellation = isCancelled
    }

    var isCancelled: Bool { cancellation() }

    var byteCount: Int { file.byteCount }

    func next(byteCount: Int) throws(StoreError) -> [UInt8] {
        do throws(SystemError) {
            return try sent.withLock { (sent: inout Int) throws(SystemError) -> [UInt8] in
                let piece = try file.read(byteCount: byteCount, at: sent)
                sent += piece.count
                return piece
            }
        } catch {
            throw error.stored(while: "sending a model to the store", path: file.path)
        }
    }

    func rewind() throws(StoreError) { sent.withLock { $0 = 0 } }
}
