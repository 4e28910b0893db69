internal import Synchronization

/// Counts the jobs that use a snapshot and may outlast the tick: whoever publishes keeps it until all have ended.
///
/// An object of its own, so that a job's last act holds nothing of the snapshot any more.
package final class PoolJobs: Sendable {
    private let count = Atomic<Int>(0)
    private let isRetired = Atomic<Bool>(false)
    private let onIdle: @Sendable () -> Void

    /// - Parameter onIdle: called, by whichever thread ends the last job, once the snapshot has been retired.
    init(onIdle: @escaping @Sendable () -> Void) { self.onIdle = onIdle }

    /// To be called by a loop between adopting the snapshot and acknowledging the next one.
    package func begin() {
        count.wrappingAdd(1, ordering: .sequentiallyConsistent)
    }

    /// From any thread, by one who holds nothing of the snapshot.
    package func end() {
        let (_, left) = count.wrappingSubtract(1, ordering: .sequentiallyConsistent)
        precondition(left >= 0, "a job ended that had not begun")
        // Sequentially consistent on both sides: either this sees that the pool is retired, or the publisher sees no
        // job.
        if left == 0, isRetired.load(ordering: .sequentiallyConsistent) { onIdle() }
    }

    func retire() {
        isRetired.store(true, ordering: .sequentiallyConsistent)
    }

    var isBusy: Bool { count.load(ordering: .sequentiallyConsistent) > 0 }
}
