import ModelIR
import TensorCore
import Testing

@Suite struct NeighborTests {
    static let points: [Double] = [0, 10, 4, 1, 4, 7]

    static func nearest(_ count: Int, _ measure: PairwiseMeasure = .euclidean) -> Operator {
        .nearestNeighbors(
            NearestNeighbors(measure: measure, points: points, count: 6, inputWidth: 1, neighborCount: count))
    }

    /// The nearest points' targets in one mean.
    static func mean(
        _ count: Int, _ weights: NeighborWeights, _ targets: NeighborTargets, _ rows: [[Cell]]
    ) throws -> [Double] {
        var graph = ImportedGraph(columns: columns(1))
        let input = graph.append(.selectColumns([0]), path: "input")
        let found = graph.append(nearest(count), [input], path: "nearest")
        let mean = graph.append(
            .neighborMean(NeighborMean(weights: weights, targets: targets, pointCount: 6)), [found], path: "mean")
        graph.addOutput(GraphOutput(name: "prediction", value: mean, meaning: .values))
        return try answer(compile(graph), rows).doubles()
    }

    @Test func ordersNeighborsByDistance() throws {
        let three = try evaluate(Self.nearest(3), columns: columns(1), [[8]]).doubles()
        #expect(three.prefix(5) == [1, 2, 4, 5, 1])
        #expect(try evaluate(Self.nearest(1), columns: columns(1), [[1.25]]).doubles() == [0.25, 3])
        let all = try evaluate(Self.nearest(6), columns: columns(1), [[0]]).doubles()
        #expect(all.prefix(6) == [0, 1, 4, 4, 7, 10])
        #expect(Set(all.suffix(6)) == [0, 1, 2, 3, 4, 5])
    }

    @Test func keepsTheFirstOfEqualPointsInTheLastPlace() throws {
        // Points 2 and 4 are equal; the second one is not nearer than what the heap holds.
        #expect(try evaluate(Self.nearest(1), columns: columns(1), [[4]]).doubles() == [0, 2])
    }

    @Test func countsClasses() throws {
        let targets = NeighborTargets.classes([0, 1, 1, 0, 2, 2], classCount: 4)
        #expect(try Self.mean(2, .uniform, targets, [[0]]) == [1, 0, 0, 0])
        #expect(try Self.mean(4, .uniform, targets, [[0]]) == [0.5, 0.25, 0.25, 0])
        #expect(try Self.mean(2, .inverseDistance, targets, [[5]]) == [0, 0.5, 0.5, 0])
        #expect(try Self.mean(2, .inverseDistance, targets, [[0.25]]) == [1, 0, 0, 0])
    }

    @Test func lastPlaceOfDistanceZeroTakesAll() throws {
        let targets = NeighborTargets.classes([0, 1, 1, 0, 2, 2], classCount: 3)
        // Two points lie at distance zero, and alone count.
        #expect(try Self.mean(4, .inverseDistance, targets, [[4]]) == [0, 0.5, 0.5])
        let numbers = NeighborTargets.numbers([1, 2, 30, 4, 50, 6], width: 1)
        #expect(try Self.mean(4, .inverseDistance, numbers, [[4]]) == [40])
    }

    @Test func averagesSeveralTargets() throws {
        let targets = NeighborTargets.numbers([1, -1, 2, -2, 3, -3, 4, -4, 5, -5, 6, -6], width: 2)
        #expect(try Self.mean(2, .uniform, targets, [[0]]) == [2.5, -2.5])
        // 1 at distance 0.25, 4 at 0.75.
        let weighted = try Self.mean(2, .inverseDistance, targets, [[0.25]])
        #expect(abs(weighted[0] - 1.75) < 1e-12 && weighted[1] == -weighted[0])
    }

    @Test func looksWithinARadius() throws {
        func within(
            _ radius: Double, _ targets: NeighborTargets, outliers: Int? = nil,
            weights: NeighborWeights = .uniform, _ row: [Cell]
        ) throws -> [Double] {
            let search = RadiusNeighbors(
                measure: .euclidean, points: Self.points, count: 6, inputWidth: 1, radius: radius, weights: weights,
                targets: targets, classOfOutliers: outliers)
            return try evaluate(.radiusNeighbors(search), columns: columns(1), [row]).doubles()
        }
        let numbers = NeighborTargets.numbers([1, 2, 3, 4, 5, 6], width: 1)
        // The radius itself is within.
        #expect(try within(1, numbers, [0]) == [2.5])
        #expect(try within(0.5, numbers, [0]) == [1])
        #expect(try within(0.5, numbers, [20])[0].isNaN)
        #expect(try within(1, numbers, weights: .inverseDistance, [0]) == [1])
        let classes = NeighborTargets.classes([0, 1, 1, 0, 2, 2], classCount: 3)
        #expect(try within(0, classes, outliers: 1, [4]) == [0, 0.5, 0.5])
        #expect(try within(0.5, classes, outliers: 1, [20]) == [0, 1, 0])
        #expect(throws: ImportError.self) { try within(1, classes, outliers: 3, [0]) }
    }

    @Test func refusesParametersThatDoNotFit() {
        for count in [0, 7, -1] {
            #expect(throws: ImportError.self) { try evaluate(Self.nearest(count), columns: columns(1), []) }
        }
        #expect(throws: ImportError.self) { try evaluate(Self.nearest(1, .dot), columns: columns(1), []) }
        for targets in [
            NeighborTargets.classes([0, 1], classCount: 2), .classes([0, 1, 2, 0, 1, 3], classCount: 3),
            .classes([0, 1, 2, 0, 1, -1], classCount: 3), .numbers([1, 2, 3], width: 1), .numbers([], width: 0),
            .numbers([1, 2, 3, 4, 5, 6], width: Int.max),
        ] {
            #expect(throws: ImportError.self) { try Self.mean(2, .uniform, targets, []) }
        }
    }

    @Test func refusesMissingValues() throws {
        let answer = try evaluate(Self.nearest(1), columns: columns(1), [[nil]])
        #expect(answer.faults == [RowFault(row: 0, column: 0, reason: .missingValue)])
    }

    @Test func scoresOutliersByTheirNeighbors() throws {
        // Distances 2 and 3 to points 0 and 1, whose reaches are 4 and 1: densities are those over 1 / 3.5.
        var graph = ImportedGraph(columns: columns(4))
        let input = graph.append(.selectColumns([0, 1, 2, 3]), path: "input")
        let factor = LocalOutlierFactor(reaches: [4, 1], densities: [0.5, 0.25])
        let score = graph.append(.localOutlierFactor(factor), [input], path: "factor")
        graph.addOutput(GraphOutput(name: "prediction", value: score, meaning: .values))
        let found = try answer(compile(graph), [[2, 3, 0, 1]]).doubles()[0]
        let density = 1 / ((4.0 + 3) / 2 + 1e-10)
        #expect(found == -((0.5 / density + 0.25 / density) / 2))
    }
}
