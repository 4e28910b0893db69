import Glibc
import Testing

@testable import EventLoop

/// A directory that goes with the test.
private final class Directory {
    let path: String

    init() throws {
        var template = Array("/tmp/vencejo-socket-XXXXXX".utf8CString)
        guard unsafe mkdtemp(&template) != nil else { throw SystemError(call: "mkdtemp") }
        path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    deinit {
        for name in ["s", "t"] { _ = unsafe unlink("\(path)/\(name)") }
        _ = unsafe rmdir(path)
    }

    func status(_ name: String) -> stat? {
        var status = stat()
        return unsafe lstat("\(path)/\(name)", &status) == 0 ? status : nil
    }
}

@Suite struct UnixSocketTests {
    @Test(arguments: [0o660, 0o600, 0o666, 0o000]) func bearsItsModeWhateverTheUmaskIs(_ mode: Int) throws {
        let directory = try Directory()
        let socket = try ListeningSocket(.unix(path: directory.path + "/s"), mode: mode)
        let status = try #require(directory.status("s"))
        #expect(status.st_mode & S_IFMT == S_IFSOCK && Int(status.st_mode & 0o777) == mode)
        #expect(socket.port == 0 && socket.accept() == .wouldBlock)
        withExtendedLifetime(socket) {}
    }

    @Test func acceptsAndCarriesBytes() throws {
        let directory = try Directory()
        let address = ListenAddress.unix(path: directory.path + "/s")
        let socket = try ListeningSocket(address)
        let client = try #require(Socket.connect(to: address, seconds: 2))
        guard case .accepted(let server) = socket.accept() else { return #expect(Bool(false)) }
        let sent: [UInt8] = [1, 2, 3]
        #expect(Socket.send(client, sent.span) == .moved(3))
        var received = [UInt8](repeating: 0, count: 8)
        #expect(
            Socket.receive(server, into: &received, at: received.indices) == .moved(3) && received[..<3] == sent[...])
        Socket.close(client)
        #expect(Socket.receive(server, into: &received, at: received.indices) == .ended)
        Socket.close(server)
    }

    @Test func removesItsFileWhenItStops() throws {
        let directory = try Directory()
        let address = ListenAddress.unix(path: directory.path + "/s")
        let socket = try ListeningSocket(address)
        socket.stop()
        socket.stop()
        #expect(directory.status("s") == nil)
        #expect(Socket.connect(to: address, seconds: 1) == nil)
    }

    @Test func leavesAFileThatHasTakenItsPlace() throws {
        let directory = try Directory()
        let address = ListenAddress.unix(path: directory.path + "/s")
        let first = try ListeningSocket(address)
        _ = unsafe unlink(directory.path + "/s")
        let second = try ListeningSocket(address)
        first.stop()
        #expect(directory.status("s") != nil, "the file is the second one's")
        second.stop()
        #expect(directory.status("s") == nil)
    }

    @Test func replacesAStaleSocket() throws {
        let directory = try Directory()
        let address = ListenAddress.unix(path: directory.path + "/s")
        let first = try ListeningSocket(address)
        // As after a kill: the descriptor is gone, the file is not.
        _ = unsafe rename(directory.path + "/s", directory.path + "/t")
        first.stop()
        _ = unsafe rename(directory.path + "/t", directory.path + "/s")
        #expect(Socket.connect(to: address, seconds: 1) == nil)
        let second = try ListeningSocket(address)
        let client = try #require(Socket.connect(to: address, seconds: 2))
        Socket.close(client)
        second.stop()
    }

    @Test func refusesALiveOne() throws {
        let directory = try Directory()
        let address = ListenAddress.unix(path: directory.path + "/s")
        let first = try ListeningSocket(address)
        let error = #expect(throws: SystemError.self) { try ListeningSocket(address) }
        #expect(error?.code == EADDRINUSE && error?.note == "another server accepts there")
        // The first one goes on.
        let client = try #require(Socket.connect(to: address, seconds: 2))
        Socket.close(client)
        first.stop()
    }

    @Test func refusesALiveOneWhoseBacklogIsFull() throws {
        let directory = try Directory()
        let address = ListenAddress.unix(path: directory.path + "/s")
        let first = try ListeningSocket(address, backlog: 0)
        let waiting = try #require(Socket.connect(to: address, seconds: 2))
        let error = #expect(throws: SystemError.self) { try ListeningSocket(address) }
        #expect(error?.code == EADDRINUSE)
        Socket.close(waiting)
        withExtendedLifetime(first) {}
    }

    @Test(arguments: [false, true]) func neverRemovesAnotherKindOfFile(isLink: Bool) throws {
        let directory = try Directory()
        let path = directory.path + "/s"
        if isLink {
            _ = unsafe symlink("/nonexistent", path)
        } else {
            _ = close(unsafe open(path, O_CREAT | O_WRONLY, 0o600))
        }
        let before = try #require(directory.status("s"))
        let error = #expect(throws: SystemError.self) { try ListeningSocket(.unix(path: path)) }
        #expect(error?.code == EEXIST && error?.description.contains("stays as it is") == true)
        #expect(directory.status("s")?.st_ino == before.st_ino)
    }

    @Test func saysWhichPathCannotBe() throws {
        let error = #expect(throws: SystemError.self) {
            try ListeningSocket(.unix(path: "/nonexistent/directory/s"))
        }
        #expect(error?.code == ENOENT && error?.subject == "unix:/nonexistent/directory/s")
        #expect(throws: SystemError.self) {
            try ListeningSocket(.unix(path: "/tmp/" + String(repeating: "x", count: 200)))
        }
    }

    @Test func connectsToWildcardsOnThisHost() throws {
        for host in ["0.0.0.0", "::", "127.0.0.1", "localhost"] {
            let socket = try ListeningSocket(host: host, port: 0)
            let client = Socket.connect(to: .tcp(host: host, port: socket.port), seconds: 2)
            #expect(client != nil)
            if let client { Socket.close(client) }
        }
        #expect(Socket.connect(to: .tcp(host: "no address", port: 80), seconds: 1) == nil)
    }
}

extension String {
    fileprivate func contains(_ text: String) -> Bool {
        indices.contains { self[$0...].hasPrefix(text) }
    }
}
