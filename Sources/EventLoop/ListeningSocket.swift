internal import CEventLoop
internal import Glibc
internal import Synchronization

/// What asking a listening socket for a connection came to.
package enum AcceptResult: Equatable, Sendable {
    /// A connected, non-blocking socket; over TCP with TCP_NODELAY set.
    case accepted(Int32)
    /// Nobody waits.
    case wouldBlock
    /// That connection was lost between arriving and being accepted: ask again.
    case lost
    /// The process is out of descriptors: one waiting connection was closed so that its client knows.
    case shed
    /// The system is out of memory or descriptors: ask again later.
    case exhausted(Int32)
}

/// A bound socket that listens, TCP or in the file system, and one spare descriptor.
///
/// The spare is what makes EMFILE survivable: with all descriptors used, a waiting connection can be neither accepted
/// nor refused and the poller would report it for ever. Then the spare is closed, the connection accepted and closed at
/// once, and the spare opened again.
package final class ListeningSocket: Sendable {
    /// To be registered with the poller.
    package let descriptor: Int32
    /// Where it listens, with the port that the system chose where 0 was asked for.
    package let address: ListenAddress
    /// The file of a socket in the file system, to be removed when it stops.
    private let file: vencejo_file
    private let spare: Mutex<Int32>
    /// In place of the spare once the socket is closed.
    private static let stopped: Int32 = -2

    /// The port it is bound to, also where 0 was asked for; 0 for a socket in the file system.
    package var port: Int {
        if case .tcp(_, let port) = address { port } else { 0 }
    }

    /// Binds and listens.
    ///
    /// A socket file that nobody accepts on is left from a server that was killed, and is replaced. One on which a
    /// server accepts is left alone, and so is a file of any other kind.
    ///
    /// - Parameters:
    ///   - address: where.
    ///   - mode: who may connect to a socket in the file system.
    ///   - backlog: how many finished handshakes may wait.
    /// - Throws: `SystemError` with the address, such as `bind 127.0.0.1:80: Permission denied`.
    package convenience init(
        _ address: ListenAddress, mode: Int = ListeningSocket.modeDefault, backlog: Int32 = 4096
    ) throws(SystemError) {
        switch address {
        case .tcp(let host, let port): try self.init(host: host, port: port, backlog: backlog)
        case .unix(let path): try self.init(path: path, mode: mode, backlog: backlog)
        }
    }

    /// The owner and the group may connect, which for a socket means to write to it.
    package static let modeDefault = 0o660

    private init(path: String, mode: Int, backlog: Int32) throws(SystemError) {
        let subject = "unix:\(path)"
        var file = vencejo_file()
        let fd = unsafe vencejo_listen_unix(path, UInt32(truncatingIfNeeded: mode & 0o777), backlog, &file)
        switch fd {
        case -3:
            throw SystemError(call: "bind", subject: subject, code: EADDRINUSE, note: "another server accepts there")
        case -2:
            throw SystemError(
                call: "bind", subject: subject, code: EEXIST, note: "what is there is no socket, and stays as it is")
        case ..<0: throw SystemError(call: "bind", subject: subject)
        default: break
        }
        descriptor = fd
        address = .unix(path: path)
        self.file = file
        spare = Mutex(unsafe open("/dev/null", O_RDONLY | O_CLOEXEC))
    }

    /// Binds and listens.
    ///
    /// - Parameters:
    ///   - host: an IPv4 or IPv6 address in text form (`0.0.0.0`, `::`, `127.0.0.1`, `[::1]`) or `localhost`, which is
    ///     127.0.0.1. `::` serves IPv4 too. Other names are refused: a server binds to addresses, not to what a
    ///     resolver says today.
    ///   - port: 0 lets the system choose.
    ///   - backlog: how many finished handshakes may wait.
    /// - Throws: `SystemError` with the address, such as `bind 127.0.0.1:80: Permission denied`.
    package init(host: String, port: Int, backlog: Int32 = 4096) throws(SystemError) {
        var address = host == "localhost" ? "127.0.0.1" : host
        if address.utf8.first == UInt8(ascii: "["), address.utf8.last == UInt8(ascii: "]") {
            address = String(address.dropFirst().dropLast())
        }
        let subject = "\(host):\(port)"
        guard let number = UInt16(exactly: port) else {
            throw SystemError(call: "bind", subject: subject, code: EINVAL)
        }
        let family: Int32 = address.utf8.contains(UInt8(ascii: ":")) ? 6 : 4
        let fd = unsafe vencejo_listen(family, address, number, backlog)
        guard fd != -2 else { throw SystemError(call: "inet_pton", subject: subject, code: EINVAL) }
        guard fd >= 0 else { throw SystemError(call: "bind", subject: subject) }
        descriptor = fd
        self.address = .tcp(host: address, port: Int(vencejo_bound_port(fd)))
        file = vencejo_file()
        spare = Mutex(unsafe open("/dev/null", O_RDONLY | O_CLOEXEC))
    }

    deinit { stop() }

    /// Closes the socket, and removes its file: from here on nobody can connect. A second call does nothing.
    package func stop() {
        let spare = spare.withLock { spare in
            defer { spare = ListeningSocket.stopped }
            return spare
        }
        guard spare != ListeningSocket.stopped else { return }
        if case .unix(let path) = address {
            unsafe withUnsafePointer(to: file) { unsafe vencejo_unlink_own(path, $0) }
        }
        _ = close(descriptor)
        if spare >= 0 { _ = close(spare) }
    }

    /// Takes the next waiting connection. Not after ``stop()``; on the thread that calls that.
    package func accept() -> AcceptResult {
        let fd = vencejo_accept(descriptor)
        if fd >= 0 { return .accepted(fd) }
        let code = errno
        switch code {
        case EAGAIN: return .wouldBlock
        case EMFILE where shedOne(): return .shed
        case EMFILE, ENFILE, ENOBUFS, ENOMEM: return .exhausted(code)
        default: return .lost  // ECONNABORTED, EINTR, network errors already pending on the new socket (accept(2))
        }
    }

    private func shedOne() -> Bool {
        spare.withLock { spare in
            guard spare >= 0 else { return false }
            _ = close(spare)
            let shed = vencejo_accept(descriptor)
            if shed >= 0 { _ = close(shed) }
            spare = unsafe open("/dev/null", O_RDONLY | O_CLOEXEC)
            return shed >= 0
        }
    }
}
