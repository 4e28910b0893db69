/// What a run of a predictor costs, as `a * rows + b`, fitted to the runs as they come.
///
/// Least squares on relative errors with forgetting: of the last 30 runs or so, the newest count most. An outlier (a
/// thread that lost its core, a page that came from the disk) is cut to a multiple of what was expected, so that one
/// moves the fit little and a lasting change wins within a few runs. Where all runs had as many rows, `a` and `b`
/// cannot be told apart; a weak pull to the fit as it was keeps them where they were.
package struct CostFit: Sendable, Hashable {
    /// What is kept of the older runs with each new one.
    private static let memory = 0.97
    /// The weight of the pull to the fit before, beside 1 for a run.
    private static let pull = 0.05
    /// A run counts as at most so many times what was expected, and as no less than an eighth; while the fit is young,
    /// as nearly anything.
    private static let outlierMax = 4.0
    private static let youngOutlierMax = 256.0
    private static let youngRuns = 8

    package private(set) var nanosecondsPerRow: Double
    package private(set) var nanosecondsPerRun: Double
    private var runs = 0
    // Sums over the runs, each divided by the square of its rows: 1, rows, rows^2, time, rows * time.
    private var weights = 0.0
    private var rowSum = 0.0
    private var rowSquares = 0.0
    private var timeSum = 0.0
    private var products = 0.0

    /// - Parameter nanosecondsPerRow: what the predictor says of itself.
    package init(nanosecondsPerRow: Double) {
        self.nanosecondsPerRow = nanosecondsPerRow.isFinite ? max(1, nanosecondsPerRow) : 1
        nanosecondsPerRun = 0
    }

    package func nanoseconds(rows: Int) -> Double { nanosecondsPerRow * Double(rows) + nanosecondsPerRun }

    /// Whether it has seen so few runs that it takes nearly any for what a run costs.
    var isYoung: Bool { runs < Self.youngRuns }

    /// Rows that a run may have to end within that time; at least one.
    package func rows(within nanoseconds: Double) -> Int {
        let rows = (nanoseconds - nanosecondsPerRun) / nanosecondsPerRow
        return rows >= 1 ? Int(min(rows, 1e9)) : 1
    }

    /// A run of so many rows took so long.
    package mutating func observe(rows: Int, nanoseconds: Double) {
        guard rows > 0, nanoseconds.isFinite, nanoseconds > 0 else { return }
        let expected = max(1, self.nanoseconds(rows: rows))
        let most = isYoung ? Self.youngOutlierMax : Self.outlierMax
        let time = min(max(nanoseconds, expected / (2 * most)), expected * most)
        runs += 1
        weights *= Self.memory
        rowSum *= Self.memory
        rowSquares *= Self.memory
        timeSum *= Self.memory
        products *= Self.memory
        add(rows: Double(rows), time: time, weight: 1)
        solve()
    }

    private mutating func add(rows: Double, time: Double, weight: Double) {
        let share = weight / (rows * rows)
        weights += share
        rowSum += share * rows
        rowSquares += share * rows * rows
        timeSum += share * time
        products += share * rows * time
    }

    private mutating func solve() {
        var sums = self
        for rows in [1, 64] { sums.add(rows: Double(rows), time: nanoseconds(rows: rows), weight: Self.pull) }
        let determinant = sums.weights * sums.rowSquares - sums.rowSum * sums.rowSum
        guard determinant > 0 else { return }
        let perRow = (sums.weights * sums.products - sums.rowSum * sums.timeSum) / determinant
        let perRun = (sums.rowSquares * sums.timeSum - sums.rowSum * sums.products) / determinant
        if perRun < 0 {
            // Nothing is cheaper than nothing: a line through the origin.
            nanosecondsPerRow = max(1e-3, sums.products / sums.rowSquares)
            nanosecondsPerRun = 0
        } else if perRow <= 0 {
            nanosecondsPerRow = 1e-3
            nanosecondsPerRun = max(0, sums.timeSum / sums.weights)
        } else {
            nanosecondsPerRow = perRow
            nanosecondsPerRun = perRun
        }
    }
}
