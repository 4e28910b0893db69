internal import HTTPCore
internal import HTTPServer

/// A server that reads a request's body whole and answers with the same 120 bytes each time: what the loop and the
/// protocol cost, without JSON and without a model.
///
///     fixed-answer PORT LOOPS
@main
struct FixedAnswer {
    static func main() throws {
        let arguments = CommandLine.arguments.dropFirst().compactMap { Int($0) }
        guard arguments.count == 2 else {
            print("usage: fixed-answer PORT LOOPS")
            return
        }
        var configuration = HTTPServerConfiguration()
        configuration.port = arguments[0]
        configuration.loopCount = arguments[1]
        let server = try HTTPServer(configuration) { _ in FixedAnswerHandler() }
        try server.start()
        server.waitUntilStopped()
    }
}
