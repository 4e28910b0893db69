/// What the dispatcher knows of a call under way.
final class GRPCCallState {
    let exchange: ExchangeID
    let entry: GRPCDispatcher.Entry
    let request: GRPCRequest
    var reader: GRPCMessageReader
    /// Bytes of the client for which no credit has been given back.
    var owedBytes = 0
    var isHeld = false
    /// The event `started` is under way, so that the answer may still be given as the body mode.
    var isStarting = true
    /// The answer's head has been sent.
    var hasAnswered = false
    var isOver = false
    /// With which it ended while it was starting, before anything was sent.
    var earlyStatus: GRPCStatus?
    var requestCount = 0
    var responseCount = 0
    /// The one request of a method that has one is kept here until it is known that no second one follows.
    var isRequestKept = false
    var onlyRequest: [UInt8] = []
    /// What it holds, as the dispatcher has counted it.
    var countedBytes = 0

    init(_ exchange: ExchangeID, _ entry: GRPCDispatcher.Entry, _ request: GRPCRequest) {
        self.exchange = exchange
        self.entry = entry
        self.request = request
        reader = GRPCMessageReader(encoding: request.encoding, bytesMax: entry.messageBytesMax)
    }
}
