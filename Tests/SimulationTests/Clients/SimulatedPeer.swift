/// One client with one connection, as the network and the simulation see it.
protocol SimulatedPeer: AnyObject, CustomStringConvertible {
    /// It has closed, and is not interested in anything more.
    var isOver: Bool { get }
    var link: Link { get }
    /// When a byte last left or reached it.
    var lastMoved: Int64 { get }

    func connect()
    func close()
    /// The server is told to drain now.
    func noteDrain()
    /// When all is over: what was refused must not have been done.
    func checkUploads()

    // What the connection tells.
    func bytesArrived()
    func endArrived()
    func resetArrived()
    /// There is room again.
    func sendMore()

    // What the server's kernel tells.
    /// The server has read so many bytes in all.
    func serverRead(_ total: Int)
    /// The server has offered bytes, and its kernel has taken the first `count` of them.
    func serverSent(_ offered: Span<UInt8>, _ count: Int)
}
