internal import CKernels
internal import TensorCore

/// Ranked tables packed for a processor, and the kernels over them.
///
/// Every index of the tables is checked once, in `init`; after that no access is.
@safe final class RankedForest: Sendable {
    private let tables: KernelTables<vencejo_ranked_forest>
    private let columnCount: Int
    private let groupCount: Int
    private let sumsAreDouble: Bool
    let byteCount: Int
    /// Shared integers of the workspace that `run` takes.
    let scratchCount: Int

    /// Slots that shuffles hold.
    static let shuffledSlotsMax = 64

    init(_ tables: RankedTables, level: CPULevel) {
        tables.check()
        var image = RankedImage()
        let hasTiles = level != .portable && tables.slots.count <= Self.shuffledSlotsMax
        var nativeSlots = RankedImage.slots(of: tables)
        let found = RankedBuckets(tables, nativeSlots)
        for index in nativeSlots.indices where found.isBucketed[index] { nativeSlots[index].is_bucketed = 1 }
        let slots = image.append(nativeSlots)
        let buckets = image.append(found.packed)
        let starts = image.append(found.starts)
        let categories = image.append(RankedImage.categories(of: tables))
        let thresholds = image.append(RankedImage.thresholds(of: tables))
        let exactThresholds = image.append(tables.isExact ? tables.slots.flatMap { $0.thresholds + [.nan] } : [])
        let memberships = image.append(tables.categories.flatMap { $0.memberships.map { $0 &- 128 } })
        let groups = image.append(RankedImage.groups(of: tables))
        let baseScores = image.append(tables.baseScores)
        let tiles = image.append(hasTiles ? RankedTiles.tiles(of: tables, level: level) : [])
        let missingLeft = image.append(hasTiles ? RankedTiles.missingLeft(of: tables) : [])
        let nodeSlots = image.append(tables.nodeSlots.map { UInt16($0) })
        let nodeRanks = image.append(tables.nodeRanks)
        let nodeLefts = image.append(tables.nodeLefts.map { UInt16($0) })
        let nodeRights = image.append(tables.nodeRights.map { UInt16($0) })
        // Where there are tiles, the sets are in them.
        let nodeSets = image.append(hasTiles ? [] : tables.nodeSets)
        let leaves = image.appendLeaves(of: tables)

        byteCount = image.bytes.count
        columnCount = tables.columnCount
        groupCount = tables.baseScores.count
        sumsAreDouble = tables.sumsAreDouble
        var memory = KernelMemory()
        let start = unsafe UnsafeRawPointer(memory.store(image.bytes))
        var native = unsafe vencejo_ranked_forest()
        unsafe native.level = Int32(level.native.rawValue)
        unsafe native.form = tables.form.native
        unsafe native.is_double = tables.sumsAreDouble ? 1 : 0
        unsafe native.right_if_equal = tables.rightIfEqual ? 1 : 0
        unsafe native.is_exact = tables.isExact ? 1 : 0
        unsafe native.truncates_codes = tables.truncatesCodes ? 1 : 0
        unsafe native.zero_bound = tables.slots.contains { $0.zeroIsMissing } ? RankedTables.zeroBound : -1
        unsafe native.column_count = UInt32(tables.columnCount)
        unsafe native.slot_count = UInt32(tables.slots.count)
        unsafe native.all_slot_count = UInt32(tables.allSlotCount)
        unsafe native.category_count = UInt32(tables.categories.count)
        unsafe native.group_count = UInt32(tables.baseScores.count)
        unsafe native.buckets_count = UInt32(found.packed.count)
        unsafe native.plain_slot_count = UInt32(
            nativeSlots.count { $0.threshold_count > 0 && $0.is_bucketed == 0 })
        unsafe native.has_tiles = hasTiles ? 1 : 0
        unsafe native.batch_rows = UInt8(RankedCost.batchRowsMin(tables, level: level))
        unsafe native.slots = (start + slots).assumingMemoryBound(to: vencejo_ranked_slot.self)
        unsafe native.categories = (start + categories).assumingMemoryBound(to: vencejo_ranked_category.self)
        unsafe native.buckets = (start + buckets).assumingMemoryBound(to: vencejo_ranked_buckets.self)
        unsafe native.starts = (start + starts).assumingMemoryBound(to: UInt8.self)
        unsafe native.thresholds = (start + thresholds).assumingMemoryBound(to: Float.self)
        unsafe native.exact_thresholds = (start + exactThresholds).assumingMemoryBound(to: Double.self)
        unsafe native.memberships = (start + memberships).assumingMemoryBound(to: UInt8.self)
        unsafe native.groups = (start + groups).assumingMemoryBound(to: vencejo_ranked_group.self)
        unsafe native.base_scores = (start + baseScores).assumingMemoryBound(to: Double.self)
        unsafe native.tiles = (start + tiles).assumingMemoryBound(to: UInt8.self)
        unsafe native.missing_left = (start + missingLeft).assumingMemoryBound(to: UInt8.self)
        unsafe native.node_slots = (start + nodeSlots).assumingMemoryBound(to: UInt16.self)
        unsafe native.node_ranks = (start + nodeRanks).assumingMemoryBound(to: Int8.self)
        unsafe native.node_lefts = (start + nodeLefts).assumingMemoryBound(to: UInt16.self)
        unsafe native.node_rights = (start + nodeRights).assumingMemoryBound(to: UInt16.self)
        unsafe native.node_sets = (start + nodeSets).assumingMemoryBound(to: UInt64.self)
        unsafe native.leaves = (start + leaves).assumingMemoryBound(to: UInt8.self)
        scratchCount = unsafe (vencejo_ranked_scratch_size(&native) + 3) / 4
        unsafe self.tables = KernelTables(native, in: memory)
    }

    /// The rows of a tile, bit by bit, with a number that float32 cannot hold, and those with a missing value.
    struct Found {
        let infinite: UInt64
        let missing: UInt64
    }

    /// Adds up rows of a workspace's doubles into its floats or doubles, by the precision of the sums.
    ///
    /// - Parameters:
    ///   - rowsOffset: where `rowCount` rows of `columnCount` numbers begin.
    ///   - scoresOffset: where their sums go, one a group and row, row-major; not where the rows are.
    func run(rowsAt rowsOffset: Int, rowCount: Int, scoresAt scoresOffset: Int, in workspace: Workspace) -> Found {
        check(rowCount, scoresOffset, workspace)
        precondition(
            rowsOffset >= 0 && rowsOffset + rowCount * columnCount <= workspace.doubles.count, "the tile's numbers")
        precondition(
            !sumsAreDouble || rowsOffset + rowCount * columnCount <= scoresOffset
                || scoresOffset + rowCount * groupCount <= rowsOffset, "rows and scores apart")
        // One access to the doubles: the numbers and the sums may both lie there.
        return unsafe workspace.doubles.withUnsafeMutableBufferPointer { doubles in
            let rows = unsafe doubles.baseAddress.map { unsafe UnsafePointer($0 + rowsOffset) }
            if sumsAreDouble {
                let scores = unsafe doubles.baseAddress.map { unsafe UnsafeMutableRawPointer($0 + scoresOffset) }
                return unsafe runNative(rows, rowCount, scores, workspace)
            }
            return unsafe workspace.floats.withUnsafeMutableBufferPointer { floats in
                let scores = unsafe floats.baseAddress.map { unsafe UnsafeMutableRawPointer($0 + scoresOffset) }
                return unsafe runNative(rows, rowCount, scores, workspace)
            }
        }
    }

    /// The same of a tile of records, whose columns are `columnCount` doubles.
    func run(
        _ tile: Tile, of rows: borrowing RowBatch, scoresAt scoresOffset: Int, in workspace: Workspace
    ) -> Found {
        check(tile.rowCount, scoresOffset, workspace)
        precondition(rows.layout.width == columnCount, "records of the forest's columns")
        precondition(tile.firstRow >= 0 && tile.firstRow + tile.rowCount <= rows.rowCount, "rows of the batch")
        return unsafe rows.slotSpan.withUnsafeBufferPointer { slots in
            // The bits of doubles.
            let rows = unsafe slots.baseAddress.map {
                unsafe UnsafeRawPointer($0 + tile.firstRow * columnCount).assumingMemoryBound(to: Double.self)
            }
            if sumsAreDouble {
                return unsafe workspace.doubles.withUnsafeMutableBufferPointer { doubles in
                    let scores = unsafe doubles.baseAddress.map { unsafe UnsafeMutableRawPointer($0 + scoresOffset) }
                    return unsafe runNative(rows, tile.rowCount, scores, workspace)
                }
            }
            return unsafe workspace.floats.withUnsafeMutableBufferPointer { floats in
                let scores = unsafe floats.baseAddress.map { unsafe UnsafeMutableRawPointer($0 + scoresOffset) }
                return unsafe runNative(rows, tile.rowCount, scores, workspace)
            }
        }
    }

    private func check(_ rowCount: Int, _ scoresOffset: Int, _ workspace: Workspace) {
        let scoreCount = sumsAreDouble ? workspace.doubles.count : workspace.floats.count
        precondition(rowCount >= 0 && rowCount <= VENCEJO_RANKED_ROWS, "rows of a tile")
        precondition(scoresOffset >= 0 && scoresOffset + rowCount * groupCount <= scoreCount, "the tile's scores")
        precondition(scratchCount <= workspace.sharedIntegers.count, "the scratch")
    }

    @unsafe private func runNative(
        _ rows: UnsafePointer<Double>?, _ rowCount: Int, _ scores: UnsafeMutableRawPointer?, _ workspace: Workspace
    ) -> Found {
        let found = unsafe workspace.sharedIntegers.withUnsafeMutableBufferPointer { scratch in
            unsafe vencejo_ranked_run(tables.native, rows, columnCount, rowCount, scratch.baseAddress, scores)
        }
        return Found(infinite: found.infinite, missing: found.missing)
    }
}

extension RankedTables.Form {
    fileprivate var native: vencejo_ranked_form {
        switch self {
        case .levels3: VENCEJO_RANKED_LEVELS_3
        case .levels6: VENCEJO_RANKED_LEVELS_6
        case .levels8: VENCEJO_RANKED_LEVELS_8
        case .leaves32: VENCEJO_RANKED_LEAVES_32
        case .leaves64: VENCEJO_RANKED_LEAVES_64
        }
    }
}
