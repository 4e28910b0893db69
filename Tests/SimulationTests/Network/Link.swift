import EventLoop

/// One TCP connection as both ends see it, with what is on its way.
///
/// The server's end behaves as Linux does: a read gives what has arrived, a write takes what has room, and both tell an
/// edge when that changes. What arrives when is the client's and the dice's business.
final class Link {
    private let world: World
    let number: Int
    private let latency: ClosedRange<Int64>
    /// Of the server's send buffer, the client's receive buffer included.
    private let outputRoom: Int
    /// Of the server's receive buffer.
    private let inputRoom: Int
    weak var client: (any SimulatedPeer)?

    // The server's end.
    var fd: Int32 = -1
    var token: UInt64?
    private(set) var isServerOpen = false
    private(set) var isServerHalfClosed = false
    private(set) var acceptedAt: Int64 = 0
    private(set) var serverClosedAt: Int64?
    private(set) var serverHalfClosedAt: Int64?
    /// When the server's output last moved, or began to wait.
    private(set) var lastProgressAt: Int64 = 0
    private var inbound: [UInt8] = []
    private var inboundStart = 0
    private var hasEnd = false
    private var isReset = false
    /// The kernel has said that there is no room, and owes an edge.
    private var owesRoom = false
    /// Room is denied although there is some, for a while.
    private var deniesRoom = false
    /// Something has changed since the last event.
    var hasEdge = false

    // The client's end.
    private(set) var received: [UInt8] = []
    private(set) var sawEnd = false
    private(set) var sawReset = false
    private var isClientGone = false
    /// Bytes that the server has sent and the client has not read.
    private var unread = 0
    /// Bytes that the client has sent and the server has not read.
    private var unreadByServer = 0
    private var isClientWaiting = false
    private var lastArrivalAtServer: Int64 = 0
    private var lastArrivalAtClient: Int64 = 0
    /// When the server ended its direction or closed, by itself.
    var endedAt: Int64? { serverHalfClosedAt ?? serverClosedAt }
    /// All bytes that have reached the server's kernel, and those that the server has read.
    private(set) var deliveredBytes = 0
    private var readBytes = 0

    /// - Parameters:
    ///   - isWide: much may be on its way to the server.
    ///   - isSlow: the client reads slowly as it is.
    init(_ world: World, number: Int, isWide: Bool, isSlow: Bool) {
        self.world = world
        self.number = number
        let slowest = world.dice.pick([1, 50, 1000, 20_000]) * 1000
        latency = 1000...Int64(slowest) + 1000
        outputRoom =
            world.dice.chance(percent: 3) && !isSlow ? 1 : world.dice.pick([100, 700, 4096, 65536, 1 << 20])
        inputRoom = isWide ? world.dice.pick([300_000, 2_000_000]) : world.dice.pick([700, 4096, 65536, 300_000])
    }

    /// Almost nothing fits: even a short answer takes its time.
    var isNarrow: Bool { outputRoom < 100 }

    // MARK: The server's calls

    func wasAccepted(fd: Int32) {
        self.fd = fd
        isServerOpen = true
        acceptedAt = world.now
        lastProgressAt = world.now
    }

    func read(into bytes: inout [UInt8], at part: Range<Int>) -> TransferResult {
        // What has just arrived is read along, before or after its edge was told.
        let available = inbound.count - inboundStart
        if available > 0 {
            let count = min(available, part.count)
            bytes.replaceSubrange(
                part.lowerBound..<part.lowerBound + count, with: inbound[inboundStart..<inboundStart + count])
            inboundStart += count
            if inboundStart == inbound.count {
                inbound.removeAll(keepingCapacity: true)
                inboundStart = 0
            }
            unreadByServer -= count
            readBytes += count
            client?.serverRead(readBytes)
            letClientGoOn()
            return .moved(count)
        }
        if isReset { return .broken(104) }
        return hasEnd ? .ended : .wouldBlock
    }

    func write(_ bytes: Span<UInt8>) -> TransferResult {
        if isReset { return .broken(104) }
        if isServerHalfClosed { world.fail("connection \(number): bytes were sent after the end") }
        let room = deniesRoom ? 0 : outputRoom - unread
        guard room > 0 else {
            owesRoom = true
            client?.serverSent(bytes, 0)
            return .wouldBlock
        }
        var count = min(room, bytes.count)
        if world.dice.chance(percent: 15) {
            count = world.dice.number(1...count)
            if count < bytes.count { denyRoom() }
        }
        if count < bytes.count { owesRoom = true }
        unread += count
        lastProgressAt = world.now
        let part = (0..<count).map { bytes[$0] }
        world.trace.add(bytes: part)
        client?.serverSent(bytes, count)
        arriveAtClient { link in
            guard !link.isClientGone else { return link.resetServer() }
            link.received += part
            link.client?.bytesArrived()
        }
        return .moved(count)
    }

    func serverHalfClose() {
        guard !isServerHalfClosed, !isReset else { return }
        isServerHalfClosed = true
        serverHalfClosedAt = world.now
        if hasEnd { hasEdge = true }
        arriveAtClient { link in
            link.sawEnd = true
            link.client?.endArrived()
        }
    }

    func serverClose() {
        isServerOpen = false
        serverClosedAt = world.now
        // Linux answers a close over unread bytes with a reset, and so it does what arrives later.
        if inbound.count > inboundStart {
            resetClient()
        } else if !isServerHalfClosed {
            serverHalfClose()
        }
    }

    /// What the poller would say now.
    func event(token: UInt64, isSpurious: Bool = false) -> ReadinessEvent? {
        let hasInput = inbound.count > inboundStart
        let hasRoom = !deniesRoom && outputRoom - unread > 0
        let isBroken = isReset || (hasEnd && isServerHalfClosed)
        let isReadable = hasInput || hasEnd || isReset
        guard isReadable || hasRoom || isSpurious else { return nil }
        return ReadinessEvent(
            token: token, isReadable: isReadable || isSpurious, isWritable: hasRoom || isSpurious,
            isPeerEnded: hasEnd || isReset, isBroken: isBroken)
    }

    // MARK: The client's calls

    /// Bytes that may be sent now without overrunning the server's buffer.
    var clientRoom: Int { inputRoom - unreadByServer }

    func clientSend(_ bytes: [UInt8]) {
        unreadByServer += bytes.count
        arriveAtServer { link in
            if link.serverClosedAt != nil { return link.resetClient() }
            guard !link.isReset else { return }
            link.inbound += bytes
            link.deliveredBytes += bytes.count
            link.hasEdge = true
        }
    }

    /// The client has no room and is to be told of some.
    func waitForRoom() { isClientWaiting = true }

    func clientRead(atMost countMax: Int) -> [UInt8] {
        let part = Array(received.prefix(countMax))
        received.removeFirst(part.count)
        unread -= part.count
        if owesRoom {
            world.after(delay()) { [weak self] in self?.giveRoom() }
        }
        return part
    }

    /// The client ends its direction.
    func clientEnd() {
        arriveAtServer { link in
            link.hasEnd = true
            link.hasEdge = true
        }
    }

    /// The client's program closes: what comes later is answered by a reset.
    func clientClose() {
        guard !isClientGone else { return }
        isClientGone = true
        if received.isEmpty { clientEnd() } else { clientReset() }
    }

    func clientReset() {
        isClientGone = true
        arriveAtServer { $0.resetServer() }
    }

    // MARK: On the way

    private func delay() -> Int64 { world.dice.nanoseconds(latency) }

    private func arriveAtServer(_ action: @escaping (Link) -> Void) {
        let time = max(world.now + delay(), lastArrivalAtServer)
        lastArrivalAtServer = time
        world.agenda.add(at: time) { [self] in action(self) }
    }

    private func arriveAtClient(_ action: @escaping (Link) -> Void) {
        let time = max(world.now + delay(), lastArrivalAtClient)
        lastArrivalAtClient = time
        world.agenda.add(at: time) { [self] in action(self) }
    }

    private func resetServer() {
        guard !isReset else { return }
        isReset = true
        hasEdge = true
        if world.dice.chance(percent: 50) {
            inbound = []
            inboundStart = 0
        }
    }

    /// The server's kernel breaks the connection.
    private func resetClient() {
        guard !isReset else { return }
        isReset = true
        arriveAtClient { link in
            link.sawReset = true
            if link.world.dice.chance(percent: 50) { link.received = [] }
            link.client?.resetArrived()
        }
    }

    /// The listening socket was closed over it, or the connection was lost before it was accepted.
    func refuse() {
        serverClosedAt = world.now
        resetClient()
    }

    private func denyRoom() {
        deniesRoom = true
        world.after(world.dice.nanoseconds(1000...50 * World.millisecond)) { [weak self] in
            self?.deniesRoom = false
            self?.giveRoom()
        }
    }

    private func giveRoom() {
        guard owesRoom, !deniesRoom, outputRoom > unread else { return }
        owesRoom = false
        hasEdge = true
    }

    private func letClientGoOn() {
        guard isClientWaiting else { return }
        isClientWaiting = false
        world.after(delay()) { [weak self] in self?.client?.sendMore() }
    }
}
