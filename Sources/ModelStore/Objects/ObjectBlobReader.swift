internal import Serving
internal import Synchronization

/// Gives a blob from the service, a request a piece, and checks it on the way.
final class ObjectBlobReader: BlobReader {
    private struct State: Sendable {
        var key = ""
        /// Where the next request begins.
        var position = 0
        var check: BlobCheck
        /// What has come and has not been given.
        var ready: [UInt8] = []
    }

    private let client: any ObjectClient
    private let state: Mutex<State>
    /// A request costs money and a way to and fro, so it fetches more than a caller may want at once.
    private static let pieceBytes = 2 << 20

    init(_ client: any ObjectClient, _ check: BlobCheck) {
        self.client = client
        state = Mutex(State(check: check))
    }

    /// Fetches the first piece.
    /// - Returns: nil if there is no object of that key.
    func begin(_ key: String) throws(StoreError) -> Void? {
        try state.withLock { (state: inout State) throws(StoreError) -> Void? in
            state.key = key
            guard state.check.missing > 0 else { return () }
            return try fetch(&state) ? () : nil
        }
    }

    func next(byteCount: Int) throws(StoreError) -> [UInt8] {
        try state.withLock { (state: inout State) throws(StoreError) -> [UInt8] in
            if state.ready.isEmpty, state.check.missing > 0, !(try fetch(&state)) {
                throw StoreError(
                    .missing, while: BlobCheck.operation, detail: "it is not in the model store any more",
                    path: client.place + state.key)
            }
            let piece = Array(state.ready.prefix(byteCount))
            state.ready.removeFirst(piece.count)
            return piece
        }
    }

    private func fetch(_ state: inout State) throws(StoreError) -> Bool {
        let count = min(Self.pieceBytes, state.check.missing)
        guard
            let piece = try client.part(state.key, from: state.position, byteCount: count, while: BlobCheck.operation)
        else { return false }
        try state.check.take(piece, path: client.place + state.key)
        state.position += piece.count
        state.ready = piece
        return true
    }
}
