internal import EventLoop
package import HTTPCore

/// What other threads can ask of a loop.
enum LoopMessage: Sendable {
    case answer(ExchangeID, HTTPStatus, ResponseFields, [UInt8])
    case consumed(ExchangeID, Int)
    /// A connection that the accepting loop hands over.
    case adopt(Int32)
    case drain(LoopInstant)
}

/// The door of a loop for other threads. What is put in is done on the loop's thread in its next wake-up; what names an
/// exchange that is over is dropped.
package final class LoopMailbox: Sendable {
    let messages: Mailbox<LoopMessage>

    init() throws(SystemError) {
        messages = try Mailbox()
    }

    /// Answers an exchange, whole.
    package func answer(_ exchange: ExchangeID, _ status: HTTPStatus, _ fields: ResponseFields, body: [UInt8]) {
        messages.post(.answer(exchange, status, fields, body))
    }

    /// Gives back credit for a streamed body.
    package func consumed(_ exchange: ExchangeID, bytes: Int) {
        messages.post(.consumed(exchange, bytes))
    }

    /// Wakes the loop, so that its handler's `endOfTick` is called.
    package func wake() {
        messages.wake()
    }
}
