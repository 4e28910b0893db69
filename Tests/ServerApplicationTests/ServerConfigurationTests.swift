import Testing

@testable import ServerApplication

private struct NoSuchFile: Error {}

private func resolve(
    _ options: ServerOptions = ServerOptions(), _ environment: [String: String] = [:], files: [String: String] = [:]
) throws -> ServerConfiguration {
    try ServerConfiguration(options: options, environment: { environment[$0] }) { path in
        guard let text = files[path] else { throw NoSuchFile() }
        return Array(text.utf8)
    }
}

@Suite struct ServerConfigurationTests {
    @Test func aFlagBeatsTheEnvironmentWhichBeatsTheFile() throws {
        var options = ServerOptions()
        options.configurationFile = "c.json"
        let files = ["c.json": #"{"port": 3, "host": "::1", "models": {"a": "a.pkl", "b": "b.ubj"}}"#]
        var configuration = try resolve(options, ["PORT": "2"], files: files)
        #expect(configuration.port.value == 2)
        #expect(configuration.port.source.description == "environment PORT")
        #expect(configuration.host.value == "::1")
        #expect(configuration.host.source.description == "file, host")
        #expect(
            try configuration.models == [ModelSource(name: "a", path: "a.pkl"), ModelSource(name: "b", path: "b.ubj")])
        options.port = 1
        configuration = try resolve(options, ["PORT": "2"], files: files)
        #expect(configuration.port.value == 1)
        #expect(configuration.port.source.description == "--port")
        #expect(try resolve().port.value == 8080)
    }

    @Test func takesThePortOfEachCloudInOrder() throws {
        #expect(try resolve(ServerOptions(), ["AIP_HTTP_PORT": "7", "SAGEMAKER_BIND_TO_PORT": "8"]).port.value == 7)
        #expect(try resolve(ServerOptions(), ["PORT": "6", "AIP_HTTP_PORT": "7"]).port.value == 6)
        #expect(try resolve(ServerOptions(), ["PORT": ""]).port.value == 8080)
    }

    @Test(arguments: ["abc", "-1", "65536", "80 ", "0x50"])
    func refusesAPortThatIsNone(port: String) {
        #expect(throws: ConfigurationError.self) { try resolve(ServerOptions(), ["PORT": port]) }
    }

    @Test(arguments: [#"{"prot": 1}"#, "[]", "{", #"{"port": "x"}"#, #"{"models": {"../a": "b"}}"#, #"{"port": 1.5}"#])
    func refusesABrokenFile(text: String) {
        var options = ServerOptions()
        options.configurationFile = "c.json"
        #expect(throws: ConfigurationError.self) { try resolve(options, files: ["c.json": text]) }
    }

    @Test func readsTheTokenFromAFile() throws {
        let files = ["/run/secrets/t": "0123456789abcdef\n"]
        #expect(
            try resolve(ServerOptions(), ["VENCEJO_ADMIN_TOKEN_FILE": "/run/secrets/t"], files: files).adminToken.value
                == "0123456789abcdef")
        #expect(try resolve().adminToken.value == nil)
    }

    @Test func neverShowsTheTokenInAnError() {
        let error = #expect(throws: ConfigurationError.self) {
            try resolve(ServerOptions(), ["VENCEJO_ADMIN_TOKEN": "geheim"])
        }
        #expect(error.map { !"\($0)".contains("geheim") } == true)
    }

    @Test(arguments: [
        ("a/b/house.pkl", "house", "a/b/house.pkl"), ("prices=x.pkl", "prices", "x.pkl"), ("m", "m", "m"),
        ("dir=x/my model.v2.ubj", "dir", "x/my model.v2.ubj"), ("./a=b/c.pkl", "c", "./a=b/c.pkl"),
        ("my model.pkl", "my-model", "my model.pkl"),
    ])
    func namesAModelByItsFile(argument: String, name: String, path: String) throws {
        let source = try ModelSource(argument: argument)
        #expect(source.name == name)
        #expect(source.path == path)
    }

    @Test(arguments: ["", "a b=x", "=x", ".hidden=x", "a=", String(repeating: "a", count: 129) + "=x"])
    func refusesANameThatBreaksTheRule(argument: String) {
        #expect(throws: ConfigurationError.self) { try ModelSource(argument: argument) }
    }
}
