package import EventLoop

/// What a handler is told about the loop it will live on.
package struct LoopContext: Sendable {
    /// The loop's number, from 0; the `loop` of its exchanges.
    package let index: Int
    /// The loop's door, for answers from other threads.
    package let mailbox: LoopMailbox
    /// The loop's clock.
    package let clock: any LoopClock
}
