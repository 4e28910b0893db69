internal import EventLoop
internal import Glibc
internal import Synchronization

/// The server as a process: configuration from the environment, signals, exit code.
public enum ServerProcess {
    /// Serves until SIGTERM or SIGINT, then drains. A second signal ends at once, and so does one before the server
    /// answers, which has nothing to drain.
    /// - Parameter showsExamples: print lines to paste even if nobody is at a terminal.
    /// - Returns: the exit code: 0 after a drain, 1 if the server could not start.
    public static func run(_ options: ServerOptions, showsExamples: Bool = false) -> Int32 {
        Host.prepareProcess()
        do {
            // Before any thread starts, so that all inherit the mask and signals come here alone.
            let signals = try SignalReceiver([SIGTERM, SIGINT])
            let isServing = Atomic<Bool>(false)
            let stopping = try EventLoopThread(name: "signals") {
                let isReceived = (try? signals.next()) != nil
                if isReceived, !isServing.load(ordering: .acquiring) { _exit(0) }
            }
            let configuration = try ServerConfiguration(options)
            let isTerminal = isatty(STDOUT_FILENO) == 1 && isatty(STDIN_FILENO) == 1
            let configured = configuration.adminToken.value
            let made = configured == nil && isTerminal ? AdminToken.random() : nil
            let server = try Server(configuration, adminToken: configured ?? made)
            try server.start()
            isServing.store(true, ordering: .releasing)
            if isTerminal || showsExamples {
                show(
                    StartupBanner.text(
                        port: server.port, plan: server.plan, models: server.models(), store: configuration.store.value,
                        token: made, hasToken: configured != nil))
            }
            stopping.join()
            let impatient = try EventLoopThread(name: "signals") {
                if (try? signals.next()) != nil { _exit(1) }
            }
            server.stop()
            withExtendedLifetime(impatient) {}
            return 0
        } catch {
            complain("\(error)")
            return 1
        }
    }

    /// Whether the server that would take these settings' port on this host is ready.
    public static func isReady(port: Int?) -> Bool {
        if let port { return HealthProbe.isReady(port: port) }
        guard let configuration = try? ServerConfiguration(ServerOptions()) else { return false }
        return HealthProbe.isReady(port: configuration.port.value)
    }

    private static func show(_ text: String) {
        print(text)
        // Through a pipe, print would keep it until the end.
        fflush(nil)
    }

    private static func complain(_ text: String) {
        let bytes = Array("vencejo: \(text)\n".utf8)
        _ = unsafe bytes.withUnsafeBytes { unsafe write(STDERR_FILENO, $0.baseAddress, $0.count) }
    }
}
