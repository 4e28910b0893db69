import EventLoop

@testable import HTTPServer

/// The server's kernel: its descriptors, and connections that wait to be accepted.
final class Network {
    /// How often what may fail fails.
    struct Failures {
        var watchPermille = 0
        var lostPermille = 0
        var shedPermille = 0
        var exhaustedPermille = 0
    }

    private let world: World
    let failures: Failures
    /// By descriptor, from `firstDescriptor` on; nil where it is free.
    private var table: [Link?] = []
    private(set) var waiting: [Link] = []
    private(set) var isListening = true
    private static let firstDescriptor: Int32 = 1_000_000

    init(_ world: World, _ failures: Failures) {
        self.world = world
        self.failures = failures
    }

    var openCount: Int { table.count { $0 != nil } }

    var openNumbers: [Int] { table.compactMap { $0?.number } }

    func link(_ fd: Int32) -> Link? {
        let place = Int(fd - Self.firstDescriptor)
        return table.indices.contains(place) ? table[place] : nil
    }

    /// A client's handshake is done.
    func connect(_ link: Link) {
        guard isListening else { return link.refuse() }
        waiting.append(link)
    }

    func close(_ link: Link) {
        table[Int(link.fd - Self.firstDescriptor)] = nil
        link.serverClose()
    }

    func reset(_ link: Link) {
        table[Int(link.fd - Self.firstDescriptor)] = nil
        link.refuse()
    }

    fileprivate func accept() -> AcceptResult {
        guard isListening else {
            world.fail("a connection was asked for after the end of listening")
            return .wouldBlock
        }
        guard !waiting.isEmpty else { return .wouldBlock }
        if world.dice.chance(permille: failures.exhaustedPermille) { return .exhausted(24) }
        let link = waiting.removeFirst()
        if world.dice.chance(permille: failures.lostPermille) {
            link.refuse()
            return .lost
        }
        if world.dice.chance(permille: failures.shedPermille) {
            link.refuse()
            return .shed
        }
        // As the system does, the lowest number that is free.
        let place = table.firstIndex { $0 == nil } ?? table.count
        if place == table.count { table.append(nil) }
        table[place] = link
        link.wasAccepted(fd: Self.firstDescriptor + Int32(place))
        world.note("accepted", link.number, place)
        return .accepted(link.fd)
    }

    fileprivate func stop() {
        isListening = false
        for link in waiting { link.refuse() }
        waiting = []
    }
}

/// The listening socket.
// Sendable as `World` is.
final class SimulatedListener: ConnectionSource, @unchecked Sendable {
    private let network: Network
    let descriptor: Int32 = 900_000

    init(_ network: Network) { self.network = network }

    func hasWaiting() -> Bool { !network.waiting.isEmpty }

    func accept() -> AcceptResult { network.accept() }

    func stop() { network.stop() }
}
