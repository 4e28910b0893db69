import ServerApplication

/// The whole server inside a program: serves a model file on a free port of this machine until a line is read.
@main
struct ServeEmbedded {
    static func main() throws {
        guard CommandLine.arguments.count == 2 else {
            print("usage: serve-embedded [NAME=]MODEL")
            return
        }
        var options = ServerOptions()
        options.models = [try ModelSource(argument: CommandLine.arguments[1])]
        options.host = "127.0.0.1"
        options.port = 0

        let server = try Server(try ServerConfiguration(options))
        try server.start()
        print("POST http://127.0.0.1:\(server.port)/predict; a line ends it")
        _ = readLine()
        server.stop()
    }
}
