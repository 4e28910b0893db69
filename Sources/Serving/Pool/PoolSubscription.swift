internal import Synchronization

/// One loop's end of the publishing of pools.
///
/// The publisher posts a snapshot and wakes the loop. The loop, between two ticks:
///
///     if let next = subscription.adopt() {
///         pool = next
///         batcher.adopt(next)
///         subscription.acknowledge()
///     }
///
/// After `acknowledge` the loop holds nothing of the snapshot before. The publisher keeps it until then, so that the
/// last release of a replaced model, and the freeing of its tables, happens on the control thread.
package final class PoolSubscription: Sendable {
    private let hasNews = Atomic<Bool>(false)
    private let news = Mutex<PredictorPool?>(nil)
    /// The sequence of the snapshot that the loop took last; written by the loop alone.
    private let adopted = Atomic<UInt64>(0)
    private let acknowledged = Atomic<UInt64>(0)
    private let wake: @Sendable () -> Void
    private let changed: @Sendable () -> Void

    /// - Parameters:
    ///   - wake: makes the loop begin a tick; called by the publisher, from its thread.
    ///   - changed: tells the publisher that something was acknowledged.
    init(wake: @escaping @Sendable () -> Void, changed: @escaping @Sendable () -> Void) {
        self.wake = wake
        self.changed = changed
    }

    // MARK: The loop's side

    /// The newest snapshot, if there is one that the loop has not taken yet.
    /// - Complexity: one relaxed load when there is nothing new.
    package func adopt() -> PredictorPool? {
        guard hasNews.load(ordering: .relaxed) else { return nil }
        let pool = news.withLock { news in
            hasNews.store(false, ordering: .relaxed)
            return news.take()
        }
        if let pool { adopted.store(pool.sequence, ordering: .relaxed) }
        return pool
    }

    /// Says that the loop holds nothing any more of the snapshots before the adopted one.
    package func acknowledge() {
        acknowledged.store(adopted.load(ordering: .relaxed), ordering: .releasing)
        changed()
    }

    /// The loop has ended and adopts nothing any more. It has let go of its snapshot before.
    package func close() {
        let unread = news.withLock { $0.take() }
        _ = unread
        acknowledged.store(.max, ordering: .releasing)
        changed()
    }

    // MARK: The publisher's side

    func post(_ pool: PredictorPool) {
        let replaced = news.withLock { news in
            let replaced = news
            news = pool
            hasNews.store(true, ordering: .relaxed)
            return replaced
        }
        _ = replaced
        wake()
    }

    func hasAcknowledged(_ sequence: UInt64) -> Bool {
        acknowledged.load(ordering: .acquiring) >= sequence
    }

    var isClosed: Bool { acknowledged.load(ordering: .acquiring) == .max }
}
