/// Why a body is not the CSV that was asked for, and on which line.
package struct CSVError: Error, Equatable, Sendable {
    package enum Reason: Equatable, Sendable {
        /// A cell began with a quote that nothing closes.
        case unterminatedQuote
        /// A cell that does not begin with a quote has one inside.
        case quoteInside
        /// A cell goes on behind its closing quote.
        case textBehindQuote
        case invalidUTF8
        case cellTooLong(bytesMax: Int)
    }

    /// Where the cell begins, counted from 1.
    package let line: Int
    package let reason: Reason
}

extension CSVError.Reason: CustomStringConvertible {
    /// One clause without the body's text, safe to send to a client.
    package var description: String {
        switch self {
        case .unterminatedQuote: "a quote that is not closed"
        case .quoteInside: "a quote inside a cell that is not quoted: quote the cell, and write the quote twice"
        case .textBehindQuote: "text behind a closing quote: a quote inside a quoted cell is written twice"
        case .invalidUTF8: "bytes that are not UTF-8"
        case .cellTooLong(let bytesMax): "a cell of more than \(bytesMax) bytes"
        }
    }
}
