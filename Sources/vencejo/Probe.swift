internal import ArgumentParser
internal import ServerApplication

struct Probe: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Ask a server on this host whether it is ready, or alive; the exit code is the answer.",
        discussion: "For health checks in containers, which have no shell and no curl.")

    @Option(help: "The server's port; by default the one `vencejo serve` would take.")
    var port: Int?

    @Option(help: ArgumentHelp("Where it listens, as for `vencejo serve`.", valueName: "address"))
    var listen: String?

    @Flag(help: "Ask whether it is alive, which it also is while it drains or waits for its store.")
    var live = false

    func run() throws {
        let code =
            try listen.map { try ServerProcess.probe(at: $0, isLive: live) }
            ?? ServerProcess.probe(port: port, isLive: live)
        throw ExitCode(code)
    }
}
