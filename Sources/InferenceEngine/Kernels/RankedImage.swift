internal import CKernels

/// The bytes of a packed forest: one table after the other, each beginning a cache line. See ranked_forest.h.
struct RankedImage {
    private(set) var bytes: [UInt8] = []

    static let alignment = 64

    /// - Returns: where the table begins.
    mutating func append<Element: BitwiseCopyable>(_ table: [Element]) -> Int {
        while bytes.count % Self.alignment != 0 { bytes.append(0) }
        let start = bytes.count
        unsafe table.withUnsafeBytes { unsafe bytes.append(contentsOf: $0) }
        return start
    }

    /// Leaves in the library's precision; for `levels8`, each four behind the pair of levels that leads to them.
    mutating func appendLeaves(of tables: RankedTables) -> Int {
        guard tables.form == .levels8 else {
            return tables.sumsAreDouble ? append(tables.leaves) : append(tables.leaves.map { Float($0) })
        }
        var packed: [UInt8] = []
        let leafSize = tables.sumsAreDouble ? 8 : 4
        packed.reserveCapacity(tables.pairs.count * (16 + 4 * leafSize))
        func put(_ value: some FixedWidthInteger) {
            for shift in stride(from: 0, to: value.bitWidth, by: 8) {
                packed.append(UInt8(truncatingIfNeeded: value >> shift))
            }
        }
        for (index, pair) in tables.pairs.enumerated() {
            for slot in pair.slots { put(UInt16(slot)) }
            for rank in pair.ranks { put(rank) }
            for _ in 0..<7 { put(UInt8(0)) }
            for leaf in tables.leaves[4 * index..<4 * index + 4] {
                if tables.sumsAreDouble { put(leaf.bitPattern) } else { put(Float(leaf).bitPattern) }
            }
        }
        return append(packed)
    }

    static func slots(of tables: RankedTables) -> [vencejo_ranked_slot] {
        var packed: [vencejo_ranked_slot] = []
        var floats = 0
        var doubles = 0
        for slot in tables.slots {
            packed.append(
                vencejo_ranked_slot(
                    column: UInt32(slot.column), thresholds: UInt32(floats), exact_thresholds: UInt32(doubles),
                    threshold_count: UInt32(slot.thresholds.count), right_copy: UInt32(slot.rightCopy ?? 0),
                    missing_rank: slot.missingGoesLeft ? -128 : 127, zero_is_missing: slot.zeroIsMissing ? 1 : 0,
                    is_bucketed: 0))
            floats += floatCount(slot)
            doubles += slot.thresholds.count + 1
        }
        return packed
    }

    /// Thresholds as floats, each sixteenth first where there are more than sixteen.
    static func thresholds(of tables: RankedTables) -> [Float] {
        var packed: [Float] = []
        for slot in tables.slots where !slot.thresholds.isEmpty {
            let floats = slot.thresholds.map { Float($0) }
            if floats.count > 16 {
                for index in 0..<16 {
                    let sixteenth = 16 * index + 15
                    packed.append(sixteenth < floats.count ? floats[sixteenth] : .nan)
                }
            }
            packed += floats
            // A look at eight may begin behind the last threshold.
            packed += [Float](repeating: .nan, count: padding)
            while packed.count % 16 != 0 { packed.append(.nan) }
        }
        return packed
    }

    /// Floats that are no threshold behind each slot's.
    private static let padding = 8

    private static func floatCount(_ slot: RankedTables.Slot) -> Int {
        guard !slot.thresholds.isEmpty else { return 0 }
        return (slot.thresholds.count > 16 ? 16 : 0) + (slot.thresholds.count + padding + 15) / 16 * 16
    }

    static func categories(of tables: RankedTables) -> [vencejo_ranked_category] {
        var packed: [vencejo_ranked_category] = []
        var bytes = 0
        for category in tables.categories {
            packed.append(
                vencejo_ranked_category(
                    column: UInt32(category.column), slot: UInt32(category.firstSlot),
                    set_count: UInt32(category.setCount), memberships: UInt32(bytes),
                    code_count: UInt32(category.codeCount)))
            bytes += category.memberships.count
        }
        return packed
    }

    static func groups(of tables: RankedTables) -> [vencejo_ranked_group] {
        var packed: [vencejo_ranked_group] = []
        var first = 0
        for count in tables.groupTreeCounts {
            packed.append(vencejo_ranked_group(first_tree: UInt32(first), tree_count: UInt32(count)))
            first += count
        }
        return packed
    }
}
