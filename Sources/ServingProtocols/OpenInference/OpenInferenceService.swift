package import HTTPCore

/// `inference.GRPCInferenceService`. It takes whole messages of its calls and leaves them to whoever drives the
/// dispatcher: a prediction goes the same way whatever wire it came by, and is answered at the end of the tick or
/// later.
package final class OpenInferenceService: GRPCService {
    package enum Method: Int, CaseIterable, Sendable {
        case serverLive, serverReady, modelReady, serverMetadata, modelMetadata, modelInfer

        var name: String {
            switch self {
            case .serverLive: "ServerLive"
            case .serverReady: "ServerReady"
            case .modelReady: "ModelReady"
            case .serverMetadata: "ServerMetadata"
            case .modelMetadata: "ModelMetadata"
            case .modelInfer: "ModelInfer"
            }
        }
    }

    /// A call whose one message has come.
    package struct Received {
        package let exchange: ExchangeID
        package let method: Method
        package private(set) var message: [UInt8]

        /// Gives the message away.
        package mutating func takeMessage() -> [UInt8] {
            var taken: [UInt8] = []
            swap(&taken, &message)
            return taken
        }

        init(exchange: ExchangeID, method: Method, message: [UInt8]) {
            self.exchange = exchange
            self.method = method
            self.message = message
        }
    }

    /// A call that is over without an answer from here.
    package struct Ended {
        package let exchange: ExchangeID
        /// It was to be a prediction and was told what is wrong with it, or that its time is over.
        package let isToldPrediction: Bool
    }

    package let name = "inference.GRPCInferenceService"
    package let methods: [GRPCMethod]
    private var received: Received?
    /// Calls that are over without an answer from here.
    private var over: [Ended] = []
    /// Calls under way that are no predictions, of which there are few.
    private var questions: Set<ExchangeID> = []
    /// Storage of a message that has been read.
    private var spare: [UInt8] = []

    private static let questionBytesMax = 4 << 10
    private static let spareBytesMax = 256 << 10

    /// - Parameter messageBytesMax: of a prediction.
    package init(messageBytesMax: Int) {
        methods = Method.allCases.map {
            GRPCMethod($0.name, .unary, messageBytesMax: $0 == .modelInfer ? messageBytesMax : Self.questionBytesMax)
        }
    }

    package func started(_ call: GRPCCall, _ head: borrowing RequestHead) {
        if call.method != Method.modelInfer.rawValue { questions.insert(call.exchange) }
    }

    package func message(_ message: Span<UInt8>, _ call: GRPCCall) {
        guard let method = Method(rawValue: call.method) else { return call.finish(GRPCStatus(.unimplemented)) }
        var copy: [UInt8] = []
        swap(&copy, &spare)
        copy.append(addingCapacity: message.count) { output in
            for index in 0..<message.count { output.append(message[index]) }
        }
        if !questions.isEmpty { questions.remove(call.exchange) }
        precondition(received == nil, "an event has one message of a unary call")
        received = Received(exchange: call.exchange, method: method, message: copy)
    }

    package func ended(_ exchange: ExchangeID, _ ending: GRPCEnding) {
        let isQuestion = questions.remove(exchange) != nil
        over.append(Ended(exchange: exchange, isToldPrediction: !isQuestion && ending != .cancelled))
    }

    /// Calls that have ended otherwise than by an answer, since the last time: what is kept for them can go.
    package func takeEnded() -> [Ended] {
        guard !over.isEmpty else { return [] }
        var taken: [Ended] = []
        swap(&taken, &over)
        return taken
    }

    /// The call that the last event has completed, if it has.
    package func take() -> Received? { received.take() }

    /// Takes back the storage of a message that has been read.
    package func recycle(_ received: consuming Received) {
        var bytes = received.takeMessage()
        guard bytes.capacity <= Self.spareBytesMax else { return }
        bytes.removeAll(keepingCapacity: true)
        spare = bytes
    }
}
