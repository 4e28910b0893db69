internal import Glibc
internal import ModelIR

/// The walk of scikit-learn's trees (`_query_single_depthfirst`).
extension NearestNeighbors {
    /// Visits a node unless it is farther than the farthest point so far. As deep as the tree: log2 of its nodes.
    ///
    /// - Parameter gap: how far the node is at least, as a ranking.
    func visit(
        _ node: Int, of tree: NeighborTree, gap: Double, from input: Int, heap: Int, in workspace: Workspace
    ) {
        if gap > workspace.doubles[heap] { return }
        if tree.areLeaves[node] {
            for index in Int(tree.starts[node])..<Int(tree.ends[node]) {
                look(at: Int(tree.points[index]), from: input, heap: heap, in: workspace)
            }
            return
        }
        let left = 2 * node + 1
        let leftGap = self.gap(of: left, in: tree, from: input, workspace)
        let rightGap = self.gap(of: left + 1, in: tree, from: input, workspace)
        if leftGap <= rightGap {
            visit(left, of: tree, gap: leftGap, from: input, heap: heap, in: workspace)
            visit(left + 1, of: tree, gap: rightGap, from: input, heap: heap, in: workspace)
        } else {
            visit(left + 1, of: tree, gap: rightGap, from: input, heap: heap, in: workspace)
            visit(left, of: tree, gap: leftGap, from: input, heap: heap, in: workspace)
        }
    }

    /// The least ranking that a point of the node may have (`min_rdist`).
    func gap(of node: Int, in tree: NeighborTree, from input: Int, _ workspace: Workspace) -> Double {
        let first = node * inputWidth
        switch tree.bound {
        case .balls(let centers, let radii):
            let ranking = measure.ranking(workspace.doubles, at: input, centers, at: first, width: inputWidth)
            return measure.ranking(ofValue: max(0, measure.value(ofRanking: ranking) - radii[node]))
        case .boxes(let corners, let power):
            let upper = tree.nodeCount * inputWidth
            var gap = 0.0
            for column in 0..<inputWidth {
                let value = workspace.doubles[input + column]
                let below = corners[first + column] - value
                let above = value - corners[upper + first + column]
                let distance = 0.5 * ((below + abs(below)) + (above + abs(above)))
                gap = power.isInfinite ? max(gap, distance) : gap + pow(distance, power)
            }
            return gap
        }
    }
}
