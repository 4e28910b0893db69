import Foundation
import ModelIR
import TensorCore
import Testing

@Suite struct PairDecisionsTests {
    /// One vector a class.
    static let decisions = PairDecisions(
        coefficients: [1, 2, 3, 4, 5, 6], starts: [0, 1, 2, 3], intercepts: [0.5, -0.5, 0.25])

    @Test func addsUpThePairsOfClasses() throws {
        let answer = try evaluate(.pairDecisions(Self.decisions), columns: columns(3), [[1, 10, 100]])
        // Pair (i, j): row j - 1 for the vectors of i, row i for those of j.
        #expect(answer.doubles() == [21.5, 303.5, 650.25])
    }

    @Test func votes() throws {
        func vote(_ row: [Cell]) throws -> Int32 {
            try evaluate(
                .pairVote(classCount: 3), columns: columns(3), meaning: .label(.integers([0, 1, 2])), [row]
            ).labels[0][0]
        }
        #expect(try vote([1, 1, 1]) == 0)
        #expect(try vote([-1, 1, 1]) == 1)
        #expect(try vote([1, -1, -1]) == 2)
        // A cycle gives each class a vote: the first one has it. Zero is a vote for the second of a pair.
        #expect(try vote([1, -1, 1]) == 0)
        #expect(try vote([0, 0, 0]) == 2)
    }

    @Test func scoresClasses() throws {
        let answer = try evaluate(.pairScores(classCount: 3), columns: columns(3), [[1, -2, 0]])
        func score(_ votes: Double, _ sum: Double) -> Double { votes + sum / (3 * (abs(sum) + 1)) }
        #expect(answer.doubles() == [score(1, -1), score(1, -1), score(1, 2)])
    }

    @Test(arguments: [2, 3, 5])
    func couplesProbabilities(classCount: Int) throws {
        let pairCount = classCount * (classCount - 1) / 2
        let coupling = PairCoupling(
            slopes: [Double](repeating: -2, count: pairCount), offsets: [Double](repeating: 0.1, count: pairCount),
            classCount: classCount)
        let rows: [[Cell]] = [-1e300, -3, 0, 0.5, 1e300].map { value in
            (0..<pairCount).map { .number($0.isMultiple(of: 2) ? value : -value / 2) }
        }
        let answer = try evaluate(.pairCoupling(coupling), columns: columns(pairCount), rows).doubles()
        for row in rows.indices {
            let probabilities = answer[row * classCount..<(row + 1) * classCount]
            #expect(abs(probabilities.reduce(0, +) - 1) < 1e-9)
            #expect(probabilities.allSatisfy { $0 > 0 && $0 < 1 })
        }
        // The first class of a pair is the likelier the greater its decision.
        if classCount == 2 { #expect(answer[2 * 3] > answer[2 * 1]) }
    }

    @Test func refusesParametersThatDoNotFit() {
        for decisions in [
            PairDecisions(coefficients: [1, 2, 3], starts: [0, 1, 2, 3], intercepts: [0, 0, 0]),
            PairDecisions(coefficients: [1, 2, 3, 4, 5, 6], starts: [0, 1, 2, 3], intercepts: [0, 0]),
            PairDecisions(coefficients: [1, 2, 3, 4, 5, 6], starts: [0, 2, 1, 3], intercepts: [0, 0, 0]),
            PairDecisions(coefficients: [1, 2, 3, 4, 5, 6], starts: [1, 1, 2, 3], intercepts: [0, 0, 0]),
            PairDecisions(coefficients: [], starts: [0], intercepts: []),
            PairDecisions(coefficients: [], starts: [], intercepts: []),
        ] {
            #expect(throws: ImportError.self) { try evaluate(.pairDecisions(decisions), columns: columns(3), []) }
        }
        for count in [-1, 0, 1, 2, 4, Int.max] {
            #expect(throws: ImportError.self) {
                try evaluate(.pairScores(classCount: count), columns: columns(3), [])
            }
        }
        let short = PairCoupling(slopes: [1], offsets: [1, 2, 3], classCount: 3)
        #expect(throws: ImportError.self) { try evaluate(.pairCoupling(short), columns: columns(3), []) }
    }
}
