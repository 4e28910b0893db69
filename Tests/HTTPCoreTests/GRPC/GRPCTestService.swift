import HTTPCore

/// A service with a method of each kind, over texts.
///
///     Upper     unary             the text in capitals
///     Join      client streaming  all texts joined
///     Count     server streaming  "1" to the number asked for, as far as there is room
///     Echo      bidirectional     each text back at once
///     Early     bidirectional     ends by itself at the text "stop"
///     Refuse    unary             ends while it starts
///     Later     unary             answers in `endOfTick`
///     Slow      client streaming  gives credit only when told
final class GRPCTestService: GRPCService {
    let name = "test.Texts"
    let methods = [
        GRPCMethod("Upper", .unary), GRPCMethod("Join", .clientStreaming), GRPCMethod("Count", .serverStreaming),
        GRPCMethod("Echo", .bidirectional), GRPCMethod("Early", .bidirectional), GRPCMethod("Refuse", .unary),
        GRPCMethod("Later", .unary), GRPCMethod("Slow", .clientStreaming),
        GRPCMethod("Tiny", .unary, messageBytesMax: 8),
    ]

    var log: [String] = []
    var endings: [ExchangeID: GRPCEnding] = [:]
    private var joined: [ExchangeID: String] = [:]
    private var counts: [ExchangeID: (next: Int, last: Int)] = [:]
    private var waiting: [ExchangeID] = []

    private func method(_ call: GRPCCall) -> String { methods[call.method].name }

    func started(_ call: GRPCCall, _ head: borrowing RequestHead) {
        log.append("started \(method(call))")
        if method(call) == "Refuse" {
            call.finish(GRPCStatus(.permissionDenied, head.text(named: "why") ?? "no"))
        }
        if method(call) == "Slow" { call.hold() }
    }

    func message(_ message: Span<UInt8>, _ call: GRPCCall) {
        let text = message.text
        log.append("message \(text)")
        switch method(call) {
        case "Upper", "Tiny": reply(text.uppercased(), call)
        case "Join": joined[call.exchange, default: ""] += text
        case "Count":
            counts[call.exchange] = (1, Int(text) ?? 0)
            count(call)
        case "Echo": reply(text, call)
        case "Early":
            if text == "stop" { call.finish(GRPCStatus(.aborted, "stopped")) } else { reply(text, call) }
        case "Later": waiting.append(call.exchange)
        default: break
        }
    }

    func halfClosed(_ call: GRPCCall) {
        log.append("halfClosed")
        switch method(call) {
        case "Upper", "Tiny", "Echo", "Early": call.finish()
        case "Join", "Slow":
            reply(joined.removeValue(forKey: call.exchange) ?? "", call)
            call.finish()
        default: break
        }
    }

    func writable(_ call: GRPCCall) {
        log.append("writable")
        count(call)
    }

    func ended(_ exchange: ExchangeID, _ ending: GRPCEnding) {
        log.append("ended")
        endings[exchange] = ending
    }

    func endOfTick(_ dispatcher: GRPCDispatcher, _ sink: any ExchangeSink) {
        for exchange in waiting {
            guard let call = dispatcher.call(exchange, sink) else {
                log.append("too late")
                continue
            }
            reply("later", call)
            call.finish()
        }
        waiting = []
    }

    private func count(_ call: GRPCCall) {
        guard let (first, last) = counts[call.exchange] else { return }
        var next = first
        var hasRoom = true
        while next <= last, hasRoom {
            hasRoom = reply("\(next)", call)
            next += 1
        }
        counts[call.exchange] = (next, last)
        if next > last { call.finish() }
    }

    @discardableResult
    private func reply(_ text: String, _ call: GRPCCall) -> Bool {
        let bytes = Array(text.utf8)
        return call.send(bytes.span)
    }
}
