/// A tree of points as scikit-learn builds it (`sklearn.neighbors.KDTree`, `BallTree`): node i has the children 2i +
/// 1 and 2i + 2.
package struct NeighborTree: Sendable, Hashable {
    /// What a node is bounded by.
    package enum Bound: Sendable, Hashable {
        /// Lower and upper corners, row-major [2, nodes, columns]; sums of gaps raised to `power`, or for an infinite
        /// one their maximum.
        case boxes([Double], power: Double)
        /// Centres, row-major [nodes, columns], and radii.
        case balls([Double], radii: [Double])
    }

    package let bound: Bound
    /// The points in the order of the leaves.
    package let points: [Int32]
    /// Each node's range within `points`.
    package let starts: [Int32]
    package let ends: [Int32]
    package let areLeaves: [Bool]

    package init(bound: Bound, points: [Int32], starts: [Int32], ends: [Int32], areLeaves: [Bool]) {
        self.bound = bound
        self.points = points
        self.starts = starts
        self.ends = ends
        self.areLeaves = areLeaves
    }

    package var nodeCount: Int { areLeaves.count }

    /// Whether every point of `pointCount` lies in one leaf, which the root leads to, and each node has its bound.
    /// - Complexity: O(nodes + points).
    package func isSound(pointCount: Int, width: Int) -> Bool {
        guard points.count == pointCount, nodeCount > 0, starts.count == nodeCount, ends.count == nodeCount,
            hasBounds(width: width)
        else { return false }
        var isSeen = [Bool](repeating: false, count: pointCount)
        for point in points {
            guard isSeen.indices.contains(Int(point)), !isSeen[Int(point)] else { return false }
            isSeen[Int(point)] = true
        }
        // Leaves from the left: each goes on where the one before it ended.
        var next = 0
        var pending = [0]
        while let node = pending.popLast() {
            if areLeaves[node] {
                guard Int(starts[node]) == next, ends[node] >= starts[node], Int(ends[node]) <= pointCount else {
                    return false
                }
                next = Int(ends[node])
            } else {
                guard node < nodeCount / 2, 2 * node + 2 < nodeCount else { return false }
                pending.append(2 * node + 2)
                pending.append(2 * node + 1)
            }
        }
        return next == pointCount
    }

    private func hasBounds(width: Int) -> Bool {
        let (numbers, overflow) = nodeCount.multipliedReportingOverflow(by: width)
        guard !overflow, numbers < Int.max / 2 else { return false }
        switch bound {
        case .boxes(let corners, let power): return corners.count == 2 * numbers && power > 0
        case .balls(let centers, let radii): return centers.count == numbers && radii.count == nodeCount
        }
    }
}
