/// Names one request and its answer: on which loop, on which connection, and which of that connection's requests.
///
/// A connection's slot is used again after it is closed, with the next generation: an answer that comes too late names
/// an exchange that no longer is, and is dropped.
package struct ExchangeID: Hashable, Sendable {
    /// The loop that owns the connection.
    package let loop: UInt16
    /// The connection's slot in the loop's table.
    package let connection: UInt32
    /// How often the slot had been used before.
    package let generation: UInt32
    /// The number of the request on its connection.
    package let stream: UInt32

    /// Makes an identifier; only a server does.
    package init(loop: UInt16, connection: UInt32, generation: UInt32, stream: UInt32) {
        self.loop = loop
        self.connection = connection
        self.generation = generation
        self.stream = stream
    }
}
