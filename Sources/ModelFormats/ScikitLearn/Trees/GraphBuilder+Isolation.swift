internal import Glibc
internal import ModelIR
internal import TensorCore

/// `IsolationForest`.
extension GraphBuilder {
    /// score = -2^(-Σ path lengths / (trees · c(samples a tree))), where a path's length is its number of nodes below
    /// the root plus c(samples in its leaf), and c(n) is the mean length of a path in a random tree of n samples.
    /// decision = score - offset_; negative ones are outliers, -1, the others 1.
    mutating func isolate(_ estimator: EstimatorRecord, _ frame: Frame) throws(ImportError) -> EstimatorMethods {
        let path = estimator.path
        var ensemble = treeEnsemble(featureCount: frame.count, groupCount: 1)
        // Since 1.6 it hands values to the trees unchecked: NaN, and infinities of float32, which are refused
        // elsewhere.
        let isUnchecked = isAtLeast(1, 6)
        ensemble.acceptsMissing = isUnchecked
        if isUnchecked { ensemble.precision = .float64 }
        let members = try memberValues("estimators_", of: estimator)
        let subsets = try featureSubsets(of: estimator, memberCount: members.count, width: frame.count)
        for (index, value) in members.enumerated() {
            let member = try member(value, named: "estimators_[\(index)]", of: estimator)
            let columns = subsets[index]
            let tree = try fittedTree(member, featureCount: columns.count)
            let counts = try sampleCounts(member, place: tree.place)
            let depths = try tree.depths()
            let first = try ensemble.append(tree, columns: columns)
            for node in 0..<tree.nodeCount where tree.isLeaf(node) {
                ensemble.leafValues[first + node] = Double(depths[node]) + Self.averagePathLength(counts[node]) - 1
            }
        }
        guard let samples = scalarAttribute(estimator, "_max_samples") ?? scalarAttribute(estimator, "max_samples_"),
            let sampleCount = samples.number
        else {
            throw ImportError(
                .malformed, at: path + "._max_samples", found: "nothing", expected: "the number of samples a tree")
        }
        let offset = try numbers(estimator, "offset_")
        try check(offset.shape, [], place: path + ".offset_")
        let denominator = Double(members.count) * Self.averagePathLength(sampleCount)

        var input = try matrix(frame, as: .number, path: path)
        if isUnchecked { input = add(.elementwise(.float32), [input], width: frame.count, path: path) }
        let sum = add(.treeEnsemble(ensemble), [input], width: 1, path: path)
        // With one sample a tree the exponent is -1.
        let exponent =
            denominator == 0
            ? add(.scaler(Scaler(form: .multiplyAdd, offset: [-1], scale: [0])), [sum], width: 1, path: path)
            : divide(sum, by: -denominator, width: 1, path: path)
        let power = add(.elementwise(.powerOfTwo), [exponent], width: 1, path: path)
        let scores = divide(power, by: -1, width: 1, path: path)
        let shift = Scaler(form: .subtractDivide, offset: offset.values, scale: [1])
        let decision = add(.scaler(shift), [scores], width: 1, path: path)
        let label = add(.greater(threshold: Self.belowZero), [decision], width: 1, path: path)
        try note(estimator, "\(frame.count) features, \(ensemble.treeCount) trees, \(ensemble.nodeCount) nodes")
        return EstimatorMethods(
            prediction: .label(label, .integers([-1, 1])),
            decision: EstimatorMethods.Numbers(value: decision, width: 1), scores: scores)
    }

    /// The largest number below zero: `x > belowZero` is `x >= 0`.
    static let belowZero = -Double.leastNonzeroMagnitude

    /// The columns that each member was fitted on.
    mutating func featureSubsets(
        of estimator: EstimatorRecord, memberCount: Int, width: Int
    ) throws(ImportError) -> [[Int32]] {
        let place = estimator.path + ".estimators_features_"
        let (items, extents) = try objects(estimator, "estimators_features_")
        guard extents == [memberCount] else {
            throw ImportError(
                .malformed, at: place, found: "a shape of \(extents)", expected: "[\(memberCount)], one a member")
        }
        var subsets: [[Int32]] = []
        for (index, item) in items.enumerated() {
            let columns = try list(item, place: "\(place)[\(index)]")
            var subset: [Int32] = []
            for scalar in columns {
                guard case .integer(let column) = scalar, column >= 0, column < Int64(width) else {
                    throw ImportError(
                        .malformed, at: "\(place)[\(index)]", found: scalar.description, expected: "0..<\(width)")
                }
                subset.append(Int32(column))
            }
            subsets.append(subset)
        }
        return subsets
    }

    /// The training samples in each node.
    private mutating func sampleCounts(_ member: EstimatorRecord, place: String) throws(ImportError) -> [Double] {
        guard let record = document.record(try required(member, "tree_")) else { return [] }
        return try field("n_node_samples", of: structures("nodes", of: record, place: place), place: place)
    }

    private static func averagePathLength(_ count: Double) -> Double {
        if count <= 1 { return 0 }
        if count == 2 { return 1 }
        // numpy.euler_gamma
        return 2 * (log(count - 1) + 0.5772156649015329) - 2 * (count - 1) / count
    }
}
