package import EventLoop

/// What a loop asks of the system: which descriptors are ready, and bytes in and out of them. A simulation puts its own
/// here.
///
/// Called by the loop's thread only. One existential call a system call; none a byte.
package protocol LoopTransport: Sendable {
    /// Waits for events at most that long (negative: without end) and says how many there are.
    func wait(milliseconds: Int32) -> Int
    /// Event `index` of the last wait.
    func event(_ index: Int) -> ReadinessEvent
    /// Watches a connected socket in both directions: each change is told once.
    func add(connection fd: Int32, token: UInt64) -> Bool
    /// Watches a listening socket or a wake-up: told as long as there is something to take.
    func add(source fd: Int32, token: UInt64) -> Bool
    /// Watches a descriptor no more.
    func remove(_ fd: Int32)

    /// Reads into that part of `bytes`.
    func receive(_ fd: Int32, into bytes: inout [UInt8], at part: Range<Int>) -> TransferResult
    /// Writes `bytes`; fewer than all may go.
    func send(_ fd: Int32, _ bytes: Span<UInt8>) -> TransferResult
    /// Ends our direction.
    func halfClose(_ fd: Int32)
    /// Gives the descriptor back; what was written and not yet taken still reaches the peer.
    func close(_ fd: Int32)
    /// Gives the descriptor back, drops what was written and tells the peer by a reset.
    func reset(_ fd: Int32)
}

/// Where connections come from.
package protocol ConnectionSource: Sendable {
    /// To be watched by the accepting loop.
    var descriptor: Int32 { get }
    /// Takes the next waiting connection.
    func accept() -> AcceptResult
    /// Takes no more: from here on nobody can connect.
    func stop()
}

extension ListeningSocket: ConnectionSource {}

/// The kernel's sockets and epoll.
extension Poller: LoopTransport {
    package func receive(_ fd: Int32, into bytes: inout [UInt8], at part: Range<Int>) -> TransferResult {
        Socket.receive(fd, into: &bytes, at: part)
    }

    package func send(_ fd: Int32, _ bytes: Span<UInt8>) -> TransferResult { Socket.send(fd, bytes) }

    package func halfClose(_ fd: Int32) { Socket.halfClose(fd) }

    package func close(_ fd: Int32) { Socket.close(fd) }

    package func reset(_ fd: Int32) { Socket.reset(fd) }
}
