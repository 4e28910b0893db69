internal import ModelIR
internal import TensorCore

extension NearestNeighbors: ReferenceEvaluation {
    /// The output is a heap while the points are looked at, its greatest distance first.
    func evaluate(
        _ operands: ReferenceOperands, row: Int, of rows: borrowing RowBatch, in workspace: Workspace
    ) throws(RowFault) {
        let heap = operands.output.offset
        let input = operands.input.offset
        for index in heap..<heap + neighborCount {
            workspace.doubles[index] = .infinity
            workspace.doubles[index + neighborCount] = 0
        }
        switch search {
        case .tree(let tree):
            let gap = gap(of: 0, in: tree, from: input, workspace)
            visit(0, of: tree, gap: gap, from: input, heap: heap, in: workspace)
        case .scan, .partialSort:
            for point in 0..<count { look(at: point, from: input, heap: heap, in: workspace) }
            guard isSettled(input: input, heap: heap, in: workspace) else {
                throw RowFault(row: row, column: operands.input.inputColumns.first.flatMap { $0 } ?? 0, reason: .tie)
            }
        }
        // The greatest goes to the end again and again.
        for last in (1..<neighborCount).reversed() {
            let ranking = workspace.doubles[heap + last]
            let point = workspace.doubles[heap + last + neighborCount]
            workspace.doubles[heap + last] = workspace.doubles[heap]
            workspace.doubles[heap + last + neighborCount] = workspace.doubles[heap + neighborCount]
            sift(ranking, point, heap: heap, count: last, in: workspace)
        }
        for index in heap..<heap + neighborCount {
            workspace.doubles[index] = measure.value(ofRanking: workspace.doubles[index])
        }
    }

    /// Takes a point that is nearer than the farthest so far.
    func look(at point: Int, from input: Int, heap: Int, in workspace: Workspace) {
        let ranking = measure.ranking(workspace.doubles, at: input, points, at: point * inputWidth, width: inputWidth)
        if ranking >= workspace.doubles[heap] { return }
        sift(ranking, Double(point), heap: heap, count: neighborCount, in: workspace)
    }

    /// Puts an entry in the place of the heap's first.
    private func sift(_ ranking: Double, _ point: Double, heap: Int, count: Int, in workspace: Workspace) {
        var place = 0
        while true {
            let left = 2 * place + 1
            guard left < count else { break }
            let right = left + 1
            let child =
                right < count && workspace.doubles[heap + right] > workspace.doubles[heap + left] ? right : left
            guard workspace.doubles[heap + child] > ranking else { break }
            workspace.doubles[heap + place] = workspace.doubles[heap + child]
            workspace.doubles[heap + place + neighborCount] = workspace.doubles[heap + child + neighborCount]
            place = child
        }
        workspace.doubles[heap + place] = ranking
        workspace.doubles[heap + place + neighborCount] = point
    }
}
