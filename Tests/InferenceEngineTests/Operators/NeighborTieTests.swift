import ModelIR
import TensorCore
import Testing

/// Points that are equally far: which of them counts.
@Suite struct NeighborTieTests {
    /// Five points around 0, and three far away.
    private static let points: [Double] = [1, -1, 1, -1, 3, 9, 9, -9]

    private static func nearest(
        _ count: Int, _ search: NeighborSearch, points: [Double] = Self.points, groups: [Int32] = []
    ) -> Operator {
        .nearestNeighbors(
            NearestNeighbors(
                measure: .euclidean, points: points, count: points.count, inputWidth: 1, neighborCount: count,
                search: search, targetGroups: groups))
    }

    private static func found(_ operation: Operator, count: Int, at x: Double) throws -> [Int]? {
        let answer = try evaluate(operation, columns: columns(1), [[.number(x)]])
        guard answer.faults.isEmpty else {
            #expect(answer.faults == [RowFault(row: 0, column: 0, reason: .tie)])
            return nil
        }
        return answer.doubles().suffix(count).map { Int($0) }
    }

    /// Node 0 halves the points; the leaves hold them in another order than training.
    private static func tree(
        points: [Int32] = [7, 3, 1, 0, 2, 4, 6, 5], starts: [Int32] = [0, 0, 4], ends: [Int32] = [8, 4, 8],
        areLeaves: [Bool] = [false, true, true],
        bound: NeighborTree.Bound = .boxes([-9, -9, 1, 9, 1, 9], power: 2)
    ) -> NeighborTree {
        NeighborTree(bound: bound, points: points, starts: starts, ends: ends, areLeaves: areLeaves)
    }

    @Test func scanTakesTheFirstInTrainingOrder() throws {
        #expect(try Self.found(Self.nearest(1, .scan(.none)), count: 1, at: 0) == [0])
        // Exact in float64 however they are computed.
        #expect(try Self.found(Self.nearest(1, .scan(.expandedSquares)), count: 1, at: 0) == [0])
        #expect(try Self.found(Self.nearest(1, .scan(.expandedSquares)), count: 1, at: 0.0625) == [0])
    }

    @Test func walksTheNearerHalfFirst() throws {
        // 0 is in the left half, whose leaf holds point 3 before 1.
        #expect(try Self.found(Self.nearest(1, .tree(Self.tree())), count: 1, at: 0) == [3])
        #expect(try Self.found(Self.nearest(1, .tree(Self.tree())), count: 1, at: 0.5) == [0])
        #expect(try Self.found(Self.nearest(1, .tree(Self.tree())), count: 1, at: 9) == [6])
        // Both balls are as far.
        let balls = NeighborTree.Bound.balls([0, -5, 5], radii: [9, 4, 4])
        #expect(try Self.found(Self.nearest(1, .tree(Self.tree(bound: balls))), count: 1, at: 0) == [3])
        let all = try Self.found(Self.nearest(8, .tree(Self.tree())), count: 8, at: 0)
        #expect(all.map { Set($0) } == Set(0..<8))
    }

    @Test func refusesARowWhoseNeighborsNobodyKnows() throws {
        #expect(try Self.found(Self.nearest(1, .partialSort(.none)), count: 1, at: 0) == nil)
        #expect(try Self.found(Self.nearest(3, .partialSort(.none)), count: 3, at: 0) == nil)
        // All four at the same distance are taken, or there is one nearest alone.
        #expect(try Self.found(Self.nearest(4, .partialSort(.none)), count: 4, at: 0).map { Set($0) } == [0, 1, 2, 3])
        #expect(try Self.found(Self.nearest(1, .partialSort(.none)), count: 1, at: 3) == [4])
        // Points of one target stand for each other.
        let groups: [Int32] = [5, 5, 5, 5, 1, 2, 3, 4]
        #expect(try Self.found(Self.nearest(1, .partialSort(.none), groups: groups), count: 1, at: 0) == [0])
        #expect(try Self.found(Self.nearest(1, .partialSort(.none), groups: groups), count: 1, at: 9) == nil)
        #expect(try Self.found(Self.nearest(8, .partialSort(.none)), count: 8, at: 0)?.count == 8)
    }

    @Test func refusesWhatRoundingDecides() throws {
        // 0.1 + 0.2 is not 0.3: as far as the library's rounding can tell, both are.
        let points = [0.1, 0.30000000000000004, 5, 7]
        let scan = Self.nearest(1, .scan(.expandedSquares), points: points)
        #expect(try Self.found(scan, count: 1, at: 0.2) == nil)
        #expect(try Self.found(scan, count: 1, at: 0.19) == [0])
        #expect(try Self.found(Self.nearest(1, .scan(.none), points: points), count: 1, at: 0.2) != nil)
        // Equal points are as far for any rounding.
        let repeated = Self.nearest(1, .scan(.expandedSquares), points: [0.3, 0.1, 0.1, 7])
        #expect(try Self.found(repeated, count: 1, at: 0.07) == [1])
    }

    @Test(
        arguments: [
            Self.tree(points: [7, 3, 1, 0, 2, 4, 6, 6]), Self.tree(points: [7, 3, 1, 0, 2, 4, 6, 8]),
            Self.tree(points: [7, 3, 1, 0, 2, 4, 6, -1]), Self.tree(points: [0]),
            Self.tree(starts: [0, 0, 5]), Self.tree(starts: [0, 0, 3]), Self.tree(ends: [8, 4, 9]),
            Self.tree(ends: [8, 4, 7]), Self.tree(ends: [8, 4, 3]), Self.tree(ends: [8]),
            Self.tree(areLeaves: [false, false, true]), Self.tree(areLeaves: []),
            Self.tree(bound: .boxes([1, 2, 3], power: 2)), Self.tree(bound: .boxes([-9, -9, 1, 9, 1, 9], power: 0)),
            Self.tree(bound: .balls([0, -5], radii: [9, 4, 4])), Self.tree(bound: .balls([0, -5, 5], radii: [])),
        ])
    func refusesATreeOfOtherPoints(tree: NeighborTree) {
        #expect(throws: ImportError.self) { try evaluate(Self.nearest(1, .tree(tree)), columns: columns(1), []) }
    }

    @Test func refusesTargetsThatDoNotFit() {
        #expect(throws: ImportError.self) {
            try evaluate(Self.nearest(1, .scan(.none), groups: [1, 2]), columns: columns(1), [])
        }
    }

    @Test func knowsExactSquares() {
        func isExact(_ values: [Double], width: Int = 1) -> Bool {
            var grid = BinaryGrid()
            for value in values { grid.include(value) }
            return grid.hasExactSquares(width: width)
        }
        #expect(isExact([]) && isExact([0, -0.0]) && isExact([1, 2, 3]) && isExact([0.5, -1024]))
        #expect(isExact([0x1p25]) && !isExact([1, 0x1p26]) && !isExact([0.1]) && !isExact([0x1p-30, 1]))
        #expect(isExact([1, 0x1p24]) && !isExact([1, 0x1p24], width: 16))
        #expect(!isExact([.infinity]) && !isExact([.nan]) && !isExact([1, .infinity]) && !isExact([.leastNonzeroMagnitude]))
    }
}
