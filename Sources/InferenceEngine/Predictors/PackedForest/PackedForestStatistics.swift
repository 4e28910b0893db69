internal import ModelIR

/// What an ensemble will cost as a packed forest, from one look at its nodes.
struct PackedForestStatistics {
    let tableBytes: Int
    /// Bytes of its categories' bits, at most.
    let categoryBytes: Int
    let nanosecondsPerRow: Double
    let nanosecondsPerRowOfMany: Double

    /// - Complexity: O(nodes), without a table as large as they are.
    init(_ ensemble: TreeEnsemble) {
        let nodeBytes = ensemble.precision == .float64 ? 16 : 8
        categoryBytes = Self.categoryBytes(ensemble)
        let leafBytes = ensemble.precision == .float32 ? 4 : 8
        let leafRows = ensemble.leafWidth > 1 ? ensemble.leafVectors.count : ensemble.nodeCount / 2
        tableBytes = ensemble.nodeCount * nodeBytes + leafRows * leafBytes + categoryBytes

        // Trees are walked as deep as the deepest of eight: by how much a tree is deeper than a full one of its size.
        let leavesPerTree = Double(ensemble.nodeCount) / Double(max(ensemble.treeCount, 1)) / 2 + 1
        let visits = Double((ensemble.treeCount + 7) / 8 * 8) * 1.35 * leavesPerTree.logarithm2
        let keys = Double(ensemble.featureCount) + Double(ensemble.categoricalNodes.count) * 0.03
        let isWide = nodeBytes == 16 ? 1.2 : 1
        let nodeTableBytes = Double(ensemble.nodeCount * nodeBytes)
        // The first caches, the second, the third, memory.
        let perVisit: Double =
            nodeTableBytes < 3e4 ? 0.9 : nodeTableBytes < 4e5 ? 1.1 : nodeTableBytes < 3e6 ? 2.1 : 5.4
        let perVisitOfMany: Double =
            nodeTableBytes < 3e4 ? 0.8 : nodeTableBytes < 4e5 ? 0.9 : nodeTableBytes < 3e6 ? 1.4 : 4.6
        let adding = Double(ensemble.treeCount * ensemble.leafWidth) * 0.6
        nanosecondsPerRow = 40 + keys + adding + visits * perVisit * isWide
        nanosecondsPerRowOfMany = 10 + keys + adding + visits * perVisitOfMany * isWide
    }

    /// As if no two nodes had one set, and each column all codes up to the largest.
    private static func categoryBytes(_ ensemble: TreeEnsemble) -> Int {
        guard !ensemble.categoricalNodes.isEmpty else { return 0 }
        var setCounts = [Int](repeating: 0, count: ensemble.featureCount)
        var codeCounts = [Int](repeating: 0, count: ensemble.featureCount)
        var largest = [Int](repeating: 0, count: ensemble.featureCount)
        for entry in ensemble.categoricalNodes {
            let feature = Int(ensemble.features[Int(entry.node)])
            setCounts[feature] += 1
            codeCounts[feature] += entry.categoriesGoingRight.count
            largest[feature] = max(largest[feature], Int(entry.categoriesGoingRight.last ?? 0) + 1)
        }
        var bytes = 0
        for feature in setCounts.indices where setCounts[feature] > 0 {
            bytes += (min(codeCounts[feature], largest[feature]) + 2) * ((setCounts[feature] + 63) / 64) * 8
        }
        return bytes
    }
}

extension Double {
    /// At least 1.
    fileprivate var logarithm2: Double { Swift.max(Double(exponent) + significand - 1, 1) }
}
