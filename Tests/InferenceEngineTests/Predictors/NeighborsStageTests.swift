import InferenceEngine
import ModelIR
import SeededRandom
import TensorCore
import Testing

/// The packed search against the reference, bit for bit.
@Suite struct NeighborsStageTests {
    private static func comparison(_ search: NearestNeighbors) throws -> StageComparison {
        try StageComparison(
            makeStep(search.inputWidth, .nearestNeighbors(search)), forcing: "neighbors-packed", tolerance: 0)
    }

    @Test(arguments: [PairwiseMeasure.euclidean, .squaredEuclidean])
    func findsWhatTheReferenceFinds(_ measure: PairwiseMeasure) throws {
        let seed = UInt64.random(in: 0..<1_000_000)
        var generator = SeededGenerator(seed: seed)
        let shapes = [
            (1, 2, 1), (2, 15, 3), (3, 16, 1), (4, 17, 17), (5, 33, 5), (28, 300, 5), (7, 1000, 2), (33, 129, 40),
        ]
        for (width, count, neighbors) in shapes {
            let search = NearestNeighbors(
                measure: measure, points: generator.numbers(width * count), count: count, inputWidth: width,
                neighborCount: neighbors)
            let comparison = try Self.comparison(search)
            let rows = generator.rows(65, columns: width)
            #expect(comparison.differenceInBatches(rows) == nil, "seed \(seed), \(count) x \(width)")
            #expect(comparison.isSteady(rows), "seed \(seed), \(count) x \(width)")
        }
    }

    /// Points that the library's expanded squares may tell apart otherwise: what the reference refuses is refused.
    @Test(arguments: [NeighborSearch.scan(.expandedSquares), .partialSort(.expandedSquares)])
    func leavesOpenWhatTheLibraryRounds(_ search: NeighborSearch) throws {
        let seed = UInt64.random(in: 0..<1_000_000)
        var generator = SeededGenerator(seed: seed)
        // Seconds since 1970: squares of 1e18, whose last digit is worth hundreds.
        let times = (0..<200).map { _ in 1.7e9 + Double.random(in: 0...2000, using: &generator) }
        for (points, queries) in [([0.1, 0.3, 5, 6, 7], [0.2, 5.4]), (times, times.map { $0 + 0.25 })] {
            let neighbors = NearestNeighbors(
                measure: .euclidean, points: points, count: points.count, inputWidth: 1, neighborCount: 1,
                search: search)
            let comparison = try Self.comparison(neighbors)
            let rows: [[Cell]] = queries.map { [.number($0)] }
            #expect(comparison.differenceInBatches(rows) == nil, "seed \(seed)")
        }
    }

    /// Points on a lattice, some of them twice: many are as far as others.
    @Test func settlesTiesAsTheReferenceDoes() throws {
        let seed = UInt64.random(in: 0..<1_000_000)
        var generator = SeededGenerator(seed: seed)
        for neighbors in [1, 3, 8] {
            let points = (0..<3 * 200).map { _ in Double(Int.random(in: -3...3, using: &generator)) }
            let search = NearestNeighbors(
                measure: .euclidean, points: points, count: 200, inputWidth: 3, neighborCount: neighbors)
            let rows: [[Cell]] = (0..<65).map { _ in
                (0..<3).map { _ in .number(Double(Int.random(in: -4...4, using: &generator)) / 2) }
            }
            let comparison = try Self.comparison(search)
            #expect(comparison.differenceInBatches(rows) == nil, "seed \(seed), \(neighbors) neighbours")
        }
    }

    /// Points closer to each other than the grid is fine, and rows far outside of it.
    @Test func findsNeighborsThatTheGridCannotTellApart() throws {
        let seed = UInt64.random(in: 0..<1_000_000)
        var generator = SeededGenerator(seed: seed)
        for spread in [1e-3, 1e-6, 1e-9, 1e-14] {
            // Half of the points in a heap, and one far away that makes the grid coarse.
            var points: [Double] = []
            for index in 0..<400 {
                let center = index % 2 == 0 ? 5.0 : Double.random(in: -10...10, using: &generator)
                for _ in 0..<4 { points.append(center + Double.random(in: -spread...spread, using: &generator)) }
            }
            points[3] = 1e4
            let search = NearestNeighbors(
                measure: .euclidean, points: points, count: 400, inputWidth: 4, neighborCount: 6)
            let comparison = try Self.comparison(search)
            var rows = generator.rows(65, columns: 4)
            for index in 0..<20 {
                rows[index] = (0..<4).map { _ in .number(5 + Double.random(in: -spread...spread, using: &generator)) }
            }
            rows[20] = [1e6, -1e6, 1e7, 0]
            rows[21] = [1e300, 1, 1, 1]
            rows[22] = [.number(5), .number(5), .number(5), .number(5)]
            #expect(comparison.differenceInBatches(rows) == nil, "seed \(seed), spread \(spread)")
        }
    }

    @Test func passesOverRowsAtFault() throws {
        var generator = SeededGenerator(seed: 4)
        let search = NearestNeighbors(
            measure: .euclidean, points: generator.numbers(300), count: 100, inputWidth: 3, neighborCount: 4)
        let comparison = try Self.comparison(search)
        var rows = generator.rows(65, columns: 3)
        for index in stride(from: 0, to: 65, by: 3) { rows[index][index % 3 == 0 ? 1 : 2] = .missing }
        #expect(comparison.differenceInBatches(rows) == nil)
        #expect(answer(comparison.fast, rows).faults.count == 22)
    }

    /// Were one point off by one unit in the last place, the comparison would tell.
    @Test func comparisonBites() throws {
        var generator = SeededGenerator(seed: 5)
        let points = generator.numbers(300)
        var moved = points
        for index in moved.indices { moved[index] = moved[index].nextUp }
        let rows = generator.rows(9, columns: 3)
        func search(_ points: [Double]) -> NearestNeighbors {
            NearestNeighbors(measure: .euclidean, points: points, count: 100, inputWidth: 3, neighborCount: 4)
        }
        let right = try Self.comparison(search(points))
        let wrong = try Self.comparison(search(moved))
        #expect(answer(right.reference, rows) == answer(right.fast, rows))
        #expect(answer(right.reference, rows) != answer(wrong.fast, rows))
    }

    @Test func tellsWhatItCannotSearch() throws {
        func refusal(_ search: NearestNeighbors) -> String? {
            do throws(ImportError) {
                let graph = makeStep(search.inputWidth, .nearestNeighbors(search))
                _ = try ModelCompiler.compile(graph, forcing: "neighbors-packed")
                return nil
            } catch {
                return "\(error)"
            }
        }
        let points = (0..<600).map { Double($0) }
        let manhattan = NearestNeighbors(
            measure: .manhattan, points: points, count: 600, inputWidth: 1, neighborCount: 1)
        #expect(refusal(manhattan)?.contains("Euclidean") == true)
        let many = NearestNeighbors(
            measure: .euclidean, points: points, count: 600, inputWidth: 1, neighborCount: 300)
        #expect(refusal(many)?.contains("256") == true)
        let same = NearestNeighbors(
            measure: .euclidean, points: [1, 1, 1], count: 3, inputWidth: 1, neighborCount: 1)
        #expect(refusal(same)?.contains("all the same") == true)
    }
}
