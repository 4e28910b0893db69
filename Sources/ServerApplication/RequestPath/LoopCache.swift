internal import HTTPCore
internal import Serving
internal import ServingProtocols
internal import Telemetry
internal import TensorCore

/// One loop's response cache, and the keys of requests whose answers are to go into it. Off unless configured: then
/// nothing is kept and nothing is looked up.
struct LoopCache {
    private struct Expected {
        let key: [UInt8]
        let model: UInt64
        let metrics: BatchMetrics
    }

    private var cache: ResponseCache?
    private var expected: [ExchangeID: Expected] = [:]
    private let cell: Int

    /// - Parameters:
    ///   - bytesMax: for this loop; 0: there is no cache.
    ///   - cell: where its lookups are counted.
    init(bytesMax: Int, cell: Int) {
        cache = bytesMax > 0 ? ResponseCache(bytesMax: bytesMax) : nil
        self.cell = cell
    }

    var isOn: Bool { cache != nil }

    mutating func adopt(_ pool: PredictorPool) { cache?.adopt(pool) }

    /// The answer to these rows; if there is none, the one that the exchange gets is kept.
    mutating func find(
        _ rows: Range<Int>, of batch: borrowing RowBatch, _ model: ServedModel, _ request: NativeRequest,
        _ exchange: ExchangeID
    ) -> [UInt8]? {
        // At least eight bytes a value: what is too long is not written down to find that out.
        guard rows.count * model.layout.width * 8 <= ResponseCache.keyBytesMax else { return nil }
        var key: [UInt8] = []
        for shift in stride(from: UInt64(0), to: 64, by: 8) {
            key.append(UInt8(truncatingIfNeeded: model.cost.serial >> shift))
        }
        key.append(request.answer.rawValue << 1 | (request.isSingle ? 1 : 0))
        batch.appendIdentity(of: rows, to: &key)
        guard key.count <= ResponseCache.keyBytesMax else { return nil }
        let metrics = model.metrics.batching
        if let body = cache?.find(key) {
            metrics.cacheHits.add(1, cell: cell)
            return body
        }
        metrics.cacheMisses.add(1, cell: cell)
        expected[exchange] = Expected(key: key, model: model.cost.serial, metrics: metrics)
        return nil
    }

    /// An exchange has its answer.
    @inline(__always)
    mutating func keep(_ exchange: ExchangeID, _ body: [UInt8]) {
        if expected.isEmpty { return }
        guard let entry = expected.removeValue(forKey: exchange) else { return }
        let evicted = cache?.insert(entry.key, model: entry.model, body: body) ?? 0
        entry.metrics.cacheEvictions.add(evicted, cell: cell)
    }

    /// An exchange has an error for an answer, or none.
    @inline(__always)
    mutating func forget(_ exchange: ExchangeID) {
        if !expected.isEmpty { expected[exchange] = nil }
    }
}
