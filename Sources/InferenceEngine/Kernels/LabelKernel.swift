/// What becomes of a tile's scores. Each function checks its ranges once, and no access after that.
enum LabelKernel {
    /// 1 where a score is greater than the threshold, else 0: of `rowCount` scores, one a row.
    static func compare<Scalar: BinaryFloatingPoint>(
        _ scores: inout [Scalar], at source: Int, with threshold: Double, to classes: inout [Int32], at target: Int,
        rowCount: Int
    ) {
        precondition(rowCount >= 0 && source >= 0 && source + rowCount <= scores.count, "a score for each row")
        precondition(target >= 0 && target + rowCount <= classes.count, "a class for each row")
        let scores = scores.span
        var classes = classes.mutableSpan
        for row in 0..<rowCount {
            unsafe classes[unchecked: target &+ row] = Double(scores[unchecked: source &+ row]) > threshold ? 1 : 0
        }
    }
}
