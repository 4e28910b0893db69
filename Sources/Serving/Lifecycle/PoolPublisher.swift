internal import Synchronization

/// Hands snapshots to the loops and takes the old ones back: what serves now, who must hear of it, and what is still
/// used.
///
/// `subscribe`, `current` and acknowledgements may come from any thread; `publish` and `reclaim` only from one at a
/// time.
final class PoolPublisher: Sendable {
    private struct Hub: Sendable {
        var current = PredictorPool.empty
        var subscriptions: [PoolSubscription] = []
    }

    private let hub = Mutex(Hub())
    /// Told of each acknowledgement and each job that ends on a retired pool.
    private let changes: any ChangeSignal
    /// What was replaced and may still be used by somebody. Touched by the publishing thread alone, hence never
    /// contended.
    private let retired = Mutex(Retired())

    private struct Retired: Sendable {
        var pools: [PredictorPool] = []
        var models: [ServedModel] = []
    }

    init(changes: any ChangeSignal) {
        self.changes = changes
    }

    /// What serves now.
    var current: PredictorPool { hub.withLock { $0.current } }

    /// A new loop; it is posted what serves now.
    func subscribe(wake: @escaping @Sendable () -> Void) -> PoolSubscription {
        let changes = changes
        let subscription = PoolSubscription(wake: wake) { changes.notify() }
        hub.withLock { hub in
            hub.subscriptions.removeAll { $0.isClosed }
            hub.subscriptions.append(subscription)
            subscription.post(hub.current)
        }
        return subscription
    }

    /// Makes a snapshot of these models the current one, posts it to every loop and waits until all have let go of
    /// the one before.
    /// - Returns: false if some did not within `timeout`; they have been posted the snapshot all the same.
    func publish(
        _ entries: [PooledModel], defaultName: String?, generation: PoolGeneration, timeout: Duration
    ) -> Bool {
        let changes = changes
        let (old, sequence, subscriptions) = hub.withLock { hub in
            let old = hub.current
            let pool = PredictorPool(
                generation: generation, sequence: old.sequence + 1, entries: entries, defaultName: defaultName,
                onIdle: { changes.notify() })
            hub.current = pool
            hub.subscriptions.removeAll { $0.isClosed }
            for subscription in hub.subscriptions { subscription.post(pool) }
            return (old, pool.sequence, hub.subscriptions)
        }
        old.retire()
        let current = current
        // Jobs of the old snapshot matter where one of its models is to be freed.
        let retires = old.entries.contains { $0.versions.contains { !current.contains($0) } }
        let isDrained =
            changes.wait(for: timeout) {
                subscriptions.allSatisfy { $0.hasAcknowledged(sequence) } && !(retires && old.hasJobs)
            }
        retired.withLock { retired in
            if old !== PredictorPool.empty { retired.pools.append(old) }
            retired.models += old.entries.flatMap(\.versions).filter { !current.contains($0) }
        }
        return isDrained
    }

    /// Releases what nobody uses any more, on the calling thread: as long as a loop, a job or a request holds it, it
    /// stays.
    /// - Returns: bytes that were released.
    func reclaim() -> Int {
        retired.withLock { retired in
            // Unique means that this list holds the only reference, so nobody can make another one.
            Self.removeUnique(&retired.pools)
            var bytes = 0
            for model in Self.removeUnique(&retired.models) { bytes += model.memoryBytes }
            return bytes
        }
    }

    /// Models that were replaced or removed and are still held by somebody.
    var retiredModelCount: Int { retired.withLock { $0.models.count } }

    /// What they hold.
    var retiredBytes: Int { retired.withLock { $0.models.reduce(0) { $0 + $1.memoryBytes } } }

    @discardableResult
    private static func removeUnique<Object: AnyObject>(_ objects: inout [Object]) -> [Object] {
        var removed: [Object] = []
        var index = 0
        while index < objects.count {
            if isKnownUniquelyReferenced(&objects[index]) {
                removed.append(objects.remove(at: index))
            } else {
                index += 1
            }
        }
        return removed
    }
}
