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
        try refuseInfinities(input, row: row, in: workspace)
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
                add(
                    value(ofLeaf: leaf, input: input, in: workspace), weight: weight,
                    at: output + Int(treeGroups[tree]), in: workspace)
            }
        }
    }

    /// Refuses a row with a number that float32 cannot hold, where features are narrowed.
    func refuseInfinities(_ input: ValuePlace, row: Int, in workspace: Workspace) throws(RowFault) {
        guard precision != .float64 else { return }
        for column in 0..<input.width where workspace.number(input, column).isInfiniteAsFloat {
            throw RowFault(row: row, column: input.inputColumns[column] ?? 0, reason: .exceedsFloat32)
        }
    }

    /// Walks one tree to its leaf.
    func leaf(ofTree tree: Int, input: ValuePlace, in workspace: Workspace) -> Int {
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
            guard let code = code(of: value) else { return true }
            return !Self.contains(code, in: categories)
        }
        if !takesZeroForMissing.isEmpty, takesZeroForMissing[node], abs(value) <= Self.zeroBound {
            return missingGoesLeft[node]
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

    /// The number as a category; nil if it is none that a set could have.
    private func code(of value: Double) -> Int32? {
        switch categoryCodes {
        case .below16777216:
            let code = precision == .float64 ? value : Double(Float(value))
            return code >= 0 && code < 16_777_216 ? Int32(code) : nil
        case .truncated:
            return value > -1 && value < 2_147_483_648 ? Int32(value) : nil
        }
    }

    private static func contains(_ code: Int32, in ascending: [Int32]) -> Bool {
        var low = 0
        var high = ascending.count
        while low < high {
            let middle = (low + high) / 2
            if ascending[middle] < code { low = middle + 1 } else { high = middle }
        }
        return low < ascending.count && ascending[low] == code
    }

    private func value(ofLeaf node: Int, input: ValuePlace, in workspace: Workspace) -> Double {
        guard let index = linearLeaf(at: node) else { return leafValues[node] }
        let leaf = linearLeaves[index]
        var sum = leaf.constant
        for (feature, coefficient) in zip(leaf.features, leaf.coefficients) {
            let value = workspace.number(input, Int(feature))
            guard !value.isNaN else { return leafValues[node] }
            sum += coefficient * value
        }
        return sum
    }

    /// The place of a leaf among the linear ones, by binary search; nil for a constant one.
    private func linearLeaf(at node: Int) -> Int? {
        var low = 0
        var high = linearLeaves.count
        while low < high {
            let middle = (low + high) / 2
            if Int(linearLeaves[middle].node) < node { low = middle + 1 } else { high = middle }
        }
        return low < linearLeaves.count && Int(linearLeaves[low].node) == node ? low : nil
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
