/// Who waits for an answer, in the caller's own words: serving hands it back and never looks inside. Three plain
/// words, so that the queue of tickets is a flat array without references.
package struct BatchTicket: Sendable, Hashable {
    /// The exchange; together they tell which answer it is. `cancel` goes by these two.
    package let exchange: UInt64
    package let stream: UInt64
    /// Whatever the caller needs to answer, such as the protocol's form.
    package let context: UInt64

    package init(exchange: UInt64, stream: UInt64 = 0, context: UInt64 = 0) {
        self.exchange = exchange
        self.stream = stream
        self.context = context
    }
}
