package import Synchronization

/// Messages from any thread to one loop: a locked array that is swapped out whole, and a wake-up.
///
/// The loop takes the lock once a wake-up, not once a message; a sender rings only when the box was empty.
package final class Mailbox<Message: Sendable>: Sendable {
    @usableFromInline
    struct State: Sendable {
        @usableFromInline var messages: [Message] = []
        @usableFromInline var isRung = false
        @usableFromInline var isClosed = false
    }

    @usableFromInline let state = Mutex(State())
    /// What the loop's poller listens to.
    package let wakeUp: WakeUp

    /// Makes an empty box.
    package init() throws(SystemError) {
        wakeUp = try WakeUp()
    }

    /// Puts a message in and wakes the loop if it has not been woken since it last looked.
    ///
    /// - Returns: false where the loop has ended and nobody will read it.
    @inlinable
    @discardableResult
    package func post(_ message: Message) -> Bool {
        let (accepted, mustRing) = state.withLock { state in
            if state.isClosed { return (false, false) }
            state.messages.append(message)
            let mustRing = !state.isRung
            state.isRung = true
            return (true, mustRing)
        }
        if mustRing { wakeUp.ring() }
        return accepted
    }

    /// Wakes the loop without a message.
    @inlinable
    package func wake() {
        let mustRing = state.withLock { state in
            let mustRing = !state.isRung && !state.isClosed
            state.isRung = true
            return mustRing
        }
        if mustRing { wakeUp.ring() }
    }

    /// Whether the loop has been woken since it last took the messages out; for a simulation, which does not poll.
    package var isRung: Bool { state.withLock { $0.isRung } }

    /// Takes all messages out, oldest first, into `messages`, which must be empty; its room is used for the next ones.
    ///
    /// Loop thread only, after the wake-up was heard.
    @inlinable
    package func take(into messages: inout [Message]) {
        wakeUp.clear()
        state.withLock { state in
            state.isRung = false
            swap(&state.messages, &messages)
        }
    }

    /// Refuses messages from now on and gives back what was still inside.
    @inlinable
    package func close() -> [Message] {
        state.withLock { state in
            state.isClosed = true
            let rest = state.messages
            state.messages = []
            return rest
        }
    }
}
