/// Sums of a forest's leaves for a tile of rows, in the order of the trees and in the library's precision.
///
/// The tables come from a verified ensemble (see `CompactForest`), and the sizes of the tile are checked once at the
/// top; after that no access is.
enum ForestSum {
    /// The parts of a forest that the kernels read.
    struct Tables<Node: CompactNode, Sum: ActivationScalar>: Sendable {
        var nodes: [Node] = []
        /// One a tree, filled up with the last tree to a multiple of eight.
        var roots: [Int32] = []
        /// The depth of the deepest tree of each eight.
        var levels: [Int32] = []
        var treeCount = 0
        var groupCount = 1
        /// The group a tree adds to; empty for one group or vector leaves.
        var treeGroups: [Int32] = []
        /// One a leaf, or one row of `groupCount` a leaf.
        var leafValues: [Sum] = []
        var hasVectorLeaves = false
        var baseScores: [Sum] = []
    }

    /// Adds up `rowCount` rows: `keyStride` keys a row from `keys[keysAt...]` on, and `groupCount` scores a row to
    /// `scores[scoresAt...]`.
    static func run<Node: CompactNode, Sum: ActivationScalar>(
        _ tables: Tables<Node, Sum>, rowCount: Int, keys: [Node.Key], keysAt: Int, keyStride: Int,
        scores: inout [Sum], scoresAt: Int
    ) {
        let groupCount = tables.groupCount
        precondition(rowCount >= 0 && keyStride > 0 && keysAt >= 0 && scoresAt >= 0)
        precondition(keysAt + rowCount * keyStride <= keys.count, "the rows' keys")
        precondition(scoresAt + rowCount * groupCount <= scores.count, "the rows' scores")
        precondition(tables.roots.count == tables.levels.count * ForestWalk.blockTreeCount, "eight trees a block")
        let keys = keys.span.extracting(keysAt..<keysAt + rowCount * keyStride)
        var all = scores.mutableSpan
        var sums = all._mutatingExtracting(scoresAt..<scoresAt + rowCount * groupCount)
        for row in 0..<rowCount {
            for group in 0..<groupCount { sums[row * groupCount + group] = tables.baseScores[group] }
        }

        if tables.hasVectorLeaves {
            addVectors(tables, rowCount: rowCount, keys: keys, keyStride: keyStride, sums: &sums)
        } else if groupCount == 1 {
            addToOne(tables, rowCount: rowCount, keys: keys, keyStride: keyStride, sums: &sums)
        } else {
            addToGroups(tables, rowCount: rowCount, keys: keys, keyStride: keyStride, sums: &sums)
        }
    }

    private static func addToOne<Node: CompactNode, Sum: ActivationScalar>(
        _ tables: Tables<Node, Sum>, rowCount: Int, keys: Span<Node.Key>, keyStride: Int, sums: inout MutableSpan<Sum>
    ) {
        let nodes = tables.nodes.span
        let roots = tables.roots.span
        let levels = tables.levels.span
        let values = tables.leafValues.span
        let wholeBlocks = tables.treeCount / ForestWalk.blockTreeCount
        for block in 0..<levels.count {
            let first = block &* ForestWalk.blockTreeCount
            for row in 0..<rowCount {
                let start = row &* keyStride
                let rowKeys = unsafe keys.extracting(unchecked: start..<start &+ keyStride)
                let leaves = unsafe ForestWalk.walk(
                    nodes, roots, first: first, levels: levels[unchecked: block], rowKeys)
                var sum = unsafe sums[unchecked: row]
                if block < wholeBlocks {
                    sum += unsafe values[unchecked: leaves.leaf0]
                    sum += unsafe values[unchecked: leaves.leaf1]
                    sum += unsafe values[unchecked: leaves.leaf2]
                    sum += unsafe values[unchecked: leaves.leaf3]
                    sum += unsafe values[unchecked: leaves.leaf4]
                    sum += unsafe values[unchecked: leaves.leaf5]
                    sum += unsafe values[unchecked: leaves.leaf6]
                    sum += unsafe values[unchecked: leaves.leaf7]
                } else {
                    for tree in 0..<tables.treeCount &- first { sum += unsafe values[unchecked: leaves[tree]] }
                }
                unsafe sums[unchecked: row] = sum
            }
        }
    }

    private static func addToGroups<Node: CompactNode, Sum: ActivationScalar>(
        _ tables: Tables<Node, Sum>, rowCount: Int, keys: Span<Node.Key>, keyStride: Int, sums: inout MutableSpan<Sum>
    ) {
        let nodes = tables.nodes.span
        let roots = tables.roots.span
        let levels = tables.levels.span
        let values = tables.leafValues.span
        let groups = tables.treeGroups.span
        for block in 0..<levels.count {
            let first = block &* ForestWalk.blockTreeCount
            let count = min(ForestWalk.blockTreeCount, tables.treeCount &- first)
            for row in 0..<rowCount {
                let start = row &* keyStride
                let rowKeys = unsafe keys.extracting(unchecked: start..<start &+ keyStride)
                let leaves = unsafe ForestWalk.walk(
                    nodes, roots, first: first, levels: levels[unchecked: block], rowKeys)
                let rowSums = row &* tables.groupCount
                for tree in 0..<count {
                    let place = unsafe rowSums &+ Int(groups[unchecked: first &+ tree])
                    unsafe sums[unchecked: place] = sums[unchecked: place] + values[unchecked: leaves[tree]]
                }
            }
        }
    }

    private static func addVectors<Node: CompactNode, Sum: ActivationScalar>(
        _ tables: Tables<Node, Sum>, rowCount: Int, keys: Span<Node.Key>, keyStride: Int, sums: inout MutableSpan<Sum>
    ) {
        let nodes = tables.nodes.span
        let roots = tables.roots.span
        let levels = tables.levels.span
        let values = tables.leafValues.span
        let groupCount = tables.groupCount
        for block in 0..<levels.count {
            let first = block &* ForestWalk.blockTreeCount
            let count = min(ForestWalk.blockTreeCount, tables.treeCount &- first)
            for row in 0..<rowCount {
                let start = row &* keyStride
                let rowKeys = unsafe keys.extracting(unchecked: start..<start &+ keyStride)
                let leaves = unsafe ForestWalk.walk(
                    nodes, roots, first: first, levels: levels[unchecked: block], rowKeys)
                let rowSums = row &* groupCount
                for tree in 0..<count {
                    let vector = leaves[tree] &* groupCount
                    for group in 0..<groupCount {
                        let place = rowSums &+ group
                        unsafe sums[unchecked: place] = sums[unchecked: place] + values[unchecked: vector &+ group]
                    }
                }
            }
        }
    }
}
