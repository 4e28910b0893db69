/// Numbers equal to one, as float32, become NaN.
struct MissingValue: Sendable {
    let value: Double
}
