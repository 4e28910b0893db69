internal import ModelIR
internal import TensorCore

extension KNNImputer: ReferenceEvaluation {
    func evaluate(
        _ operands: ReferenceOperands, row: Int, of batch: borrowing RowBatch, in workspace: Workspace
    ) throws(RowFault) {
        let input = operands.input.offset
        var hasDistances = false
        for column in 0..<width {
            let value = workspace.doubles[input + column]
            guard value.isNaN, !emptyColumns[column] else {
                workspace.doubles[operands.output.offset + column] = value
                continue
            }
            if !hasDistances { measure(input, in: workspace) }
            hasDistances = true
            workspace.doubles[operands.output.offset + column] = imputed(column, in: workspace)
        }
    }

    /// Fills the scratch with the distance to each training row, in the library's order of operations; NaN where they
    /// share no column.
    private func measure(_ input: Int, in workspace: Workspace) {
        workspace.scratch.reserve(rowCount)
        var ownSquares = 0.0
        for column in 0..<width {
            let own = workspace.doubles[input + column]
            if !own.isNaN { ownSquares += own * own }
        }
        for index in 0..<rowCount {
            var product = 0.0
            var squares = 0.0
            var missingThere = 0.0
            var missingHere = 0.0
            var present = 0
            for column in 0..<width {
                let own = workspace.doubles[input + column]
                let other = rows[index * width + column]
                if !own.isNaN, !other.isNaN {
                    product += own * other
                    present += 1
                }
                if !other.isNaN { squares += other * other }
                if other.isNaN, !own.isNaN { missingThere += own * own }
                if own.isNaN, !other.isNaN { missingHere += other * other }
            }
            var distance = max(0, -2 * product + ownSquares + squares)
            distance = max(0, distance - missingThere - missingHere)
            distance = present == 0 ? .nan : distance / Double(present) * Double(width)
            workspace.scratch.numbers[index] = distance.squareRoot()
        }
    }

    private func imputed(_ column: Int, in workspace: Workspace) -> Double {
        // The nearest donors so far, ascending.
        workspace.scratch.reserveIndices(neighborCount)
        var count = 0
        var donorSum = 0.0
        var donorCount = 0
        for index in 0..<rowCount {
            let value = rows[index * width + column]
            guard !value.isNaN else { continue }
            donorSum += value
            donorCount += 1
            let distance = workspace.scratch.numbers[index]
            guard !distance.isNaN else { continue }
            var place = count
            while place > 0, workspace.scratch.numbers[workspace.scratch.indices[place - 1]] > distance {
                if place < neighborCount { workspace.scratch.indices[place] = workspace.scratch.indices[place - 1] }
                place -= 1
            }
            guard place < neighborCount else { continue }
            workspace.scratch.indices[place] = index
            count = min(count + 1, neighborCount)
        }
        guard count > 0 else { return donorSum / Double(donorCount) }
        if countsUnreachable { return meanWithUnreachable(column, nearestCount: count, in: workspace) }
        let hasSame = isWeighted && workspace.scratch.numbers[workspace.scratch.indices[0]] == 0
        var sum = 0.0
        var weights = 0.0
        for place in 0..<count {
            let index = workspace.scratch.indices[place]
            let distance = workspace.scratch.numbers[index]
            // A row at no distance leaves nothing to the others.
            let weight = !isWeighted ? 1 : hasSame ? (distance == 0 ? 1 : 0) : 1 / distance
            sum += rows[index * width + column] * weight
            weights += weight
        }
        return sum / weights
    }

    /// The mean of the nearest rows and, until there are enough, of those that share no column.
    private func meanWithUnreachable(_ column: Int, nearestCount: Int, in workspace: Workspace) -> Double {
        var sum = 0.0
        var count = nearestCount
        for place in 0..<nearestCount { sum += rows[workspace.scratch.indices[place] * width + column] }
        for index in 0..<rowCount where count < neighborCount && workspace.scratch.numbers[index].isNaN {
            let value = rows[index * width + column]
            if value.isNaN { continue }
            sum += value
            count += 1
        }
        return sum / Double(count)
    }
}
