/// The bounds of one connection; each says what happens at it.
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
    /// Coded request bodies that a loop decodes at the same time, at 40 KB each; beyond: 503.
    package var codedBodiesMax = 256
    /// A coded body may grow to so many times its length when it is decoded; beyond: 413.
    package var codedRatioMax = 200
    /// Up to this many bytes it may grow at any ratio.
    package var codedFreeBytes = 1 << 20
    /// Answers of fewer bytes are not coded; `Int.max`: none is.
    package var compressedAnswerBytesMin = 1 << 10
    /// Answers of more bytes are not coded either, as that holds up the loop: up to 15 ms a MiB.
    package var compressedAnswerBytesMax = 1 << 20
    /// Answers that a loop codes piece by piece at the same time, at 260 KB each; beyond: not coded.
    package var codedAnswersMax = 32
    /// Bytes of an unwanted request body that are read and thrown away to keep a connection; beyond: it is closed.
    package var discardBytesMax = 64 << 10

    /// Open streams of an HTTP/2 connection (SETTINGS_MAX_CONCURRENT_STREAMS); one more is refused.
    package var streamsMax = 128
    /// Bytes that the peer may send on a stream before they are taken (SETTINGS_INITIAL_WINDOW_SIZE); more: the stream
    /// or the connection ends with FLOW_CONTROL_ERROR.
    package var streamWindowBytes = 256 << 10
    /// The same for all streams of an HTTP/2 connection together.
    package var connectionWindowBytes = 1 << 20
    /// Bytes of one stream's answer that wait for the peer to read; above it `send` says so.
    package var streamOutputBytesMax = 64 << 10
    /// Bytes of answers that wait on an HTTP/2 connection; above it new streams are refused, to be tried again.
    package var queuedBytesMax = 8 << 20

    /// The defaults.
    package init() {}
}
