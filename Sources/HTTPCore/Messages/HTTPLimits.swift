/// The bounds of one HTTP/1 connection; each says what happens at it.
package struct HTTPLimits: Sendable, Equatable {
    /// Bytes from the first of a request line to the end of its head; beyond: 431.
    package var headBytesMax = 16 << 10
    /// Bytes of a request target; beyond: 414. RFC 9112 3 asks for at least 8000 octets of request line.
    package var targetBytesMax = 8 << 10
    /// Fields of a head, and of a trailer section; beyond: 431.
    package var fieldsMax = 100
    /// Bytes of chunk extensions of one body, all together; beyond: 400.
    package var chunkExtensionBytesMax = 4 << 10
    /// Requests of a connection that wait for their answers; at the bound nothing more is read. At most 64.
    package var pipelinedMax = 64
    /// Bytes of answers that wait for the peer to read; above it nothing more is read, and `send` says so.
    package var outputBytesMax = 1 << 20
    /// Bytes of bodies that all connections of a loop together have gathered and not delivered; beyond: 503.
    package var gatheredBytesMax = 128 << 20
    /// Bytes of an unwanted request body that are read and thrown away to keep a connection; beyond: it is closed.
    package var discardBytesMax = 64 << 10

    /// The defaults.
    package init() {}
}
