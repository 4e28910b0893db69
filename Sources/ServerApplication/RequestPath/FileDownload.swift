internal import HTTPCore
internal import Serving
internal import Synchronization

/// The file that a version was published from, on its way to a client: a thread that may wait reads a piece, the loop
/// sends it and asks for the next one when the client has room. So no more of a file is in memory than a piece, or
/// what the store fetches at once.
struct FileDownload: Sendable {
    let route: RequestRoute
    let digest: ContentDigest
    let byteCount: Int
    /// Of a HEAD: the file is opened, and nothing of it is read.
    let isHead: Bool
    let fields: ResponseFields
    let grant: CORSGrant?
    /// When its request had come, in nanoseconds.
    var started: UInt64 = 0
    /// nil until it has been opened.
    var reader: (any BlobReader)?
    /// Bytes that have not been sent.
    var missing: Int
    /// Whether a piece has been asked for.
    var isReading = true

    /// Of one loop; at the bound a download is refused.
    static let downloadsMax = 16
    static let pieceBytes = 256 << 10

    init(_ model: ServedModel, route: RequestRoute, isHead: Bool, fields: ResponseFields, grant: CORSGrant?) {
        self.route = route
        digest = model.digest
        byteCount = model.artifactBytes
        missing = byteCount
        self.isHead = isHead
        self.fields = fields
        self.grant = grant
    }

    /// Reads the next piece. Waits for the store.
    func read(_ exchange: ExchangeID, _ registry: ModelRegistry) -> FilePieces.Piece {
        do throws(PublishError) {
            let reader = if let reader { reader } else { try registry.openArtifact(digest, byteCount: byteCount) }
            guard !isHead else { return FilePieces.Piece(exchange: exchange, reader: reader, bytes: .success([])) }
            do {
                let bytes = try reader.next(byteCount: Self.pieceBytes)
                return FilePieces.Piece(exchange: exchange, reader: reader, bytes: .success(bytes))
            } catch {
                throw .store(error)
            }
        } catch {
            return FilePieces.Piece(exchange: exchange, reader: nil, bytes: .failure(error))
        }
    }
}

/// Where a loop finds what has been read for it.
final class FilePieces: Sendable {
    struct Piece: Sendable {
        let exchange: ExchangeID
        let reader: (any BlobReader)?
        let bytes: Result<[UInt8], PublishError>
    }

    private let pieces = Mutex<[Piece]>([])
    private let hasNews = Atomic<Bool>(false)
    private let wake: @Sendable () -> Void

    /// - Parameter wake: makes the loop begin a tick.
    init(wake: @escaping @Sendable () -> Void) {
        self.wake = wake
    }

    /// From any thread.
    func post(_ piece: Piece) {
        pieces.withLock { pieces in
            pieces.append(piece)
            hasNews.store(true, ordering: .relaxed)
        }
        wake()
    }

    /// What has come since the last call.
    /// - Complexity: one relaxed load where nothing has.
    func take() -> [Piece] {
        guard hasNews.load(ordering: .relaxed) else { return [] }
        return pieces.withLock { pieces in
            hasNews.store(false, ordering: .relaxed)
            defer { pieces = [] }
            return pieces
        }
    }
}
