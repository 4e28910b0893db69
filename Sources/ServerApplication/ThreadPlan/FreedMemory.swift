internal import Synchronization

/// Memory of replaced models goes back to the system in the next pause of the control thread: whoever replaces models
/// one after the other needs it again at once, and the kernel takes milliseconds to take it.
final class FreedMemory: Sendable {
    private let isKept = Atomic(false)

    /// Something big was freed. Any thread.
    func keep() { isKept.store(true, ordering: .relaxed) }

    /// Gives back what was freed since the last time. The control thread, in whose arena models are made.
    func giveBack() {
        if isKept.exchange(false, ordering: .relaxed) { Host.releaseFreeMemory() }
    }
}
