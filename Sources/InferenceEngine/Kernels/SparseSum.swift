/// A linear model over the columns of a row that are not zero, added up in their order, as a product with a sparse
/// matrix is.
///
/// Unchecked access: `add` checks each column once, and the room for the sums; a column's weights are as many as sums.
struct SparseSum: Sendable {
    /// Row-major [columns, outputs].
    private let weights: [Double]
    private let bias: [Double]
    /// Columns that are left out; empty for none.
    private let isUnread: [Bool]
    private let width: Int

    /// - Parameter bias: one an output.
    init(weights: [Double], bias: [Double], isUnread: [Bool]) {
        precondition(bias.isEmpty ? weights.isEmpty : weights.count % bias.count == 0, "weights of whole columns")
        width = bias.isEmpty ? 0 : weights.count / bias.count
        precondition(isUnread.isEmpty || isUnread.count == width, "a mark for each column")
        self.weights = weights
        self.bias = bias
        self.isUnread = isUnread
    }

    /// The sums of the numbers at `base` plus each of the first `count` columns, times their weights, to `target`.
    func add(_ numbers: inout [Double], from base: Int, at columns: [Int], count: Int, to target: Int) {
        let outputCount = bias.count
        precondition(target >= 0 && target + outputCount <= numbers.count, "room for the sums")
        precondition(base >= 0 && base + width <= numbers.count && count <= columns.count, "a number for each column")
        var numbers = numbers.mutableSpan
        let weights = weights.span
        for output in 0..<outputCount { unsafe numbers[unchecked: target &+ output] = 0 }
        for place in 0..<count {
            let column = columns[place]
            precondition(column >= 0 && column < width, "a column of the model")
            if !isUnread.isEmpty, isUnread[column] { continue }
            let number = unsafe numbers[unchecked: base &+ column]
            let first = column &* outputCount
            for output in 0..<outputCount {
                unsafe numbers[unchecked: target &+ output] += number * weights[unchecked: first &+ output]
            }
        }
        for output in 0..<outputCount { unsafe numbers[unchecked: target &+ output] += bias[output] }
    }
}
