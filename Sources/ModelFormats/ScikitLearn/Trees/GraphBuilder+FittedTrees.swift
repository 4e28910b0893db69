internal import ModelIR
internal import TensorCore

/// Reading of fitted trees.
extension GraphBuilder {
    /// The attribute `tree_` of an estimator.
    ///
    /// `Tree(n_features, n_classes, n_outputs)` with the state `nodes`, `values`, `node_count`, `max_depth`. The layout
    /// of `nodes` is the file's: `missing_go_to_left` came with 1.3.
    mutating func fittedTree(_ estimator: EstimatorRecord, featureCount: Int) throws(ImportError) -> FittedTree {
        let place = estimator.path + ".tree_"
        let value = try required(estimator, "tree_")
        guard let record = document.record(value), document.fullName(record).hasSuffix("._tree.Tree"),
            let arguments = document.sequence(.node(record.arguments)), arguments.count == 3,
            case .integer(let treeFeatures) = arguments[0]
        else { throw wrongType(value, place: place, expected: "a sklearn.tree._tree.Tree") }
        guard treeFeatures == Int64(featureCount) else {
            throw ImportError(
                .malformed, at: place, found: "\(treeFeatures) features", expected: "\(featureCount)")
        }
        let nodes = try structures("nodes", of: record, place: place)
        let count = nodes.shape.elementCount
        guard count > 0, count <= TreeEnsemble.nodeCountMax else {
            throw ImportError(
                .malformed, at: place + ".nodes", found: "\(count) nodes",
                expected: "at least one and at most \(TreeEnsemble.nodeCountMax)")
        }
        guard let valuesAttribute = document.attribute("values", of: record) else {
            throw ImportError(.malformed, at: place + ".values", found: "nothing", expected: "an array")
        }
        let values = try numbers(valuesAttribute, place: place + ".values")
        guard values.shape.rank == 3, values.shape.extents[0] == count, values.shape.elementCount > 0 else {
            throw ImportError(
                .malformed, at: place + ".values", found: "shape \(values.shape)",
                expected: "[\(count), outputs, classes]")
        }
        let left = try field("left_child", of: nodes, place: place)
        let right = try field("right_child", of: nodes, place: place)
        let hasDirections = document.hasField("missing_go_to_left", in: nodes)
        return FittedTree(
            place: place,
            leftChildren: try indices(left, below: count, place: place + ".nodes.left_child"),
            rightChildren: try indices(right, below: count, place: place + ".nodes.right_child"),
            features: try indices(
                field("feature", of: nodes, place: place), below: featureCount, place: place + ".nodes.feature"),
            thresholds: try field("threshold", of: nodes, place: place),
            missingGoesLeft: hasDirections
                ? try field("missing_go_to_left", of: nodes, place: place).map { $0 != 0 } : [],
            outputCount: values.shape.extents[1], valueWidth: values.shape.extents[2], values: values.values)
    }

    /// Nodes of the trees of some estimators, by the shapes of their arrays; no more than the file has room for.
    func nodeCount(ofTreesIn members: [PickleValue]) -> Int {
        let countMax = document.bytes.count / 32
        var count = 0
        for member in members {
            guard let estimator = document.record(member), let tree = document.attribute("tree_", of: estimator),
                let record = document.record(tree), let value = document.attribute("nodes", of: record),
                let nodes = document.array(value)
            else { continue }
            count += min(nodes.shape.elementCount, countMax)
            if count >= countMax { return countMax }
        }
        return count
    }

    /// An attribute that is an array of structures.
    func structures(_ name: String, of record: PickleRecord, place: String) throws(ImportError) -> NumPyArray {
        let value = document.attribute(name, of: record) ?? .none
        guard let array = document.array(value), !array.dataType.fields.isEmpty else {
            throw wrongType(value, place: "\(place).\(name)", expected: "an array of structures")
        }
        return array
    }

    /// One field of all nodes.
    mutating func field(_ name: String, of nodes: NumPyArray, place: String) throws(ImportError) -> [Double] {
        try document.field(name, of: nodes, place: "\(place).nodes", budget: &budget)
    }

    /// Numbers as indices; every negative one as -1, for what a leaf does not have.
    func indices(_ numbers: [Double], below bound: Int, place: String) throws(ImportError) -> [Int32] {
        var result: [Int32] = []
        result.reserveCapacity(numbers.count)
        for (node, number) in numbers.enumerated() {
            guard number < Double(bound), let index = Int32(exactly: number) else {
                throw ImportError(
                    .malformed, at: "\(place)[\(node)]", found: "\(number)", expected: "an index below \(bound)")
            }
            result.append(max(index, -1))
        }
        return result
    }

    /// The items of an attribute that is a list or an array of objects, with the array's shape.
    func objects(
        _ estimator: EstimatorRecord, _ name: String
    ) throws(ImportError) -> (items: [PickleValue], extents: [Int]) {
        let value = try required(estimator, name)
        if let items = document.sequence(value) { return (items, [items.count]) }
        guard let array = document.array(value), case .values(let handle) = array.storage,
            array.order == .c || array.shape.rank == 1
        else { throw wrongType(value, place: "\(estimator.path).\(name)", expected: "a list of objects") }
        return (document.items(handle), array.shape.extents)
    }

    /// The fitted members of an ensemble, in a list or an array of one dimension. There is at least one.
    func memberValues(_ name: String, of ensemble: EstimatorRecord) throws(ImportError) -> [PickleValue] {
        let (items, extents) = try objects(ensemble, name)
        guard extents.count == 1, !items.isEmpty else {
            throw ImportError(
                .malformed, at: "\(ensemble.path).\(name)", found: "a shape of \(extents)",
                expected: "a list of at least one estimator")
        }
        return items
    }
}
