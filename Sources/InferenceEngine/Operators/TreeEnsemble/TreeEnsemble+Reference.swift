internal import ModelIR
internal import TensorCore

extension TreeEnsemble: ReferenceEvaluation {
    func evaluate(
        _ operands: ReferenceOperands, row: Int, of rows: borrowing RowBatch, in workspace: Workspace
    ) throws(RowFault) {
        let input = operands.input
        if !acceptsMissing {
            for column in 0..<input.width where workspace.number(input, column).isNaN {
                throw RowFault(row: row, column: input.inputColumns[column] ?? 0, reason: .missingValue)
            }
        }
        if precision != .float64 {
            for column in 0..<input.width where workspace.number(input, column).isInfiniteAsFloat {
                throw RowFault(row: row, column: input.inputColumns[column] ?? 0, reason: .exceedsFloat32)
            }
        }
        let output = operands.output.offset
        for group in 0..<groupCount { setSum(baseScores[group], at: output + group, in: workspace) }
        for tree in roots.indices {
            let leaf = leaf(ofTree: tree, input: input, in: workspace)
            let weight = treeWeights.isEmpty ? 1 : treeWeights[tree]
            if leafWidth > 1 {
                let start = Int(leafValues[leaf]) * leafWidth
                for group in 0..<groupCount {
                    add(leafVectors[start + group], weight: weight, at: output + group, in: workspace)
                }
            } else {
                add(leafValues[leaf], weight: weight, at: output + Int(treeGroups[tree]), in: workspace)
            }
        }
    }

    /// Walks one tree to its leaf.
    private func leaf(ofTree tree: Int, input: ValuePlace, in workspace: Workspace) -> Int {
        var node = Int(roots[tree])
        while !isLeaf(node) {
            let value = workspace.number(input, Int(features[node]))
            node = Int(goesLeft(value, at: node) ? leftChildren[node] : rightChildren[node])
        }
        return node
    }

    private func goesLeft(_ value: Double, at node: Int) -> Bool {
        if value.isNaN { return missingGoesLeft[node] }
        if let categories = categories(at: node) {
            let code = precision == .float64 ? value : Double(Float(value))
            guard code >= 0, code < 16_777_216 else { return true }
            return !categories.contains(Int32(code))
        }
        switch (precision, comparison) {
        case (.float32, .less): return Float(value) < Float(thresholds[node])
        case (.float32, .lessOrEqual): return Float(value) <= Float(thresholds[node])
        case (.float32FeaturesFloat64Sums, .less): return Double(Float(value)) < thresholds[node]
        case (.float32FeaturesFloat64Sums, .lessOrEqual): return Double(Float(value)) <= thresholds[node]
        case (.float64, .less): return value < thresholds[node]
        case (.float64, .lessOrEqual): return value <= thresholds[node]
        }
    }

    /// The set of a categorical node, by binary search; nil for a numeric one.
    private func categories(at node: Int) -> [Int32]? {
        var low = 0
        var high = categoricalNodes.count
        while low < high {
            let middle = (low + high) / 2
            if Int(categoricalNodes[middle].node) < node { low = middle + 1 } else { high = middle }
        }
        guard low < categoricalNodes.count, Int(categoricalNodes[low].node) == node else { return nil }
        return categoricalNodes[low].categoriesGoingRight
    }

    // MARK: Sums in the library's precision

    private func setSum(_ value: Double, at place: Int, in workspace: Workspace) {
        if precision == .float32 {
            workspace.floats[place] = Float(value)
        } else {
            workspace.doubles[place] = value
        }
    }

    private func add(_ leaf: Double, weight: Double, at place: Int, in workspace: Workspace) {
        if precision == .float32 {
            workspace.floats[place] += treeWeights.isEmpty ? Float(leaf) : Float(weight) * Float(leaf)
        } else {
            workspace.doubles[place] += treeWeights.isEmpty ? leaf : weight * leaf
        }
    }
}

extension Workspace {
    /// A number of either type.
    func number(_ place: ValuePlace, _ column: Int) -> Double {
        place.kind == .float32 ? Double(floats[place.offset + column]) : doubles[place.offset + column]
    }
}

extension Double {
    /// Whether narrowing to float32 gives an infinity, which XGBoost and scikit-learn's trees refuse.
    var isInfiniteAsFloat: Bool { Float(self).isInfinite }
}
