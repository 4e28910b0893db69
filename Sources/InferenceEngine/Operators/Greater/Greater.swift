/// Class 1 where the single column is greater than the threshold, else class 0.
struct Greater: Sendable {
    let threshold: Double
}
