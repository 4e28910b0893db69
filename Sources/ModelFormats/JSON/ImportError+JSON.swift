internal import ByteCoding
internal import ModelIR

extension ImportError {
    /// A document that is not the JSON that was asked for.
    ///
    /// - Parameters:
    ///   - place: where in the document, such as `learner.trees[3]`; may be empty.
    ///   - start: the byte of the document at which the reader's input begins.
    init(_ error: JSONError, at place: String, from start: Int = 0) {
        let kind: Kind =
            switch error.reason {
            case .unexpectedEnd: .truncated
            case .tooDeep, .stringTooLong, .numberTooLong: .limit
            default: .malformed
            }
        let byte = "byte \(error.offset - start)"
        self.init(
            kind, at: place.isEmpty ? byte : "\(place) (\(byte))", found: error.reason.found,
            expected: error.reason.expected)
    }
}
