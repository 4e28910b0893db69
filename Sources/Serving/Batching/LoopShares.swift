/// How much of a loop a model may take while others are asked there too.
enum LoopShares {
    /// A little more than a share is none too much: who takes as much as another should not change places with it.
    private static let margin = 1.25

    /// - Parameters:
    ///   - taken: nanoseconds that each model has had of the loop, about; 0 for one that was not asked.
    ///   - elapsed: nanoseconds in which they had them.
    /// - Returns: nanoseconds beyond which a model takes more than its share; nil where only one was asked. Where there
    ///   is enough for all, some may take what others leave.
    static func bound(_ taken: [UInt64], in elapsed: UInt64) -> UInt64? {
        let asked = taken.count { $0 > 0 }
        guard asked > 1 else { return nil }
        let total = taken.reduce(0.0) { $0 + Double($1) }
        return UInt64(max(total, Double(elapsed)) / Double(asked) * margin)
    }
}
