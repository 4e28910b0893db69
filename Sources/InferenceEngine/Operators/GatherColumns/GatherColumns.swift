/// Columns of a matrix, by position.
struct GatherColumns: Sendable {
    let columns: [Int]
}
