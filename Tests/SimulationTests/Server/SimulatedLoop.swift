import EventLoop
import Synchronization

@testable import HTTPCore
@testable import HTTPServer
@testable import ServerApplication

/// A real loop with its real handler, whose turns are steps of the simulation.
final class SimulatedLoop {
    private let world: World
    let index: Int
    let transport: SimulatedTransport
    let mailbox: LoopMailbox
    private(set) var loop: ServerLoop?
    private(set) var handler: LoopHandler?
    private var input: [UInt8]
    private var head = RequestHead()
    /// Another process has the core until then.
    private var delayedUntil: Int64 = 0
    let load: LoopLoad

    init(
        _ world: World, index: Int, configuration: HTTPServerConfiguration, parts: [HTTPServer.LoopParts],
        transport: SimulatedTransport, listener: SimulatedListener?, services: SharedServices
    ) {
        self.world = world
        self.index = index
        self.transport = transport
        mailbox = parts[index].mailbox
        load = parts[index].load
        let clock = SimulatedClock(world: world)
        let handler = LoopHandler(
            context: LoopContext(index: index, mailbox: parts[index].mailbox, clock: clock), shared: services)
        self.handler = handler
        let loop = ServerLoop(
            index: index, configuration: configuration, clock: clock,
            handler: CheckingHandler(world, loop: index, handler), parts: parts[index], peers: parts,
            listeners: listener.map { [$0] } ?? [])
        self.loop = loop
        // With little room, even a small body takes more reads than a turn makes.
        // A whole frame of HTTP/2 must fit.
        let least = max(configuration.limits.headBytesMax, 16 << 10) + 300
        let room = world.dice.pick([loop.inputBytes, least])
        input = [UInt8](repeating: 0, count: room)
        loop.begin()
    }

    /// When the next turn may begin; nil if nothing will wake it.
    var nextTime: Int64? {
        guard let loop else { return nil }
        if transport.hasEvents { return delayedUntil }
        let wait = loop.waitMilliseconds()
        if wait < 0 { return nil }
        return max(delayedUntil, world.now + Int64(wait) * World.millisecond)
    }

    func turn() {
        guard let loop else { return }
        world.note("loop \(index) turns")
        loop.turn(&input, &head)
        if world.dice.chance(percent: 5) {
            delayedUntil = world.now + world.dice.nanoseconds(0...30 * World.millisecond)
        }
        if world.dice.chance(permille: 3) { delayedUntil = world.now + 200 * World.millisecond }
        if loop.state.value.isStopped { end(loop) }
    }

    /// As the loop's thread ends.
    private func end(_ loop: ServerLoop) {
        loop.finish()
        world.note("loop \(index) ends")
        check(loop)
        self.loop = nil
        handler = nil
    }

    /// What must be gone when no connection is open.
    func check(_ loop: ServerLoop) {
        func expect(_ isRight: Bool, _ text: String) {
            if !isRight { world.fail("loop \(index), without a connection: \(text)") }
        }
        expect(loop.state.value.counters[.open] == 0, "\(loop.state.value.counters[.open]) are counted")
        expect(
            load.connections.load(ordering: .relaxed) == 0, "a load of \(load.connections.load(ordering: .relaxed))")
        let gathered = loop.state.value.context.gatheredBytes
        expect(gathered == 0, "\(gathered) bytes are gathered")
        let open = (0..<loop.connections.count).count { loop.connections[$0].isOpen }
        expect(open == 0, "\(open) slots are open")
        expect(loop.state.value.freeSlots.count == loop.connections.count, "slots are lost")
        guard let handler else { return }
        expect(handler.openExchangeCount == 0, "\(handler.openExchangeCount) exchanges are open in the handler")
    }
}
