internal import CEventLoop
internal import Glibc

/// What one wake-up says about one descriptor.
package struct ReadinessEvent: Sendable {
    /// The word given at registration: who it is about. Put a generation in it to tell stale events.
    package let token: UInt64
    private let flags: UInt32

    init(token: UInt64, flags: UInt32) {
        self.token = token
        self.flags = flags
    }

    /// Makes an event up, for a simulation.
    package init(token: UInt64, isReadable: Bool, isWritable: Bool, isPeerEnded: Bool, isBroken: Bool) {
        var flags = 0
        if isReadable { flags |= Int(VENCEJO_EPOLL_READ) }
        if isWritable { flags |= Int(VENCEJO_EPOLL_WRITE) }
        if isPeerEnded { flags |= Int(VENCEJO_EPOLL_PEER_ENDED) }
        if isBroken { flags |= Int(VENCEJO_EPOLL_ERROR) | Int(VENCEJO_EPOLL_HANGUP) }
        self.init(token: token, flags: UInt32(flags))
    }

    /// Bytes, the peer's end or an error can be read.
    package var isReadable: Bool {
        flags & UInt32(VENCEJO_EPOLL_READ | VENCEJO_EPOLL_ERROR | VENCEJO_EPOLL_HANGUP | VENCEJO_EPOLL_PEER_ENDED) != 0
    }

    /// There is room to write, or an error that a write will tell.
    package var isWritable: Bool {
        flags & UInt32(VENCEJO_EPOLL_WRITE | VENCEJO_EPOLL_ERROR | VENCEJO_EPOLL_HANGUP) != 0
    }

    /// The peer has ended its direction: the end is behind the bytes that can be read, and will not be told again.
    package var isPeerEnded: Bool { flags & UInt32(VENCEJO_EPOLL_PEER_ENDED) != 0 }

    /// Both directions are gone or the socket is in error: nothing sent now can arrive.
    package var isBroken: Bool {
        flags & UInt32(VENCEJO_EPOLL_ERROR | VENCEJO_EPOLL_HANGUP) != 0
    }
}

/// An epoll instance and the room for the events of one wake-up.
///
/// Connections are registered edge-triggered, once, for both directions: there is then no `epoll_ctl` call in their
/// life, and the kernel does not look at each of them again in the next `epoll_wait` as it does for level-triggered
/// ones. Made on any thread, used by one.
@safe
package final class Poller: Sendable {
    /// The most events of one wake-up.
    package static let eventsMax = 256

    private let descriptor: Int32
    // Filled and read by the one thread that waits on this poller.
    nonisolated(unsafe) private let events: UnsafeMutablePointer<epoll_event>

    /// Makes an epoll instance.
    ///
    /// - Throws: `SystemError` where the system has no descriptor left.
    package init() throws(SystemError) {
        descriptor = epoll_create1(Int32(EPOLL_CLOEXEC))
        guard descriptor >= 0 else { throw SystemError(call: "epoll_create1") }
        unsafe events = UnsafeMutablePointer<epoll_event>.allocate(capacity: Poller.eventsMax)
        unsafe events.initialize(repeating: epoll_event(), count: Poller.eventsMax)
    }

    deinit {
        unsafe events.deallocate()
        _ = Glibc.close(descriptor)
    }

    /// Registers a connected socket, edge-triggered for both directions.
    package func add(connection fd: Int32, token: UInt64) -> Bool {
        vencejo_epoll_add_connection(descriptor, fd, token) == 0
    }

    /// Registers a listening socket or a wake-up, level-triggered for reading.
    package func add(source fd: Int32, token: UInt64) -> Bool {
        vencejo_epoll_add_source(descriptor, fd, token) == 0
    }

    /// Takes a descriptor out; closing it does the same.
    package func remove(_ fd: Int32) {
        _ = vencejo_epoll_remove(descriptor, fd)
    }

    /// Waits for events.
    ///
    /// - Parameter milliseconds: how long at most; negative: without end.
    /// - Returns: how many there are; 0 after the time or a signal.
    package func wait(milliseconds: Int32) -> Int {
        Int(max(0, unsafe epoll_wait(descriptor, events, Int32(Poller.eventsMax), milliseconds)))
    }

    /// Event `index` of the last wake-up.
    package func event(_ index: Int) -> ReadinessEvent {
        precondition(index >= 0 && index < Poller.eventsMax)
        let event = unsafe events + index
        return unsafe ReadinessEvent(token: vencejo_epoll_token(event), flags: vencejo_epoll_events(event))
    }
}
