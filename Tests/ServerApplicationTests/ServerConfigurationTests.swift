import EventLoop
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

    // MARK: Where to listen

    @Test func listensBesideHostAndPortOnlyWhereThoseWereChosen() throws {
        #expect(try resolve().addresses.map(\.description) == ["0.0.0.0:8080"])
        var options = ServerOptions()
        options.listen = ["unix:/run/v.sock", "[::1]:9000"]
        #expect(try resolve(options).addresses.map(\.description) == ["unix:/run/v.sock", "[::1]:9000"])
        options.port = 80
        #expect(
            try resolve(options).addresses.map(\.description) == ["0.0.0.0:80", "unix:/run/v.sock", "[::1]:9000"])
        #expect(
            try resolve(ServerOptions(), ["VENCEJO_LISTEN": "unix:/a , 127.0.0.1:1,", "PORT": "7"]).addresses
                .map(\.description) == ["0.0.0.0:7", "unix:/a", "127.0.0.1:1"])
        var file = ServerOptions()
        file.configurationFile = "c"
        #expect(try resolve(file, files: ["c": #"{"listen": "unix:/a"}"#]).addresses.map(\.description) == ["unix:/a"])
        #expect(
            try resolve(file, files: ["c": #"{"listen": ["unix:/a", "unix:/b"]}"#]).listen.value.count == 2)
    }

    @Test(arguments: [
        ["here"], ["unix:"], ["127.0.0.1:80", "127.0.0.1:80"], (0..<16).map { "127.0.0.1:\($0)" },
        ["unix:/" + String(repeating: "a", count: 107)],
    ])
    func refusesAddressesThatCannotBe(listen: [String]) {
        var options = ServerOptions()
        options.listen = listen
        #expect(throws: ConfigurationError.self) { try resolve(options) }
    }

    @Test(arguments: [("0660", 0o660), ("600", 0o600), ("0777", 0o777)])
    func readsTheModeOfSocketsInOctal(text: String, mode: Int) throws {
        #expect(try resolve(ServerOptions(), ["VENCEJO_UNIX_SOCKET_MODE": text]).unixSocketMode.value == mode)
    }

    @Test(arguments: ["0888", "rw", "-1", "01777", "00660"]) func refusesOtherModes(text: String) {
        #expect(throws: ConfigurationError.self) { try resolve(ServerOptions(), ["VENCEJO_UNIX_SOCKET_MODE": text]) }
    }

    // MARK: Bounds, times, tokens

    @Test(arguments: [
        "connections_max", "in_flight_max", "head_timeout_seconds", "body_timeout_seconds",
        "body_bytes_per_second_min", "idle_timeout_seconds", "write_timeout_seconds", "drain_seconds",
        "body_bytes_max", "model_bytes_max",
    ])
    func takesNumbersFromTheEnvironmentAndTheFile(key: String) throws {
        var options = ServerOptions()
        options.configurationFile = "c"
        let files = ["c": #"{"\#(key)": 41}"#]
        func text(_ configuration: ServerConfiguration) -> String? {
            configuration.entries.first { $0.name == key }?.text
        }
        #expect(try text(resolve(options, files: files)) == "41")
        #expect(try text(resolve(options, ["VENCEJO_" + key.uppercased(): "42"], files: files)) == "42")
        for wrong in ["-1", "1.5", "many", "99999999999999999999"] {
            #expect(throws: ConfigurationError.self) {
                try resolve(ServerOptions(), ["VENCEJO_" + key.uppercased(): wrong])
            }
        }
    }

    @Test func theDelayIsAPartOfTheDrain() throws {
        #expect(try resolve(ServerOptions(), ["VENCEJO_DRAIN_DELAY_SECONDS": "10"]).drainDelaySeconds.value == 10)
        for delay in ["9", "10"] {
            #expect(throws: ConfigurationError.self) {
                try resolve(ServerOptions(), ["VENCEJO_DRAIN_DELAY_SECONDS": delay, "K_SERVICE": "x"])
            }
        }
        #expect(try resolve(ServerOptions(), ["VENCEJO_DRAIN_SECONDS": "0"]).drainDelaySeconds.value == 0)
    }

    @Test func theTokensMustDiffer() throws {
        let token = "0123456789abcdef"
        let one = ["VENCEJO_PREDICT_TOKEN": token]
        #expect(try resolve(ServerOptions(), one).predictToken.value == token)
        let both = ["VENCEJO_PREDICT_TOKEN": token, "VENCEJO_ADMIN_TOKEN": token]
        let error = #expect(throws: ConfigurationError.self) { try resolve(ServerOptions(), both) }
        #expect(error?.description.contains(token) == false)
        let files = ["t": token + "\n"]
        #expect(
            try resolve(ServerOptions(), ["VENCEJO_PREDICT_TOKEN_FILE": "t"], files: files).predictToken.value == token)
    }

    @Test(arguments: [
        #"{"listen": 1}"#, #"{"listen": [1]}"#, #"{"cors_origins": ["null"]}"#, #"{"cors_origins": {}}"#,
        #"{"log_level": "loud"}"#, #"{"predict_token": "0123456789abcdef"}"#,
    ])
    func refusesAFileWithWrongLists(text: String) {
        var options = ServerOptions()
        options.configurationFile = "c"
        #expect(throws: ConfigurationError.self) { try resolve(options, files: ["c": text]) }
    }

    // MARK: What changes

    @Test func tellsWhatChangedAndWhatNeedsARestart() throws {
        let before = try resolve(ServerOptions(), ["VENCEJO_ADMIN_TOKEN": "0123456789abcdef"])
        #expect(before.changes(to: before).isEmpty)
        let after = try resolve(
            ServerOptions(),
            [
                "VENCEJO_ADMIN_TOKEN": "another-0123456789", "VENCEJO_IN_FLIGHT_MAX": "7", "PORT": "81",
                "VENCEJO_CORS_ORIGINS": "https://a.example, https://b.example",
            ])
        let changes = before.changes(to: after)
        #expect(changes.filter(\.isLive).map(\.name) == ["admin_token", "cors_origins", "in_flight_max"])
        #expect(changes.filter { !$0.isLive }.map(\.name) == ["port"])
        #expect(changes.allSatisfy { !$0.text.contains("another") })
        #expect(after.chosen.first { $0.name == "admin_token" }?.text == "(set)")
        #expect(after.corsOrigins.value.texts == ["https://a.example", "https://b.example"])
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

extension String {
    fileprivate func contains(_ text: String) -> Bool { indices.contains { self[$0...].hasPrefix(text) } }
}
