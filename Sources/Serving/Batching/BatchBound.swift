/// How many rows a model's batches may have: a little more after each full batch that ended in time, a quarter less
/// after one that did not (additive increase, multiplicative decrease).
struct BatchBound: Sendable {
    private var bound: Double
    private let target: Double
    private let rowsMax: Double

    /// - Parameters:
    ///   - fit: what a row is expected to cost.
    ///   - limits: the time that a batch may take, and the most rows.
    init(_ fit: CostFit, _ limits: ComputeLimits) {
        target = limits.batchTarget
        rowsMax = Double(max(1, limits.batchRowsMax))
        bound = min(rowsMax, Double(fit.rows(within: target)))
    }

    var rows: Int { Int(bound) }

    /// A batch has ended. One request of more rows than the bound says nothing of the bound.
    mutating func observe(rows: Int, nanoseconds: Double) {
        guard rows <= self.rows else { return }
        if nanoseconds > target {
            bound = max(1, Double(rows) * 0.75)
        } else if Double(rows) >= bound * 0.9 {
            bound = min(rowsMax, bound + max(1, bound / 16))
        }
    }
}
