/// A class as a number, such as the label itself.
struct ClassValue: Sendable {
    /// One a class.
    let values: [Double]
}
