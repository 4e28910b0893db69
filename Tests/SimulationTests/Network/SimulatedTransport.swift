import EventLoop

@testable import HTTPServer

/// The poller and the sockets of one loop. Edges are told once, in any order, sometimes a few at a time, sometimes
/// without a reason.
// Sendable as `World` is.
final class SimulatedTransport: LoopTransport, @unchecked Sendable {
    private let world: World
    private let network: Network
    let loop: Int
    /// In the order in which they were added.
    private var watched: [Link] = []
    private var sources: [(fd: Int32, token: UInt64, isReady: () -> Bool)] = []
    private var events: [ReadinessEvent] = []
    /// How the sources that may be added tell that they have something.
    private var readiness: [Int32: () -> Bool] = [:]

    init(_ world: World, _ network: Network, loop: Int) {
        self.world = world
        self.network = network
        self.loop = loop
    }

    func know(_ fd: Int32, isReady: @escaping () -> Bool) { readiness[fd] = isReady }

    /// Whether a wait would return at once.
    var hasEvents: Bool {
        watched.contains { $0.hasEdge } || sources.contains { $0.isReady() }
    }

    // MARK: The loop's calls

    func wait(milliseconds: Int32) -> Int {
        events = []
        for source in sources where source.isReady() { events.append(Self.ready(source.token)) }
        let most = world.dice.chance(percent: 20) ? world.dice.number(1...4) : Poller.eventsMax
        var links = watched.filter(\.hasEdge)
        world.dice.shuffle(&links)
        for link in links.prefix(max(1, most - events.count)) {
            link.hasEdge = false
            guard let token = link.token, let event = link.event(token: token) else { continue }
            events.append(event)
        }
        if !watched.isEmpty, world.dice.chance(percent: 5) {
            let link = world.dice.pick(watched)
            if let token = link.token, !links.contains(where: { $0 === link }),
                let event = link.event(token: token, isSpurious: true)
            {
                events.append(event)
            }
        }
        world.dice.shuffle(&events)
        return events.count
    }

    private static func ready(_ token: UInt64) -> ReadinessEvent {
        ReadinessEvent(token: token, isReadable: true, isWritable: false, isPeerEnded: false, isBroken: false)
    }

    func event(_ index: Int) -> ReadinessEvent { events[index] }

    func add(connection fd: Int32, token: UInt64) -> Bool {
        guard let link = network.link(fd) else {
            world.fail("loop \(loop) watches descriptor \(fd), which is not open")
            return false
        }
        if world.dice.chance(permille: network.failures.watchPermille) { return false }
        guard link.token == nil else {
            world.fail("connection \(link.number) is watched twice")
            return false
        }
        link.token = token
        // epoll tells what is ready already.
        link.hasEdge = true
        watched.append(link)
        return true
    }

    func add(source fd: Int32, token: UInt64) -> Bool {
        guard let isReady = readiness[fd] else { return false }
        sources.append((fd, token, isReady))
        return true
    }

    func remove(_ fd: Int32) {
        sources.removeAll { $0.fd == fd }
        watched.removeAll { $0.fd == fd }
    }

    func receive(_ fd: Int32, into bytes: inout [UInt8], at part: Range<Int>) -> TransferResult {
        guard let link = network.link(fd) else {
            world.fail("loop \(loop) reads descriptor \(fd), which is not open")
            return .broken(9)
        }
        let result = link.read(into: &bytes, at: part)
        world.note("loop \(loop) read \(result)", link.number)
        return result
    }

    func send(_ fd: Int32, _ bytes: Span<UInt8>) -> TransferResult {
        guard let link = network.link(fd) else {
            world.fail("loop \(loop) writes to descriptor \(fd), which is not open")
            return .broken(9)
        }
        let result = link.write(bytes)
        world.note("loop \(loop) sent \(result)", link.number)
        return result
    }

    func halfClose(_ fd: Int32) {
        guard let link = network.link(fd) else { return world.fail("descriptor \(fd) is ended, which is not open") }
        world.note("loop \(loop) half-closed", link.number)
        link.serverHalfClose()
    }

    func close(_ fd: Int32) {
        guard let link = network.link(fd) else { return world.fail("descriptor \(fd) is closed, which is not open") }
        world.note("loop \(loop) closed", link.number)
        watched.removeAll { $0 === link }
        network.close(link)
    }

    func reset(_ fd: Int32) {
        guard let link = network.link(fd) else { return world.fail("descriptor \(fd) is reset, which is not open") }
        world.note("loop \(loop) reset", link.number)
        watched.removeAll { $0 === link }
        network.reset(link)
    }
}
