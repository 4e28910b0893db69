internal import ModelIR
internal import TensorCore

/// How scikit-learn looks for neighbours: what it takes of training rows that are equally far depends on it.
extension GraphBuilder {
    /// `_fit_method`, and with a tree `_tree`.
    mutating func neighborSearch(
        _ estimator: EstimatorRecord, _ neighborhood: Neighborhood
    ) throws(ImportError) -> NeighborSearch {
        switch text(estimator, "_fit_method") {
        // Up to 1.0 the heap took the later one of equal points.
        case "kd_tree" where isAtLeast(1, 1), "ball_tree" where isAtLeast(1, 1):
            return try neighborTree(estimator, neighborhood).map { .tree($0) } ?? .partialSort(.none)
        case "kd_tree", "ball_tree": return .partialSort(.none)
        default:
            let rounding = rounding(of: neighborhood.measure)
            return isScanned(estimator, neighborhood.measure) ? .scan(rounding) : .partialSort(rounding)
        }
    }

    private func rounding(of measure: PairwiseMeasure) -> DistanceRounding {
        switch measure {
        case .euclidean, .squaredEuclidean: .expandedSquares
        case .cosineDistance: .products
        default: .none
        }
    }

    /// Whether `ArgKmin` takes the training set: since 1.1, a matrix of float64 (as the rows then must be), and most
    /// metrics.
    private func isScanned(_ estimator: EstimatorRecord, _ measure: PairwiseMeasure) -> Bool {
        guard isAtLeast(1, 1), let value = attribute(estimator, "_fit_X"), let array = document.array(value),
            array.dataType.description == "float64"
        else { return false }
        return switch measure {
        case .cosineDistance, .hamming: false
        case .squaredEuclidean: isAtLeast(1, 3)
        default: true
        }
    }

    /// The state of a `KDTree` or `BallTree`: (data, idx_array, node_data, node_bounds, leaf_size, ...). Nil where the
    /// file holds a tree without one.
    private mutating func neighborTree(
        _ estimator: EstimatorRecord, _ neighborhood: Neighborhood
    ) throws(ImportError) -> NeighborTree? {
        let place = estimator.path + "._tree"
        let value = try required(estimator, "_tree")
        guard let record = document.record(value) else { throw wrongType(value, place: place, expected: "a tree") }
        guard let state = record.state, let items = document.sequence(state) else { return nil }
        guard items.count >= 4, let nodes = document.array(items[2]), !nodes.dataType.fields.isEmpty else {
            throw wrongType(state, place: place, expected: "the state of a KDTree or a BallTree")
        }
        let bounds = try numbers(items[3], place: place + ".node_bounds")
        let nodeCount = nodes.shape.elementCount
        let isBox = text(estimator, "_fit_method") == "kd_tree"
        try check(bounds.shape, [isBox ? 2 : 1, nodeCount, neighborhood.width], place: place + ".node_bounds")
        let points = try numbers(items[1], place: place + ".idx_array")
        try check(points.shape, [neighborhood.count], place: place + ".idx_array")
        let bound: NeighborTree.Bound =
            isBox
            ? .boxes(bounds.values, power: try boxPower(neighborhood.measure, place: place))
            : .balls(bounds.values, radii: try document.field("radius", of: nodes, place: place, budget: &budget))
        let bound32 = neighborhood.count + 1
        let tree = NeighborTree(
            bound: bound, points: try indices(points.values, below: bound32, place: place + ".idx_array"),
            starts: try indices(
                document.field("idx_start", of: nodes, place: place, budget: &budget), below: bound32,
                place: place + ".node_data.idx_start"),
            ends: try indices(
                document.field("idx_end", of: nodes, place: place, budget: &budget), below: bound32,
                place: place + ".node_data.idx_end"),
            areLeaves: try document.field("is_leaf", of: nodes, place: place, budget: &budget).map { $0 != 0 })
        guard tree.isSound(pointCount: neighborhood.count, width: neighborhood.width) else {
            throw ImportError(
                .malformed, at: place, found: "\(nodeCount) nodes over other points",
                expected: "each of \(neighborhood.count) training rows in one leaf")
        }
        return tree
    }

    /// The `p` of a KDTree's metric.
    private func boxPower(_ measure: PairwiseMeasure, place: String) throws(ImportError) -> Double {
        switch measure {
        case .euclidean: return 2
        case .manhattan: return 1
        case .chebyshev: return .infinity
        case .minkowski(let power): return power
        default:
            throw ImportError(
                .malformed, at: place, found: "a KDTree of another metric", expected: "a Minkowski metric")
        }
    }

    /// A number for each training row, the same for those of the same targets.
    static func groups(of targets: [NeighborTargets], pointCount: Int) -> [Int32] {
        var groups = [Int32](repeating: 0, count: pointCount)
        for target in targets {
            switch target {
            case .classes(let classes, _): refine(&groups) { UInt64(classes[$0]) }
            case .numbers(let numbers, let width):
                for column in 0..<width { refine(&groups) { (numbers[$0 * width + column] + 0).bitPattern } }
            }
        }
        return groups
    }

    /// Splits groups by one more number of each row.
    private static func refine(_ groups: inout [Int32], by key: (Int) -> UInt64) {
        struct Part: Hashable {
            let group: Int32
            let key: UInt64
        }
        var numbers: [Part: Int32] = [:]
        for index in groups.indices {
            let part = Part(group: groups[index], key: key(index))
            let next = Int32(numbers.count)
            groups[index] = numbers[part, default: next]
            if groups[index] == next { numbers[part] = next }
        }
    }
}
