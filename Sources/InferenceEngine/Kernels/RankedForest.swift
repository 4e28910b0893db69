internal import CKernels

/// Ranked tables packed for a processor, and the kernels over them.
///
/// Every index of the tables is checked once, in `init`; after that no access is.
@safe final class RankedForest: Sendable {
    private let tables: KernelTables<vencejo_ranked_forest>
    private let columnCount: Int
    private let groupCount: Int
    private let sumsAreDouble: Bool
    let byteCount: Int
    /// 32-bit words of scratch that `run` takes.
    let scratchCount: Int

    /// Slots that shuffles hold.
    static let shuffledSlotsMax = 64

    init(_ tables: RankedTables, level: CPULevel) {
        tables.check()
        var image = RankedImage()
        let hasTiles = level != .portable && tables.slots.count <= Self.shuffledSlotsMax
        let slots = image.append(RankedImage.slots(of: tables))
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
        unsafe native.has_tiles = hasTiles ? 1 : 0
        unsafe native.batch_rows = UInt8(RankedCost.batchRowsMin(tables, level: level))
        unsafe native.slots = (start + slots).assumingMemoryBound(to: vencejo_ranked_slot.self)
        unsafe native.categories = (start + categories).assumingMemoryBound(to: vencejo_ranked_category.self)
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

    /// Adds up `rowCount` rows of float32 sums.
    ///
    /// - Parameters:
    ///   - rows: `columnCount` numbers a row, the first at `rowsOffset`.
    ///   - scores: one a group and row, row-major, the first at `scoresOffset`.
    ///   - scratch: `scratchCount` words from `scratchOffset`.
    func run(
        rows: [Double], rowsOffset: Int, rowCount: Int, scores: inout [Float], scoresOffset: Int,
        scratch: inout [Int32], scratchOffset: Int
    ) -> Found {
        precondition(!sumsAreDouble, "a forest of float32 sums")
        check(
            rowCount, rows.count - rowsOffset, scores.count - scoresOffset, scratch.count - scratchOffset,
            min(rowsOffset, scoresOffset, scratchOffset))
        let found = unsafe rows.withUnsafeBufferPointer { rows in
            unsafe scores.withUnsafeMutableBufferPointer { scores in
                unsafe scratch.withUnsafeMutableBufferPointer { scratch in
                    unsafe runNative(
                        rows.baseAddress.map { unsafe $0 + rowsOffset }, rowCount,
                        scratch.baseAddress.map { unsafe $0 + scratchOffset },
                        scores.baseAddress.map { unsafe UnsafeMutableRawPointer($0 + scoresOffset) })
                }
            }
        }
        return Found(infinite: found.infinite, missing: found.missing)
    }

    /// Adds up `rowCount` rows of float64 sums, which lie in the same array as the rows, elsewhere.
    func run(
        numbers: inout [Double], rowsOffset: Int, rowCount: Int, scoresOffset: Int, scratch: inout [Int32],
        scratchOffset: Int
    ) -> Found {
        precondition(sumsAreDouble, "a forest of float64 sums")
        check(
            rowCount, numbers.count - rowsOffset, numbers.count - scoresOffset, scratch.count - scratchOffset,
            min(rowsOffset, scoresOffset, scratchOffset))
        precondition(
            rowsOffset + rowCount * columnCount <= scoresOffset || scoresOffset + rowCount * groupCount <= rowsOffset,
            "rows and scores apart")
        let found = unsafe numbers.withUnsafeMutableBufferPointer { numbers in
            unsafe scratch.withUnsafeMutableBufferPointer { scratch in
                let start = numbers.baseAddress
                return unsafe runNative(
                    start.map { unsafe UnsafePointer($0 + rowsOffset) }, rowCount,
                    scratch.baseAddress.map { unsafe $0 + scratchOffset },
                    start.map { unsafe UnsafeMutableRawPointer($0 + scoresOffset) })
            }
        }
        return Found(infinite: found.infinite, missing: found.missing)
    }

    @inline(always)
    private func check(
        _ rowCount: Int, _ numberCount: Int, _ scoreCount: Int, _ wordCount: Int, _ leastOffset: Int
    ) {
        precondition(rowCount >= 0 && rowCount <= VENCEJO_RANKED_ROWS, "rows of a tile")
        precondition(leastOffset >= 0, "offsets within the arrays")
        precondition(rowCount * columnCount <= numberCount, "the tile's numbers")
        precondition(rowCount * groupCount <= scoreCount, "the tile's scores")
        precondition(scratchCount <= wordCount, "the scratch")
    }

    @unsafe
    private func runNative(
        _ rows: UnsafePointer<Double>?, _ rowCount: Int, _ scratch: UnsafeMutablePointer<Int32>?,
        _ scores: UnsafeMutableRawPointer?
    ) -> vencejo_ranked_rows {
        unsafe vencejo_ranked_run(tables.native, rows, columnCount, rowCount, scratch, scores)
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
