internal import HTTPCore
internal import Serving
internal import ServingProtocols

/// How an exchange and its request travel through the batch: packed into the ticket's three words.
///
/// | word | bits |
/// |---|---|
/// | `exchange` | connection 32, generation 32 |
/// | `stream` | loop 16 (from bit 32), stream 32 |
/// | `context` | start in nanoseconds 48 (from bit 16), route 3 (from bit 8), then of a native request: |
/// | | array rows 1 (bit 7), first line 2 (from bit 5), answer 2 (from bit 3), form 3 |
extension BatchTicket {
    private static let startMask: UInt64 = (1 << 48) - 1

    /// To cancel by.
    init(_ exchange: ExchangeID) {
        self.init(exchange, context: 0)
    }

    init(_ exchange: ExchangeID, _ request: NativeRequest, _ route: RequestRoute, started: UInt64) {
        let start = (started & Self.startMask) << 16
        let flags = UInt64(route.predictionNumber) << 8 | (request.hasArrayRows ? 1 << 7 : 0)
        let lines = UInt64(request.firstLine & 3) << 5 | UInt64(request.answer.rawValue) << 3
        self.init(exchange, context: start | flags | lines | UInt64(request.form.rawValue))
    }

    /// Of a request that is kept elsewhere.
    init(_ exchange: ExchangeID, _ route: RequestRoute, started: UInt64) {
        self.init(
            exchange, context: (started & Self.startMask) << 16 | UInt64(route.predictionNumber) << 8)
    }

    private init(_ exchange: ExchangeID, context: UInt64) {
        self.init(
            exchange: UInt64(exchange.connection) << 32 | UInt64(exchange.generation),
            stream: UInt64(exchange.loop) << 32 | UInt64(exchange.stream), context: context)
    }

    var exchangeID: ExchangeID {
        ExchangeID(
            loop: UInt16(truncatingIfNeeded: stream >> 32), connection: UInt32(truncatingIfNeeded: exchange >> 32),
            generation: UInt32(truncatingIfNeeded: exchange), stream: UInt32(truncatingIfNeeded: stream))
    }

    func request(rowCount: Int) -> NativeRequest {
        NativeRequest(
            form: NativeRequest.Form(rawValue: UInt8(truncatingIfNeeded: context & 7)) ?? .list,
            hasArrayRows: context >> 7 & 1 == 1, rowCount: rowCount, firstLine: Int(context >> 5 & 3),
            answer: NativeFormat.Answer(rawValue: UInt8(truncatingIfNeeded: context >> 3 & 3)) ?? .json)
    }

    var route: RequestRoute { RequestRoute.predictions[Int(context >> 8 & 7)] }

    /// Nanoseconds since the start; right for the 78 hours that 48 bits hold.
    func elapsed(until now: UInt64) -> UInt64 { (now &- context >> 16) & Self.startMask }
}
