/// A signed integer whose order is that of the floating-point numbers it stands for, so that a tree compares integers:
/// exact for every number, and without the branches that compilers make of float comparisons.
///
/// The smallest and the largest integer stand for no number. They are what a missing value becomes, so that it goes
/// left or right of every threshold.
protocol ForestKey: FixedWidthInteger & SignedInteger & WorkspaceElement {
    /// The key of a number that is not NaN; both zeros have one key.
    static func key(_ value: Double) -> Self
}

extension Int32: ForestKey {
    /// The key of the number narrowed to float32.
    @inline(always)
    static func key(_ value: Double) -> Int32 { key(float: Float(value)) }

    @inline(always)
    static func key(float value: Float) -> Int32 {
        // Adding zero turns -0.0 into 0.0. The bits of a negative number count the wrong way round.
        let bits = Int32(bitPattern: (value + 0).bitPattern)
        return bits ^ ((bits >> 31) & .max)
    }
}

extension Int64: ForestKey {
    @inline(always)
    static func key(_ value: Double) -> Int64 {
        let bits = Int64(bitPattern: (value + 0).bitPattern)
        return bits ^ ((bits >> 63) & .max)
    }
}
