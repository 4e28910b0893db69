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
}
