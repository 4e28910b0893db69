package import Serving
internal import Synchronization

/// Credentials that are fetched when they are first needed and again before they end. Safe from any thread; two that
/// find them old at once may both fetch them.
package final class ExpiringValue<Value: Sendable>: Sendable {
    private struct Kept: Sendable {
        let value: Value
        /// Seconds since 1970.
        let expires: Int64?
    }

    private let kept = Mutex<Kept?>(nil)
    private let system: StoreSystem
    private let fetch: @Sendable () throws(StoreError) -> (value: Value, expires: Int64?)

    /// When a source that was away is asked again, while what is known has not ended.
    private let triedAgainAt = Mutex<Int64>(0)
    private static var pauseSeconds: Int64 { 30 }

    /// So long before they end they are fetched again: as the clouds' services hand out new ones by then.
    static var leadSeconds: Int64 { 300 }

    package init(
        system: StoreSystem, fetch: @escaping @Sendable () throws(StoreError) -> (value: Value, expires: Int64?)
    ) {
        self.system = system
        self.fetch = fetch
    }

    /// - Throws: if there are none, or the ones there are have ended and no others can be had.
    package func current() throws(StoreError) -> Value {
        let now = system.now()
        let known = kept.withLock { $0 }
        if let known, known.expires.map({ $0 - now > Self.leadSeconds }) ?? true { return known.value }
        // Its source was away a moment ago, and each try takes its time.
        if let known, let expires = known.expires, expires > now, now < triedAgainAt.withLock({ $0 }) {
            return known.value
        }
        do throws(StoreError) {
            let (value, expires) = try fetch()
            kept.withLock { $0 = Kept(value: value, expires: expires) }
            return value
        } catch {
            // What has not ended yet still serves while its source is away.
            if let known, let expires = known.expires, expires > now {
                triedAgainAt.withLock { $0 = now + Self.pauseSeconds }
                return known.value
            }
            throw error
        }
    }

    /// The service does not take them any more, whatever they say of their end.
    package func forget() { kept.withLock { $0 = nil } }
}
