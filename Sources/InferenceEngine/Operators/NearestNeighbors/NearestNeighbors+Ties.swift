internal import ModelIR

/// Whether the library is sure to take the same points.
extension NearestNeighbors {
    /// Looks at the points that are as far as the last one that was taken, or that may be so for the library. The
    /// heap is full.
    ///
    /// - Returns: whether the library takes the same ones, or others that stand for the same.
    func isSettled(input: Int, heap: Int, in workspace: Workspace) -> Bool {
        let rounding: DistanceRounding
        let isOrdered: Bool
        switch search {
        case .tree: return true
        case .scan(let kind): (rounding, isOrdered) = (kind, true)
        case .partialSort(let kind): (rounding, isOrdered) = (kind, false)
        }
        guard neighborCount < count else { return true }
        let isExact = rounding == .none || rounding == .expandedSquares && hasExactSquares(input, in: workspace)
        if isOrdered && isExact { return true }
        let last = workspace.doubles[heap]
        var first: Int?
        var isOneTarget = true
        var isOnePlace = true
        var hasOthers = false
        for point in 0..<count {
            let ranking = measure.ranking(
                workspace.doubles, at: input, points, at: point * inputWidth, width: inputWidth)
            let slack = isExact ? 0 : slack(rounding, of: point, input: input, in: workspace)
            guard abs(ranking - last) <= slack else { continue }
            if let first {
                isOneTarget = isOneTarget && !targetGroups.isEmpty && targetGroups[first] == targetGroups[point]
                isOnePlace = isOnePlace && isSamePlace(first, point)
            } else {
                first = point
            }
            if !isTaken(point, heap: heap, in: workspace) { hasOthers = true }
        }
        return !hasOthers || isOneTarget || (isOrdered && isOnePlace)
    }

    /// How far the library's number may be from ours: both sum products of as many columns, each rounded.
    private func slack(
        _ rounding: DistanceRounding, of point: Int, input: Int, in workspace: Workspace
    ) -> Double {
        let unit = Double(inputWidth + 8) * Double.ulpOfOne
        guard rounding == .expandedSquares else { return 2 * unit }
        var squares = 0.0
        for column in 0..<inputWidth {
            let ours = workspace.doubles[input + column]
            let theirs = points[point * inputWidth + column]
            squares += ours * ours + theirs * theirs
        }
        return unit * squares
    }

    /// Whether the library's squared distances of the row are exact, as ours then are.
    private func hasExactSquares(_ input: Int, in workspace: Workspace) -> Bool {
        var grid = grid
        for column in 0..<inputWidth { grid.include(workspace.doubles[input + column]) }
        return grid.hasExactSquares(width: inputWidth)
    }

    private func isSamePlace(_ first: Int, _ second: Int) -> Bool {
        for column in 0..<inputWidth
        where points[first * inputWidth + column] != points[second * inputWidth + column] {
            return false
        }
        return true
    }

    private func isTaken(_ point: Int, heap: Int, in workspace: Workspace) -> Bool {
        for index in heap + neighborCount..<heap + 2 * neighborCount where workspace.doubles[index] == Double(point) {
            return true
        }
        return false
    }
}
