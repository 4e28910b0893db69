internal import CKernels

/// The part of a ranked forest that shuffles read: all nodes of a tree, or of several, side by side.
enum RankedTiles {
    /// A node: the slot without regard to the way of a missing value, that way, and what it compares.
    private struct Node {
        var slot = 0
        var missingGoesLeft = true
        var rank = Int8.max
        /// By leaves: what it excludes.
        var set: UInt64 = 0
    }

    /// For each tile its encoded slots, their ranks, and by leaves the sets. See ranked_forest.h.
    static func tiles(of tables: RankedTables, level: CPULevel) -> [UInt8] {
        var bytes: [UInt8] = []
        let fours = fours(of: tables)
        // The bytes of a vector are encoded and compared together.
        for (index, nodes) in fours.enumerated() {
            bytes += nodes.map { encoded($0.slot, level: level) }
            bytes += nodes.map { UInt8(bitPattern: $0.rank) }
            guard !tables.form.isByLevels else { continue }
            let fourOfTree = index % (tables.form.exitCount / 4)
            for plane in 0...fourOfTree / 2 {
                bytes += nodes.map { UInt8(truncatingIfNeeded: $0.set >> UInt64(8 * plane)) }
            }
        }
        return bytes
    }

    /// A bit a node by levels, a byte a node by leaves: whether missing values go left.
    static func missingLeft(of tables: RankedTables) -> [UInt8] {
        var bytes: [UInt8] = []
        for nodes in fours(of: tables) {
            if tables.form.isByLevels {
                for first in stride(from: 0, to: nodes.count, by: 8) {
                    var byte: UInt8 = 0
                    for bit in 0..<8 where nodes[first + bit].missingGoesLeft { byte |= 1 << UInt8(bit) }
                    bytes.append(byte)
                }
            } else {
                bytes += nodes.map { $0.missingGoesLeft ? 255 : 0 }
            }
        }
        return bytes
    }

    /// The nodes of each tile in the order of their bytes: 64 of one tree, 32 of four trees, or by leaves four of each
    /// of eight trees.
    private static func fours(of tables: RankedTables) -> [[Node]] {
        var slotOfCopy = [Int](repeating: 0, count: max(tables.allSlotCount, 1))
        for (index, slot) in tables.slots.enumerated() { if let copy = slot.rightCopy { slotOfCopy[copy] = index } }
        func node(_ index: Int) -> Node {
            let slot = tables.nodeSlots[index]
            let isCopy = slot >= tables.slots.count && !tables.slots.isEmpty
            return Node(
                slot: isCopy ? slotOfCopy[slot] : slot, missingGoesLeft: !isCopy, rank: tables.nodeRanks[index],
                set: tables.form.isByLevels ? 0 : tables.nodeSets[index])
        }
        var tiles: [[Node]] = []
        switch tables.form {
        case .levels3:
            for tree in stride(from: 0, to: tables.treeCount, by: 4) {
                var nodes = [Node](repeating: Node(), count: 32)
                for index in 0..<4 {
                    for place in 1..<8 { nodes[8 * index + place - 1] = node(8 * (tree + index) + place) }
                }
                tiles.append(nodes)
            }
        case .levels6, .levels8:
            for tree in 0..<tables.treeCount {
                var nodes = [Node](repeating: Node(), count: 64)
                for place in 1..<64 { nodes[bit(ofPlace: place)] = node(64 * tree + place) }
                tiles.append(nodes)
            }
        case .leaves32, .leaves64:
            let nodeCount = tables.form.nodeCount
            for tree in stride(from: 0, to: tables.treeCount, by: 8) {
                let first = tiles.count
                tiles += [[Node]](repeating: [Node](repeating: Node(), count: 32), count: tables.form.exitCount / 4)
                for index in 0..<8 {
                    for number in (tree + index) * nodeCount..<(tree + index + 1) * nodeCount {
                        let node = node(number)
                        guard node.set != 0 else { continue }
                        // One node stands between each two neighbouring leaves: the last one that it excludes.
                        let place = 63 - node.set.leadingZeroBitCount
                        tiles[first + place / 4][4 * index + place % 4] = node
                    }
                }
            }
        }
        return tiles
    }

    /// The bit of a node, which is numbered level by level from 1: eight tiles of three levels of seven bits each, and
    /// the one above them from bit 56.
    private static func bit(ofPlace place: Int) -> Int {
        if place < 8 { return 55 + place }
        let level = Int.bitWidth - 1 - place.leadingZeroBitCount
        let below = level - 3
        let tile = (place >> below) - 8
        return 7 * tile + (1 << below) - 1 + place % (1 << below)
    }

    /// A slot as the level's shuffle takes it.
    private static func encoded(_ slot: Int, level: CPULevel) -> UInt8 {
        guard level == .avx2 else { return UInt8(slot) }
        return UInt8(slot & 15 | (slot & 16) << 3 | (slot & 32) << 1)
    }
}
