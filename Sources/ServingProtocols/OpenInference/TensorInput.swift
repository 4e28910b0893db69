internal import InferenceAPI

/// An input as a request announces it, before its data are read.
struct TensorInput {
    /// Among the request's inputs, from 0.
    let number: Int
    /// Where its name lies in the body, for errors; empty before it has been read.
    var name = 0..<0
    var hasName = false
    /// The model's column of that name, or -1.
    var column = -1
    var type: TensorType?
    var hasShape = false
    var rank = 0
    /// The first two lengths; 1 where there are fewer.
    var rows = 1
    var width = 1
    /// The product of all lengths.
    var elements = 1

    init(number: Int) { self.number = number }

    /// Whether enough is known to read its data.
    var isAnnounced: Bool { hasName && hasShape && type != nil }

    var pointer: String { "/inputs/\(number)" }

    /// Takes the next length of the shape.
    mutating func append(length: Int64) throws(InferenceError) {
        guard let length = Int(exactly: length), length >= 0 else {
            throw invalid("a length of the shape is negative", expected: "0 or more", found: "\(length)")
        }
        let (product, overflow) = elements.multipliedReportingOverflow(by: length)
        guard !overflow else {
            throw invalid("the shape has more elements than can be counted", expected: "a product below 2^63")
        }
        if rank == 0 { rows = length } else if rank == 1 { width = length }
        elements = product
        rank += 1
    }

    func invalid(_ detail: String, expected: String? = nil, found: String? = nil) -> InferenceError {
        .invalid(InferenceProblem(pointer: pointer, detail: detail, expected: expected, found: found))
    }
}
