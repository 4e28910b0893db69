internal import ModelIR
internal import TensorCore

/// Clusterers, whose labels are numbers.
extension GraphBuilder {
    private mutating func centers(_ estimator: EstimatorRecord, _ frame: Frame) throws(ImportError) -> Projection {
        let name = estimator.className == "Birch" ? "subcluster_centers_" : "cluster_centers_"
        return try rows(estimator, name, width: frame.count)
    }

    /// `transform`: the distance to each centre.
    mutating func distancesToCenters(
        _ estimator: EstimatorRecord, _ frame: Frame
    ) throws(ImportError) -> EstimatorMethods.Numbers {
        let centers = try centers(estimator, frame)
        let input = try matrix(frame, as: .number, path: estimator.path)
        return EstimatorMethods.Numbers(
            value: pairwise(.expandedEuclidean, input, centers, path: estimator.path), width: centers.height)
    }

    /// `predict`: the nearest centre.
    mutating func cluster(_ estimator: EstimatorRecord, _ frame: Frame) throws(ImportError) -> EstimatorMethods {
        let centers = try centers(estimator, frame)
        let path = estimator.path
        try note(estimator, "\(frame.count) features, \(centers.height) centres")
        var labels = ClassLabels.integers((0..<Int64(centers.height)).map { $0 })
        let label: ValueID
        switch estimator.className {
        case "BisectingKMeans":
            label = try bisect(estimator, frame, clusterCount: centers.height)
        case "Birch":
            labels = .integers(try subclusterLabels(estimator, count: centers.height))
            fallthrough
        default:
            label = nearestCenter(try matrix(frame, as: .number, path: path), centers, path: path)
        }
        return EstimatorMethods(prediction: .label(label, labels))
    }

    /// The cluster of each of Birch's subclusters.
    private mutating func subclusterLabels(_ estimator: EstimatorRecord, count: Int) throws(ImportError) -> [Int64] {
        var labels: [Int64] = []
        for value in try vector(estimator, "subcluster_labels_", count: count) {
            guard let label = Int64(exactly: value) else {
                throw ImportError(
                    .malformed, at: estimator.path + ".subcluster_labels_", found: "\(value)", expected: "an integer")
            }
            labels.append(label)
        }
        return labels
    }

    // MARK: BisectingKMeans

    /// The tree of bisections. Centres are kept less the mean of the training set, where there is one.
    private mutating func bisect(
        _ estimator: EstimatorRecord, _ frame: Frame, clusterCount: Int
    ) throws(ImportError) -> ValueID {
        let path = estimator.path
        var mean = [Double](repeating: 0, count: frame.count)
        if attribute(estimator, "_X_mean") != nil { mean = try vector(estimator, "_X_mean", count: frame.count) }
        let root = try member("_bisecting_tree", of: estimator)
        var pending = [root]
        var children: [Int32] = []
        var centers = Projection(weights: [], height: 0, width: frame.count)
        var next = 0
        guard attribute(root, "left") != nil, attribute(root, "left") != PickleValue.none else {
            // One cluster: nothing was split.
            let scores = project(
                try matrix(frame, as: .number, path: path),
                Projection(weights: mean.map { $0 * 0 }, height: 1, width: frame.count), path: path)
            return add(.argMax, [scores.value], width: 1, path: path)
        }
        // A tree of so many clusters has one node less that is split.
        while next < pending.count {
            let node = pending[next]
            next += 1
            guard next < clusterCount else {
                throw ImportError(
                    .malformed, at: root.path, found: "more than \(clusterCount - 1) splits",
                    expected: "those of \(clusterCount) clusters")
            }
            for side in ["left", "right"] {
                let child = try child(side, of: node, root: root)
                var center = try vector(child, "center", count: frame.count)
                for column in center.indices { center[column] += mean[column] }
                centers.weights += center
                if let left = attribute(child, "left"), left != .none {
                    children.append(Int32(pending.count))
                    pending.append(child)
                } else {
                    let label = try number(child, "label")
                    guard let index = Int32(exactly: label), index >= 0, Int(index) < clusterCount else {
                        throw ImportError(
                            .malformed, at: root.path + ".label", found: "\(label)",
                            expected: "0 to \(clusterCount - 1)")
                    }
                    children.append(~index)
                }
            }
        }
        let scored = Projection(weights: centers.weights, height: children.count, width: frame.count)
        let scores = project(
            try matrix(frame, as: .number, path: path), doubled(scored), bias: squaredLengths(scored).map { -$0 },
            path: path)
        return add(
            .bisection(Bisection(children: children, clusterCount: clusterCount)), [scores.value], width: 1,
            path: path)
    }

    /// Kept at the depth of the root: how deep the tree may be follows from its clusters.
    private func child(
        _ side: String, of node: EstimatorRecord, root: EstimatorRecord
    ) throws(ImportError) -> EstimatorRecord {
        guard let child = estimator(try required(node, side), path: root.path, depth: root.depth) else {
            throw ImportError(
                .malformed, at: "\(root.path).\(side)", found: "no node", expected: "a node of the tree of clusters")
        }
        return child
    }
}
