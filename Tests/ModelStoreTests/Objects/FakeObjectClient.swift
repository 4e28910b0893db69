import ModelStore
import Serving
import Synchronization

/// An object service in memory, in which any call can be made to fail, or to be done and its answer lost.
final class FakeObjectClient: ObjectClient {
    /// What happens to a call.
    enum Fault {
        case none
        /// It fails, and nothing has been done.
        case before
        /// It has been done, and the answer is lost.
        case after
    }

    struct Object {
        var bytes: [UInt8]
        var modifiedAt: Int64
    }

    struct State {
        var objects: [String: Object] = [:]
        var calls: [String] = []
        /// What a call fails with.
        var failure = StoreError.Kind.io
        /// Asked with each call, such as `create manifests/...`.
        var fault: @Sendable (String) -> Fault = { _ in .none }
        /// Called before a call is done: what another writer does in between.
        var before: (@Sendable (String) -> Void)?
        var now: Int64 = 1_000_000
        var tellsTime = true
        /// What a lost answer to a creation is told as.
        var tellsExists = false
    }

    let state = Mutex(State())
    let place = "s3://bucket/prefix/"
    let isWritable: Bool
    let canList: Bool

    init(isWritable: Bool = true, canList: Bool = true) {
        self.isWritable = isWritable
        self.canList = canList
    }

    private func failure(_ operation: String) -> StoreError {
        StoreError(state.withLock { $0.failure }, while: operation, detail: "the object store did not answer in time")
    }

    private func call<Result>(
        _ name: String, _ operation: String, _ body: (inout State) -> Result
    ) throws(StoreError) -> Result {
        let (fault, before) = state.withLock { state in
            state.calls.append(name)
            return (state.fault, state.before)
        }
        before?(name)
        let kind = fault(name)
        if kind == .before { throw failure(operation) }
        let result = state.withLock { body(&$0) }
        if kind == .after { throw failure(operation) }
        return result
    }

    func read(_ key: String, bytesMax: Int, while operation: String) throws(StoreError) -> [UInt8]? {
        try call("read \(key)", operation) { $0.objects[key]?.bytes }
    }

    func download(_ key: String, bytesMax: Int, while operation: String) throws(StoreError) -> [UInt8]? {
        try call("download \(key)", operation) { $0.objects[key]?.bytes }
    }

    func part(
        _ key: String, from start: Int, byteCount: Int, while operation: String
    ) throws(StoreError) -> [UInt8]? {
        try call("part \(key)", operation) { state in
            state.objects[key].map { Array($0.bytes.dropFirst(start).prefix(byteCount)) }
        }
    }

    func create(_ key: String, _ bytes: [UInt8], while operation: String) throws(StoreError) -> ObjectCreation {
        try call("create \(key)", operation) { state in
            if state.objects[key] != nil { return .exists(isCertain: true) }
            state.objects[key] = Object(bytes: bytes, modifiedAt: state.now)
            return state.tellsExists ? .exists(isCertain: false) : .created
        }
    }

    func write(_ key: String, _ bytes: [UInt8], while operation: String) throws(StoreError) {
        try call("write \(key)", operation) { $0.objects[key] = Object(bytes: bytes, modifiedAt: $0.now) }
    }

    func upload(
        _ key: String, from source: any BodySource, digest: ContentDigest, while operation: String
    ) throws(StoreError) {
        var bytes: [UInt8] = []
        while true {
            let piece = try source.next(byteCount: 7)
            if piece.isEmpty { break }
            bytes += piece
        }
        let whole = bytes
        try call("upload \(key)", operation) { $0.objects[key] = Object(bytes: whole, modifiedAt: $0.now) }
    }

    func copy(_ key: String, to newKey: String, while operation: String) throws(StoreError) -> Bool {
        try call("copy \(key)", operation) { state in
            guard let object = state.objects[key] else { return false }
            state.objects[newKey] = Object(bytes: object.bytes, modifiedAt: state.now)
            return true
        }
    }

    func list(_ folder: String, while operation: String) throws(StoreError) -> ObjectList {
        try call("list \(folder)", operation) { state in
            let entries = state.objects.filter { $0.key.hasPrefix(folder) }.map {
                ObjectEntry(key: $0.key, byteCount: $0.value.bytes.count, modifiedAt: $0.value.modifiedAt)
            }
            return ObjectList(entries: entries.sorted { $0.key < $1.key }, time: state.tellsTime ? state.now : nil)
        }
    }

    func status(_ key: String, while operation: String) throws(StoreError) -> ObjectEntry? {
        try list(key, while: operation).entries.first { $0.key == key }
    }

    func remove(_ key: String, while operation: String) throws(StoreError) {
        try call("remove \(key)", operation) { $0.objects[key] = nil }
    }

    func close() {}

    // MARK: For tests

    func fail(_ fault: @escaping @Sendable (String) -> Fault) { state.withLock { $0.fault = fault } }

    func takeCalls() -> [String] {
        state.withLock { state in
            defer { state.calls = [] }
            return state.calls
        }
    }

    func names(under folder: String) -> [String] {
        state.withLock { $0.objects.keys.filter { $0.hasPrefix(folder) }.sorted() }
    }

    func put(_ key: String, _ bytes: [UInt8]) {
        state.withLock { $0.objects[key] = Object(bytes: bytes, modifiedAt: $0.now) }
    }
}

extension ModelStore {
    /// However long it is.
    func blob(_ digest: ContentDigest) throws(StoreError) -> [UInt8] { try blob(digest, bytesMax: .max) }
}

extension StoreSystem {
    /// A clock that stands at `now` and lets no time pass.
    static func fake(
        now: @escaping @Sendable () -> Int64 = { 1_000_000 }, environment: [String: String] = [:],
        files: [String: String] = [:], sleep: @escaping @Sendable (Duration) -> Void = { _ in }
    ) -> StoreSystem {
        StoreSystem(
            now: now, sleep: sleep, random: { 0.5 }, environment: { environment[$0] },
            readFile: { files[$0].map { Array($0.utf8) } })
    }
}
