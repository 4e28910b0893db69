package import EventLoop
package import HTTPCore
internal import Synchronization

/// An HTTP server: listening sockets, and loops that each own the connections they were given.
///
/// Loop 0 accepts and hands each connection to the loop with the fewest open ones. With `SO_REUSEPORT` the kernel would
/// spread them by hash: of 64 connections from a proxy over 4 loops one gets 9 and another 24, for as long as they
/// are kept alive; and a second server started by mistake on the same port would silently take half of the traffic.
/// The price is one eventfd write a connection, not a request.
package final class HTTPServer: Sendable {
    private let configuration: HTTPServerConfiguration
    private let clock: any LoopClock
    private let makeHandler: @Sendable (LoopContext) -> any RequestHandler
    private let listeners: [ListeningSocket]
    private let parts: [LoopParts]
    private let threads = Mutex<[EventLoopThread]>([])

    /// What a loop is made of before it has a thread.
    struct LoopParts: Sendable {
        let mailbox: LoopMailbox
        let transport: any LoopTransport
        let counters: HTTPServerCounters
        let load: LoopLoad
    }

    /// The doors of the loops, by their number.
    package let mailboxes: [LoopMailbox]
    /// The counters of the loops, by their number.
    package let counters: [HTTPServerCounters]

    /// Binds the address; connections queue up in the kernel until ``start()``.
    ///
    /// - Parameters:
    ///   - configuration: where and within which bounds.
    ///   - clock: the time; tests give a fake one.
    ///   - makeHandler: called once a loop, on its thread.
    /// - Throws: `HTTPServerError` naming the address or the number that is wrong.
    package init(
        _ configuration: HTTPServerConfiguration, clock: any LoopClock = SystemClock(),
        makeHandler: @escaping @Sendable (LoopContext) -> any RequestHandler
    ) throws(HTTPServerError) {
        guard (1...256).contains(configuration.loopCount) else {
            throw .badConfiguration("loops: \(configuration.loopCount), expected 1...256")
        }
        guard configuration.connectionsMax >= 1 else {
            throw .badConfiguration("connections: \(configuration.connectionsMax), expected at least 1")
        }
        guard configuration.addresses.count <= HTTPServer.listenersMax else {
            throw .badConfiguration(
                "addresses: \(configuration.addresses.count), expected at most \(HTTPServer.listenersMax)")
        }
        self.configuration = configuration
        self.clock = clock
        self.makeHandler = makeHandler
        do throws(SystemError) {
            var listeners: [ListeningSocket] = []
            let usual = ListenAddress.tcp(host: configuration.host, port: configuration.port)
            for address in configuration.addresses.isEmpty ? [usual] : configuration.addresses {
                listeners.append(try ListeningSocket(address, mode: configuration.unixSocketMode))
            }
            self.listeners = listeners
        } catch {
            throw .cannotListen(error)
        }
        do throws(SystemError) {
            var parts: [LoopParts] = []
            for _ in 0..<configuration.loopCount {
                parts.append(
                    LoopParts(
                        mailbox: try LoopMailbox(), transport: try Poller(), counters: HTTPServerCounters(),
                        load: LoopLoad()))
            }
            self.parts = parts
        } catch {
            throw .noResources(error)
        }
        mailboxes = parts.map(\.mailbox)
        counters = parts.map(\.counters)
    }

    /// The most addresses that a server listens on.
    package static let listenersMax = 16

    /// The port that is listened on, the first of several; 0 where there are only sockets in the file system.
    package var boundPort: Int { listeners.first { $0.port > 0 }?.port ?? 0 }

    /// Where it listens, with the ports that the system chose.
    package var boundAddresses: [ListenAddress] { listeners.map(\.address) }

    /// Starts the loops.
    ///
    /// - Throws: `HTTPServerError` where the system has no thread left; loops already started are drained.
    package func start() throws(HTTPServerError) {
        do throws(SystemError) {
            for index in parts.indices {
                let thread = try EventLoopThread(name: "loop-\(index)") { [self] in
                    let parts = parts[index]
                    let handler = makeHandler(LoopContext(index: index, mailbox: parts.mailbox, clock: clock))
                    let loop = ServerLoop(
                        index: index, configuration: configuration, clock: clock, handler: handler, parts: parts,
                        peers: self.parts, listeners: index == 0 ? listeners : [])
                    loop.run()
                }
                threads.withLock { $0.append(thread) }
            }
        } catch {
            beginDrain(deadline: .zero)
            waitUntilStopped()
            throw .noResources(error)
        }
    }

    /// Stops accepting, closes idle connections, lets requests that have begun finish with `Connection: close`, and
    /// ends each loop when it has no connection left, at the deadline in any case. Safe from any thread, more than
    /// once: the last deadline counts.
    package func beginDrain(deadline: Duration) {
        let end = clock.now().advanced(by: LoopDuration(deadline))
        // The accepting loop tells the others, when it has handed over the last connection. Once it has ended itself,
        // there is none to come.
        if !mailboxes[0].messages.post(.drain(end)) {
            for mailbox in mailboxes.dropFirst() { mailbox.messages.post(.drain(end)) }
        }
    }

    /// Waits until all loops have ended.
    package func waitUntilStopped() {
        for thread in threads.withLock({ $0 }) { thread.join() }
    }
}

/// How many connections a loop has or has been given; the accepting loop adds, the owner takes away.
///
/// Unused words on both sides keep the two loops' writes off the cache lines that others use for each request.
final class LoopLoad: Sendable {
    private let before = InlineArray<16, UInt64>(repeating: 0)
    let connections = Atomic<Int>(0)
    private let after = InlineArray<16, UInt64>(repeating: 0)
}
