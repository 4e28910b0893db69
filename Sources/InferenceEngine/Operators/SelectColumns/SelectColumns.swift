/// Columns of the input record, all numeric or all strings; integers become float64 here.
struct SelectColumns: Sendable {
    let columns: [Int]
}
