internal import CEventLoop
internal import Glibc

/// What a read or write on a non-blocking socket came to.
package enum TransferResult: Equatable, Sendable {
    /// That many bytes, at least one, moved.
    case moved(Int)
    /// Not now; the poller will tell when.
    case wouldBlock
    /// The peer has ended its direction (reading only).
    case ended
    /// The connection is broken.
    case broken(Int32)
}

/// The calls on connected sockets. A descriptor's owner closes it, once, through ``close(_:)``.
package enum Socket {
    /// Reads into that part of `bytes`.
    package static func receive(_ fd: Int32, into bytes: inout [UInt8], at part: Range<Int>) -> TransferResult {
        precondition(!part.isEmpty && part.lowerBound >= 0 && part.upperBound <= bytes.count, "no room to read into")
        while true {
            let count = unsafe bytes.withUnsafeMutableBytes { buffer in
                guard let base = buffer.baseAddress else { return -1 }
                return unsafe vencejo_receive(fd, base + part.lowerBound, part.count)
            }
            if count > 0 { return .moved(count) }
            if count == 0 { return .ended }
            if errno == EINTR { continue }
            return errno == EAGAIN ? .wouldBlock : .broken(errno)
        }
    }

    /// Writes `bytes`; fewer than all may go.
    package static func send(_ fd: Int32, _ bytes: Span<UInt8>) -> TransferResult {
        unsafe bytes.withUnsafeBytes { buffer in
            while true {
                guard let base = buffer.baseAddress else { return .moved(0) }
                let count = unsafe vencejo_send(fd, base, buffer.count)
                if count >= 0 { return .moved(count) }
                if errno == EINTR { continue }
                return errno == EAGAIN ? .wouldBlock : .broken(errno)
            }
        }
    }

    /// Connects and waits for it, for short errands at the command line: its descriptor blocks.
    ///
    /// - Parameters:
    ///   - address: `0.0.0.0` and `::` mean this host.
    ///   - seconds: how long each call on it may take.
    /// - Returns: the descriptor; nil where nobody accepts there.
    package static func connect(to address: ListenAddress, seconds: Int32) -> Int32? {
        let fd: Int32
        switch address {
        case .unix(let path): fd = unsafe vencejo_connect_unix(path, seconds)
        case .tcp(let host, let port):
            guard let number = UInt16(exactly: port) else { return nil }
            // The wildcard addresses are for listening; "::" serves IPv4 as well.
            let target = host == "localhost" || host == "0.0.0.0" || host == "::" ? "127.0.0.1" : host
            fd = unsafe vencejo_connect(target.contains(":") ? 6 : 4, target, number, seconds)
        }
        return fd >= 0 ? fd : nil
    }

    /// Ends our direction; the peer reads the rest and then the end.
    package static func halfClose(_ fd: Int32) {
        _ = vencejo_half_close(fd)
    }

    /// Gives the descriptor back, drops what was written and tells the peer by a reset.
    ///
    /// After a plain close the kernel would keep unsent bytes for as long as the peer acknowledges that it has no room:
    /// megabytes a connection that no bound of ours sees.
    package static func reset(_ fd: Int32) {
        vencejo_drop_unsent(fd)
        _ = Glibc.close(fd)
    }

    /// Gives the descriptor back.
    package static func close(_ fd: Int32) {
        _ = Glibc.close(fd)
    }
}
