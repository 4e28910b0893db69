internal import CKernels

/// A packed forest where C reads it, and the ways into C.
///
/// What C relies on is proven before: the ensemble is verified when the graph is typed, `PackedForest` makes every
/// slot, pair and leaf from it within its tables, and `run` checks the tile's ranges once. No access after that is
/// checked.
@safe final class PackedForestKernel: Sendable {
    /// Where a tile's numbers and sums lie in the workspace; its keys are at the beginning of the shared integers.
    struct Places: Sendable {
        /// Doubles, row-major, as many a row as the ensemble has features.
        let numbers: Int
        let scores: Int
        /// Rows whose keys have room, at most.
        let rowsAtATime: Int
    }

    /// Keys a row.
    let slotCount: Int
    let byteCount: Int
    private let form: PackedForest.NodeForm
    private let sumsAreFloat: Bool
    private let columnCount: Int
    private let groupCount: Int
    private let level: CPULevel
    private let forest: KernelTables<vencejo_packed_forest>
    private let slots: KernelTables<vencejo_forest_slots>

    init(_ packed: PackedForest, level: CPULevel) {
        self.level = level
        form = packed.slots.form
        slotCount = packed.slots.slotCount
        byteCount = packed.byteCount
        sumsAreFloat = packed.sumsAreFloat
        columnCount = packed.slots.columnCount
        groupCount = packed.groupCount
        let isWide = form == .wide
        var memory = KernelMemory()
        let native = unsafe vencejo_packed_forest(
            node_form: form.native, leaf_form: packed.leafForm.native, low_bits: UInt32(packed.lowBits),
            tree_count: UInt32(packed.treeCount), group_count: UInt32(packed.groupCount),
            linear_count: UInt32(packed.leaves.linear.count), nodes: memory.store(packed.words),
            roots: memory.store(packed.roots), levels: memory.store(packed.levels),
            tree_groups: memory.store(packed.treeGroups),
            leaf_values: packed.sumsAreFloat
                ? UnsafeRawPointer(memory.store(packed.leaves.values.map { Float($0) }))
                : UnsafeRawPointer(memory.store(packed.leaves.values)),
            base_scores: packed.sumsAreFloat
                ? UnsafeRawPointer(memory.store(packed.baseScores.map { Float($0) }))
                : UnsafeRawPointer(memory.store(packed.baseScores)),
            linear_starts: memory.store(packed.leaves.linear.starts),
            linear_features: memory.store(packed.leaves.linear.features),
            linear_coefficients: memory.store(packed.leaves.linear.coefficients),
            linear_constants: memory.store(packed.leaves.linear.constants),
            linear_weights: memory.store(packed.leaves.linear.weights))
        unsafe forest = KernelTables(native, in: memory)
        let plan = packed.slots
        let categories = plan.categories.map { column in
            vencejo_category_column(
                feature: UInt32(column.feature), first_slot: UInt32(column.firstSlot),
                word_count: UInt32(column.wordCount), codes_start: UInt32(column.codes.lowerBound),
                codes_count: UInt32(column.codes.count), is_direct: column.isDirect ? 1 : 0,
                bits_start: UInt64(column.bitsStart))
        }
        let counts = plan.kinds.map { UInt32($0.features.count) }
        let inOrder: [UInt32] = plan.kinds.map { $0.isInOrder ? 1 : 0 }
        memory = KernelMemory()
        let nativeSlots = unsafe vencejo_forest_slots(
            column_count: UInt32(plan.columnCount), narrows: plan.narrows ? 1 : 0,
            truncates_codes: plan.truncatesCodes ? 1 : 0, category_count: UInt32(categories.count),
            counts: (counts[0], counts[1], counts[2], counts[3]),
            in_order: (inOrder[0], inOrder[1], inOrder[2], inOrder[3]), zero_bound: plan.zeroBound,
            features: memory.store(plan.kinds.flatMap(\.features)), categories: memory.store(categories),
            codes: memory.store(plan.codes),
            bits: isWide
                ? UnsafeRawPointer(memory.store(plan.bits))
                : UnsafeRawPointer(memory.store(plan.bits.map { UInt32(truncatingIfNeeded: $0) })))
        unsafe slots = KernelTables(nativeSlots, in: memory)
    }

    /// Sums up rows of a tile: from `places.numbers` in the workspace's doubles to `places.scores` in its floats or
    /// doubles.
    ///
    /// - Returns: whether some row has missing values or numbers that float32 cannot hold, if features are narrowed.
    func run(rowCount: Int, _ places: Places, in workspace: Workspace) -> (hasMissing: Bool, hasInfinity: Bool) {
        let keyCount = slotCount * places.rowsAtATime
        let isWide = form == .wide
        precondition(rowCount >= 0 && places.rowsAtATime > 0, "rows of a tile")
        precondition(
            keyCount <= (isWide ? workspace.sharedLongIntegers.count : workspace.sharedIntegers.count),
            "the tile's keys")
        precondition(
            places.numbers >= 0 && places.numbers + rowCount * columnCount <= workspace.doubles.count,
            "the tile's numbers")
        precondition(
            places.scores >= 0
                && places.scores + rowCount * groupCount
                    <= (sumsAreFloat ? workspace.floats.count : workspace.doubles.count),
            "the tile's scores")
        var found: UInt32 = 0
        // One access to the doubles: the numbers and the sums may both lie there.
        unsafe workspace.doubles.withUnsafeMutableBufferPointer { doubles in
            guard let doubles = doubles.baseAddress else { return }
            let numbers = unsafe UnsafePointer(doubles) + places.numbers
            if isWide {
                unsafe workspace.sharedLongIntegers.withUnsafeMutableBytes { keys in
                    guard let keys = keys.baseAddress else { return }
                    unsafe found = run(
                        rowCount, places, numbers, keys, doubles + places.scores, workspace)
                }
            } else {
                unsafe workspace.sharedIntegers.withUnsafeMutableBytes { keys in
                    guard let keys = keys.baseAddress else { return }
                    unsafe found = run(
                        rowCount, places, numbers, keys, doubles + places.scores, workspace)
                }
            }
        }
        return (found & UInt32(VENCEJO_ROW_MISSING) != 0, found & UInt32(VENCEJO_ROW_INFINITE) != 0)
    }

    @unsafe private func run(
        _ rowCount: Int, _ places: Places, _ numbers: UnsafePointer<Double>, _ keys: UnsafeMutableRawPointer,
        _ sums: UnsafeMutablePointer<Double>, _ workspace: Workspace
    ) -> UInt32 {
        var found: UInt32 = 0
        var first = 0
        let keyBytes = slotCount * (form == .wide ? 8 : 4)
        while first < rowCount {
            let count = min(places.rowsAtATime, rowCount - first)
            for row in 0..<count {
                let source = unsafe numbers + (first + row) * columnCount
                let target = unsafe keys + row * keyBytes
                if form == .wide {
                    unsafe found |= vencejo_forest_keys64(level.native, slots.native, source, target)
                } else {
                    unsafe found |= vencejo_forest_keys32(level.native, slots.native, source, target)
                }
            }
            if sumsAreFloat {
                unsafe workspace.floats.withUnsafeMutableBufferPointer { floats in
                    guard let floats = floats.baseAddress else { return }
                    unsafe vencejo_packed_forest_float(
                        level.native, forest.native, keys, slotCount, count,
                        floats + places.scores + first * groupCount)
                }
            } else {
                unsafe vencejo_packed_forest_double(
                    level.native, forest.native, keys, slotCount, count, numbers + first * columnCount, columnCount,
                    sums + first * groupCount)
            }
            first += count
        }
        return found
    }
}

extension PackedForest.NodeForm {
    fileprivate var native: vencejo_node_form {
        switch self {
        case .narrow: VENCEJO_NODES_NARROW
        case .sets: VENCEJO_NODES_SETS
        case .wide: VENCEJO_NODES_WIDE
        }
    }
}

extension PackedForest.LeafForm {
    fileprivate var native: vencejo_leaf_form {
        switch self {
        case .one: VENCEJO_LEAVES_ONE
        case .grouped: VENCEJO_LEAVES_GROUPED
        case .vector: VENCEJO_LEAVES_VECTOR
        case .linear: VENCEJO_LEAVES_LINEAR
        }
    }
}
