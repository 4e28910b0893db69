internal import Glibc
internal import ModelIR
internal import TensorCore

extension SplineBasis: ReferenceEvaluation {
    func evaluate(
        _ operands: ReferenceOperands, row: Int, of rows: borrowing RowBatch, in workspace: Workspace
    ) throws(RowFault) {
        for place in operands.output.range { workspace.doubles[place] = 0 }
        for column in features.indices {
            let x = workspace.doubles[operands.input.offset + column]
            let start = operands.output.offset + column * splineCount
            if x.isNaN, acceptsMissing { continue }
            guard write(x, features[column], at: start, in: workspace) else {
                throw RowFault(row: row, column: operands.input.inputColumns[column] ?? 0, reason: .missingValue)
            }
        }
    }

    /// Writes one column's splines.
    /// - Returns: false if there are none at `x`.
    private func write(_ x: Double, _ feature: Feature, at start: Int, in workspace: Workspace) -> Bool {
        let knots = feature.knots
        let low = feature.bounds.lowerBound
        let high = feature.bounds.upperBound
        switch extrapolation {
        case .periodic:
            let period = high - low
            let inside = period > 0 ? low + Self.remainder(x - low, period) : 0
            writePeriodic(inside, feature, at: start, in: workspace)
            return !x.isNaN
        case .refuse:
            guard x >= low, x <= high else { return false }
        case .continued:
            guard !x.isNaN else { return false }
        case .constant, .linear:
            guard !x.isNaN else { return false }
            if x < low { continueBelow(x - low, feature, at: start, in: workspace) }
            if x > high { continueAbove(x - high, feature, at: start, in: workspace) }
            if x < low || x > high { return true }
        }
        let interval = Self.interval(of: x, knots, degree)
        Self.fill(&workspace.doubles, from: start + interval - degree, knots, degree, interval: interval, x: x)
        return true
    }

    private func continueBelow(_ distance: Double, _ feature: Feature, at start: Int, in workspace: Workspace) {
        let border = feature.lower
        for spline in 0..<feature.continuedCount {
            workspace.doubles[start + spline] =
                extrapolation == .linear
                ? border.values[spline] + distance * border.slopes[spline] : border.values[spline]
        }
    }

    private func continueAbove(_ distance: Double, _ feature: Feature, at start: Int, in workspace: Workspace) {
        let border = feature.upper
        for spline in splineCount - feature.continuedCount..<splineCount {
            workspace.doubles[start + spline] =
                extrapolation == .linear
                ? border.values[spline] + distance * border.slopes[spline] : border.values[spline]
        }
    }

    /// The last `degree` splines count for the first ones.
    private func writePeriodic(_ x: Double, _ feature: Feature, at start: Int, in workspace: Workspace) {
        let interval = Self.interval(of: x, feature.knots, degree)
        workspace.scratch.reserve(degree + 1)
        for index in 0...degree { workspace.scratch.numbers[index] = 0 }
        Self.fill(&workspace.scratch.numbers, from: 0, feature.knots, degree, interval: interval, x: x)
        for index in 0...degree {
            let spline = interval - degree + index
            workspace.doubles[start + spline % splineCount] += workspace.scratch.numbers[index]
        }
    }

    /// NumPy's `%`, whose result has the sign of the divisor.
    private static func remainder(_ value: Double, _ divisor: Double) -> Double {
        let result = fmod(value, divisor)
        if result == 0 { return 0 }
        return result < 0 ? result + divisor : result
    }
}
