package import EventLoop
package import HTTPCore

/// Where a server listens and within which bounds.
package struct HTTPServerConfiguration: Sendable {
    /// An address in text form, or `localhost`; see `ListeningSocket`.
    package var host = "127.0.0.1"
    /// 0 lets the system choose.
    package var port = 8080
    /// Where to listen instead of `host` and `port`, at most 16; empty: there alone.
    package var addresses: [ListenAddress] = []
    /// Who may connect to sockets in the file system.
    package var unixSocketMode = ListeningSocket.modeDefault
    /// How many loops, each with its thread; 1...256.
    package var loopCount = 1
    /// The bounds of a connection.
    package var limits = HTTPLimits()
    /// Open connections, all loops together; one more is answered 503 and closed.
    package var connectionsMax = 16384
    /// From the first byte of a head to its last, not per byte; beyond: 408.
    package var headTimeout = Duration.seconds(10)
    /// Between requests; beyond: closed. Longer than a load balancer's own (60 s), so that it never meets a closed one.
    package var idleTimeout = Duration.seconds(75)
    /// A body may come as slowly as this after `bodyGrace`; beyond: 408.
    package var bodyBytesPerSecondMin = 240
    /// How long a body may come at any rate.
    package var bodyGrace = Duration.seconds(5)
    /// How long a buffered body may take in all, whatever its rate; beyond: 408. A streamed one may take as long as it
    /// keeps up the least rate: a large upload needs its time.
    package var bodyTimeout = Duration.seconds(300)
    /// How long a peer may take no byte of waiting output; beyond: closed.
    package var writeStallTimeout = Duration.seconds(30)
    /// Bytes of answers that wait for all readers of one loop; beyond: requests with bodies are answered 503.
    package var unsentBytesMax = 64 << 20
    /// How long a half-closed connection is drained so that its peer reads the last answer.
    package var lingerTimeout = Duration.seconds(1)
    /// How many bytes of it.
    package var lingerBytesMax = 64 << 10

    /// The defaults.
    package init() {}
}
