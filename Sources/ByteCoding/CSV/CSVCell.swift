/// Where a cell stands in its text. ``CSVReader/bytes(of:)`` and ``CSVReader/append(_:to:)`` give its content.
package struct CSVCell: Sendable, Equatable {
    /// The content's bytes: those between the quotes, if there are any.
    package let range: Range<Int>
    package let isQuoted: Bool
    /// Each pair of quotes in the range stands for one.
    package let hasDoubledQuotes: Bool
    /// What is wrong with it, though its end is known; its content is then not to be used.
    package let fault: CSVError?
}
