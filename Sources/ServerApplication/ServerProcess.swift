internal import EventLoop
internal import Glibc
internal import Synchronization

/// The server as a process: configuration from the environment, signals, exit code.
public enum ServerProcess {
    /// What the signals' thread knows of the server.
    private struct Serving {
        var server: Server?
        /// SIGHUP came while it started, perhaps after the files had been read.
        var isReloadAsked = false
    }

    /// Serves until SIGTERM or SIGINT, then drains. A second one ends at once, and so does one before the server
    /// answers, which has nothing to drain. SIGHUP reads the configuration again, unless it comes because the terminal
    /// it was started on is gone: then it stops as well, or it would hold its port with nobody knowing of it.
    /// - Parameter showsExamples: print lines to paste even if nobody is at a terminal.
    /// - Returns: the exit code: 0 after a drain, 1 if the server could not start. A second signal ends with 1.
    public static func run(_ options: ServerOptions, showsExamples: Bool = false) -> Int32 {
        Host.prepareProcess()
        do {
            // Before any thread starts, so that all inherit the mask and signals come here alone.
            let signals = try SignalReceiver([SIGTERM, SIGINT, SIGHUP])
            let wasTerminal = isatty(STDIN_FILENO) == 1
            let serving = Mutex(Serving())
            let stopping = try EventLoopThread(name: "signals") {
                while let signal = try? signals.next() {
                    // A terminal that is gone is none any more (EIO).
                    let asksToReload = signal == SIGHUP && !(wasTerminal && isatty(STDIN_FILENO) == 0)
                    let server = serving.withLock { serving in
                        if asksToReload, serving.server == nil { serving.isReloadAsked = true }
                        return serving.server
                    }
                    if asksToReload {
                        if let server { reload(server, options) }
                    } else if server == nil {
                        _exit(0)
                    } else {
                        return
                    }
                }
            }
            let configuration = try ServerConfiguration(options)
            let isTerminal = isatty(STDOUT_FILENO) == 1 && isatty(STDIN_FILENO) == 1
            let isTokenSet = configuration.adminToken.value != nil
            let made = !isTokenSet && isTerminal ? BearerToken.random() : nil
            let server = try Server(configuration, madeToken: made)
            try server.start()
            let isReloadAsked = serving.withLock { serving in
                serving.server = server
                return serving.isReloadAsked
            }
            if isReloadAsked { reload(server, options) }
            if isTerminal || showsExamples {
                show(
                    StartupBanner.text(
                        address: server.addresses.first, plan: server.plan, models: server.models(),
                        store: configuration.store.value, token: made, hasToken: isTokenSet))
            }
            stopping.join()
            let impatient = try EventLoopThread(name: "signals") {
                while let signal = try? signals.next() {
                    if signal != SIGHUP { _exit(1) }
                }
            }
            // Should a loop not come round, the promise is kept without it: half a second later, as Cloud Run kills one
            // after the nine that are the default there.
            let late = try EventLoopThread(name: "drain") {
                Host.wait(seconds: server.drainSeconds, milliseconds: 500)
                complain("the drain did not end in time")
                _exit(1)
            }
            server.stop()
            withExtendedLifetime((impatient, late)) {}
            return 0
        } catch {
            complain("\(error)")
            return 1
        }
    }

    /// On a thread of its own: a file on a disk that hangs must not keep SIGTERM from being heard.
    private static func reload(_ server: Server, _ options: ServerOptions) {
        if (try? EventLoopThread(name: "reload", body: { server.reload(options) })) == nil { server.reload(options) }
    }

    /// Asks the server that would take these settings on this host whether it is ready: at its port, or at its socket
    /// where it has no port. What it says to that, and a server that is not there, stand on standard error.
    /// - Parameter isLive: ask whether it is alive instead.
    /// - Returns: the exit code: 0 if it is.
    public static func probe(port: Int?, isLive: Bool = false) -> Int32 {
        if let port {
            guard (1...65_535).contains(port) else {
                complain("port (--port): found \(port), expected 1 to 65535")
                return 1
            }
            return probe(.tcp(host: "127.0.0.1", port: port), isLive)
        }
        do throws(ConfigurationError) {
            let addresses = try ServerConfiguration(ServerOptions()).addresses
            let tcp = addresses.first { if case .tcp = $0 { true } else { false } }
            return (tcp ?? addresses.first).map { probe($0, isLive) } ?? 1
        } catch {
            complain("\(error)")
            return 1
        }
    }

    /// The same of a server at `HOST:PORT`, `[IPV6]:PORT` or `unix:PATH`.
    /// - Throws: `ConfigurationError` for a text that is none of these.
    public static func probe(at address: String, isLive: Bool = false) throws(ConfigurationError) -> Int32 {
        do throws(ListenAddress.Malformed) {
            return probe(try ListenAddress(address), isLive)
        } catch {
            throw ConfigurationError("listen", from: "--listen", found: error.found, expected: error.expected)
        }
    }

    private static func probe(_ address: ListenAddress, _ isLive: Bool) -> Int32 {
        guard let failure = HealthProbe.failure(of: address, asking: isLive ? .live : .ready) else { return 0 }
        complain("\(address): \(failure)")
        return 1
    }

    private static func show(_ text: String) {
        print(text)
        // Through a pipe, print would keep it until the end.
        fflush(nil)
    }

    private static func complain(_ text: String) { SystemFile.complain("vencejo: \(text)\n") }
}
