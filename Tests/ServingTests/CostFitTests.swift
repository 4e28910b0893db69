import SeededRandom
import Testing

@testable import Serving

struct CostFitTests {
    @Test(arguments: [(500.0, 20_000.0), (40_000.0, 0.0), (3.0, 900.0), (1_000_000.0, 50_000.0)])
    func findsALine(perRow: Double, perRun: Double) {
        var generator = SeededGenerator(seed: UInt64(perRow))
        var fit = CostFit(nanosecondsPerRow: 1)
        for _ in 0..<400 {
            let rows = Int.random(in: 1...64, using: &generator)
            let noise = Double.random(in: 0.9...1.1, using: &generator)
            fit.observe(rows: rows, nanoseconds: (perRow * Double(rows) + perRun) * noise)
        }
        for rows in [1, 8, 64] {
            let expected = perRow * Double(rows) + perRun
            #expect(abs(fit.nanoseconds(rows: rows) - expected) < 0.1 * expected, "\(rows) rows")
        }
    }

    @Test func anOutlierMovesItLittleAndALastingChangeWins() {
        var fit = CostFit(nanosecondsPerRow: 1000)
        for rows in 1...60 { fit.observe(rows: rows, nanoseconds: Double(rows) * 1000) }
        fit.observe(rows: 10, nanoseconds: 1e9)
        #expect(fit.nanoseconds(rows: 10) < 20_000)
        for rows in 1...60 { fit.observe(rows: rows, nanoseconds: Double(rows) * 9000) }
        #expect(fit.nanoseconds(rows: 10) > 60_000)
    }

    @Test func staysFiniteAndPositiveWhateverIsMeasured() {
        var generator = SeededGenerator(seed: 7)
        var fit = CostFit(nanosecondsPerRow: .infinity)
        for _ in 0..<2000 {
            let nanoseconds = [0, -1, .nan, .infinity, 1e-9, 1, 1e18, Double.random(in: 1...1e9, using: &generator)]
            fit.observe(
                rows: [0, 1, 1 << 20].randomElement(using: &generator) ?? 0,
                nanoseconds: nanoseconds.randomElement(using: &generator) ?? 0)
            let cost = fit.nanoseconds(rows: 5)
            #expect(cost.isFinite && cost > 0)
            #expect(fit.rows(within: 1e6) >= 1)
        }
    }

    @Test func rowsOfOneSizeLeaveWhatASingleRowCosts() {
        var fit = CostFit(nanosecondsPerRow: 2000)
        for _ in 0..<500 { fit.observe(rows: 64, nanoseconds: 128_000) }
        #expect(fit.nanoseconds(rows: 1) > 1000 && fit.nanoseconds(rows: 1) < 4000)
    }
}
