/// The sum of squares of each `groupWidth` columns in a row.
struct SumOfSquares: Sendable {
    let groupWidth: Int
}
