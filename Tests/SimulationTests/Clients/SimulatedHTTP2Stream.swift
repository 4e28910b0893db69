/// One stream of a simulated HTTP/2 client.
final class SimulatedHTTP2Stream {
    let id: UInt32
    let request: PlannedRequest
    /// How much of the body has been put into frames.
    var position = 0
    /// What the server lets us send, and we let it.
    var sendWindow: Int
    var receiveWindow: Int
    /// Since when the server's windows alone have kept its body back.
    var shutSince: Int64?
    /// Bytes received for which no window has been given back.
    var owed = 0
    var isOpening = false
    var hasEndedSending = false
    var awaitsContinue: Bool
    /// Its answer is whole; only the rest of its body is left.
    var isAnswered = false
    var hasAnswerBegun = false
    /// Where its head ends in all that is sent.
    var headOffset = Int.max
    /// Where its last frame ends in all that is sent; nil while there are more to come.
    var endOffset: Int?
    /// When the last of it left.
    var sentTime: Int64?
    /// It may be refused, to be tried again: the server's bound was not known, or its answers wait for us.
    let mayBeRefused: Bool

    init(
        id: UInt32, _ request: PlannedRequest, sendWindow: Int, receiveWindow: Int, awaitsContinue: Bool,
        mayBeRefused: Bool
    ) {
        self.id = id
        self.request = request
        self.sendWindow = sendWindow
        self.receiveWindow = receiveWindow
        self.awaitsContinue = awaitsContinue
        self.mayBeRefused = mayBeRefused
    }

    var isWatch: Bool {
        if case .call(isWatch: true) = request.kind { return true }
        return false
    }

    var bodyLeft: Int { request.parts.body.count - position }
    var name: String { "stream \(id), \(request.name)" }
}
