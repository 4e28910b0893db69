/// The same numbers for every record.
struct Constant: Sendable {
    let values: [Double]
}
