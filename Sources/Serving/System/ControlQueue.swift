/// The one place where waiting is allowed: uploads are written to disk there, models imported, compiled, published and
/// freed. Jobs run one after the other, in the order in which they came.
package protocol ControlQueue: Sendable {
    /// Hands over a job. From any thread; takes no longer than a short lock.
    /// - Returns: false, and forgets the job, if too many wait or the queue is stopping.
    func submit(_ job: @escaping @Sendable () -> Void) -> Bool

    /// The same for the end of what it has begun, which has to come: no number of waiting jobs is too many for it. A
    /// queue that is stopping does it as well.
    func submitOwed(_ job: @escaping @Sendable () -> Void)

    /// Whether it takes no more jobs for good.
    var isStopping: Bool { get }
}

extension ControlQueue {
    /// For queues without a bound.
    package func submitOwed(_ job: @escaping @Sendable () -> Void) { _ = submit(job) }
}
