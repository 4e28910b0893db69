/// One client with one connection, as the network and the simulation see it.
protocol SimulatedPeer: AnyObject, CustomStringConvertible {
    /// It has closed, and is not interested in anything more.
    var isOver: Bool { get }

    func connect()
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
}
