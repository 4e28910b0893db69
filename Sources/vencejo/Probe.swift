internal import ArgumentParser
internal import ServerApplication

struct Probe: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Ask a server on this host whether it is ready; the exit code is the answer.",
        discussion: "For health checks in containers, which have no shell and no curl.")

    @Option(help: "The server's port; by default the one `vencejo serve` would take.")
    var port: Int?

    @Option(help: ArgumentHelp("Where it listens, as for `vencejo serve`.", valueName: "address"))
    var listen: String?

    func run() throws {
        let code = try listen.map { try ServerProcess.probe(at: $0) } ?? ServerProcess.probe(port: port)
        throw ExitCode(code)
    }
}
