import ModelIR
import TensorCore
import Testing

@Suite struct TreeEnsembleTests {
    /// x0 < 1.5 ? 10 : 20, missing goes left; then a leaf of 0.25.
    static func stump(_ precision: TreeEnsemble.Precision, _ comparison: TreeEnsemble.Comparison) -> TreeEnsemble {
        var ensemble = TreeEnsemble(featureCount: 1, groupCount: 1, comparison: comparison, precision: precision)
        ensemble.baseScores = [0.5]
        ensemble.roots = [0, 3]
        ensemble.treeGroups = [0, 0]
        ensemble.features = [0, -1, -1, -1]
        ensemble.thresholds = [1.5, 0, 0, 0]
        ensemble.leftChildren = [1, -1, -1, -1]
        ensemble.rightChildren = [2, -1, -1, -1]
        ensemble.missingGoesLeft = [true, false, false, false]
        ensemble.leafValues = [0, 10, 20, 0.25]
        return ensemble
    }

    @Test func comparesStrictlyForXGBoost() throws {
        let ensemble = Self.stump(.float32, .less)
        let answer = try evaluate(.treeEnsemble(ensemble), columns: columns(1), [[1.4], [1.5], [1.6], [nil]])
        #expect(answer.floats() == [10.75, 20.75, 20.75, 10.75])
    }

    @Test func includesTheThresholdForScikitLearn() throws {
        let ensemble = Self.stump(.float32FeaturesFloat64Sums, .lessOrEqual)
        let answer = try evaluate(
            .treeEnsemble(ensemble), columns: columns(1), [[1.5], [1.500_000_000_1], [1.501], [nil]])
        // The second narrows to 1.5.
        #expect(answer.doubles() == [10.75, 10.75, 20.75, 10.75])
    }

    @Test func refusesWhatFloat32CannotHold() throws {
        let ensemble = Self.stump(.float32, .less)
        let answer = try evaluate(.treeEnsemble(ensemble), columns: columns(1), [[1], [1e39], [2]])
        #expect(answer.floats() == [10.75, 0, 20.75])
        #expect(answer.faults == [RowFault(row: 1, column: 0, reason: .exceedsFloat32)])
    }

    /// A root that is its own child.
    static let cyclic: TreeEnsemble = {
        var ensemble = TreeEnsemble(featureCount: 2, groupCount: 1, comparison: .less, precision: .float32)
        ensemble.roots = [0]
        ensemble.treeGroups = [0]
        ensemble.features = [0, -1]
        ensemble.thresholds = [0, 0]
        ensemble.leftChildren = [0, -1]
        ensemble.rightChildren = [1, -1]
        ensemble.missingGoesLeft = [false, false]
        ensemble.leafValues = [0, 0]
        return ensemble
    }()

    @Test func testsMembershipOfACategory() throws {
        var ensemble = Self.stump(.float32, .less)
        ensemble.categoricalNodes = [.init(node: 0, categoriesGoingRight: [1, 3])]
        let rows: [[Cell]] = [[0], [1], [2], [3], [3.7], [-1], [-0.5], [16_777_215], [16_777_216], [1e30], [nil]]
        let right: [Float] = [10, 20, 10, 20, 20, 10, 10, 10, 10, 10, 10]
        let answer = try evaluate(.treeEnsemble(ensemble), columns: columns(1), rows)
        #expect(answer.floats() == right.map { $0 + 0.75 })
    }

    @Test func addsInFloat32InTheOrderOfTrees() throws {
        var ensemble = TreeEnsemble(featureCount: 1, groupCount: 1, comparison: .less, precision: .float32)
        ensemble.baseScores = [16_777_216]
        // In float32, 2^24 + 1 + 1 is 2^24, and 2^24 + 2 is not.
        for value in [1.0, 1.0, 2.0] {
            ensemble.roots.append(Int32(ensemble.nodeCount))
            ensemble.treeGroups.append(0)
            ensemble.features.append(-1)
            ensemble.thresholds.append(0)
            ensemble.leftChildren.append(-1)
            ensemble.rightChildren.append(-1)
            ensemble.missingGoesLeft.append(false)
            ensemble.leafValues.append(value)
        }
        #expect(try evaluate(.treeEnsemble(ensemble), columns: columns(1), [[0]]).floats() == [16_777_218])
        ensemble.treeWeights = [0.5, 2, 0.25]
        #expect(try evaluate(.treeEnsemble(ensemble), columns: columns(1), [[0]]).floats() == [16_777_218])
        ensemble.treeWeights = [0.5, 0.5, 0.5]
        #expect(try evaluate(.treeEnsemble(ensemble), columns: columns(1), [[0]]).floats() == [16_777_216])
    }

    @Test func addsVectorsOfLeaves() throws {
        var ensemble = Self.stump(.float32, .less)
        ensemble.groupCount = 2
        ensemble.baseScores = [0.5, 0.25]
        ensemble.leafWidth = 2
        ensemble.leafVectors = [1, 2, 3, 4]
        ensemble.leafValues = [0, 0, 1, 1]
        let answer = try evaluate(.treeEnsemble(ensemble), columns: columns(1), [[0], [9]])
        #expect(answer.floats() == [4.5, 6.25, 6.5, 8.25])
    }
}
