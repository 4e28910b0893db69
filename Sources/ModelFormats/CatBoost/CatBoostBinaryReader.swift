internal import ModelIR

/// Reads `.cbm`: `CBM1`, the core's size as u32, the core as a FlatBuffers table, and after it parts that the core
/// names.
enum CatBoostBinaryReader {
    static func read(_ bytes: Span<UInt8>) throws(ImportError) -> CatBoostFile {
        let outer = FlatBuffer(bytes)
        let size = Int(try outer.word(at: 4))
        guard size <= bytes.count - 8 else {
            throw ImportError(
                .truncated, at: "byte 4", found: "a core of \(size) bytes", expected: "at most \(bytes.count - 8)")
        }
        var buffer = FlatBuffer(bytes.extracting(8..<8 + size))
        let root = try buffer.root()
        let version = try buffer.string(root, 0)
        guard version == "FlabuffersModel_v1" else {
            throw ImportError(
                .unsupported, at: "format version", found: "\"\(version.prefix(40))\"",
                expected: "\"FlabuffersModel_v1\"", remedy: "load it with CatBoost 1.2, and save it again")
        }
        guard let trees = try buffer.table(root, 1) else {
            throw ImportError(.malformed, at: "core", found: "no trees", expected: "a model")
        }
        var file = CatBoostFile()
        for entry in try buffer.tables(root, 2) {
            let key = try buffer.string(entry, 0)
            if ["params", "class_params", "binclass_probability_threshold"].contains(key) {
                let text = try buffer.string(entry, 1)
                try file.info.read(text, key: key)
            }
        }
        for (slot, name) in [(12, "text features"), (18, "embedding features"), (13, "estimated features")]
        where try buffer.vector(trees, slot, bytesEach: 1).count > 0 {
            file.unsupported = name
        }
        var splits: [CatBoostFile.Split] = []
        try readFeatures(&buffer, trees, into: &file, splits: &splits)
        file.scale = try buffer.double(trees, 14, default: 1)
        file.bias = try buffer.doubles(trees, 16)
        if file.bias.isEmpty { file.bias = [try buffer.double(trees, 15, default: 0)] }
        try readTrees(&buffer, trees, splits, into: &file)
        if !file.ctrs.isEmpty {
            file.ctrTables = try CatBoostTables.read(bytes.extracting(8 + size..<bytes.count))
        }
        return file
    }

    /// The features, and all tests in the order in which trees count them.
    private static func readFeatures(
        _ buffer: inout FlatBuffer, _ trees: FlatBuffer.Table, into file: inout CatBoostFile,
        splits: inout [CatBoostFile.Split]
    ) throws(ImportError) {
        for table in try buffer.tables(trees, 5) {
            let index = Int(try buffer.integer(table, 1, default: -1))
            let feature = CatBoostFile.FloatFeature(
                column: Int(try buffer.integer(table, 2, default: -1)), name: try buffer.string(table, 4),
                borders: try buffer.floats(table, 3), missingIsAbove: try buffer.byte(table, 5) == 2)
            guard file.floatFeatures.updateValue(feature, forKey: index) == nil else {
                throw CatBoostFile.repeated("float feature", index)
            }
            for border in feature.borders { splits.append(.above(feature: index, border: border)) }
        }
        for table in try buffer.tables(trees, 4) {
            let index = Int(try buffer.integer(table, 0, default: -1))
            let feature = CatBoostFile.CategoryFeature(
                column: Int(try buffer.integer(table, 1, default: -1)), name: try buffer.string(table, 2))
            guard file.categoryFeatures.updateValue(feature, forKey: index) == nil else {
                throw CatBoostFile.repeated("categorical feature", index)
            }
        }
        for table in try buffer.tables(trees, 6) {
            let index = Int(try buffer.integer(table, 0, default: -1))
            for hash in try buffer.integers(table, 1) { splits.append(.equals(category: index, hash: hash)) }
        }
        for table in try buffer.tables(trees, 7) {
            guard let model = try buffer.table(table, 0) else {
                throw ImportError(.malformed, at: "ctr features", found: "none named", expected: "a statistic")
            }
            let borders = try buffer.floats(table, 1)
            let ctr = try CatBoostTables.ctr(&buffer, model, borders: borders)
            for border in ctr.borders { splits.append(.statistic(ctr: file.ctrs.count, border: border)) }
            file.ctrs.append(ctr)
        }
    }

    private static func readTrees(
        _ buffer: inout FlatBuffer, _ trees: FlatBuffer.Table, _ splits: [CatBoostFile.Split],
        into file: inout CatBoostFile
    ) throws(ImportError) {
        let dimension = Int(try buffer.integer(trees, 0, default: 1))
        guard dimension >= 1, dimension <= CatBoostModel.dimensionMax else {
            throw ImportError(
                .malformed, at: "approx dimension", found: "\(dimension)",
                expected: "1 to \(CatBoostModel.dimensionMax)")
        }
        let order = try buffer.integers(trees, 1)
        let sizes = try buffer.integers(trees, 2)
        let starts = try buffer.integers(trees, 3)
        let leafValues = try buffer.doubles(trees, 8)
        guard sizes.count == starts.count else {
            throw ImportError(
                .malformed, at: "tree sizes", found: "\(sizes.count) sizes and \(starts.count) starts",
                expected: "one of each a tree")
        }
        func split(_ place: Int) throws(ImportError) -> CatBoostFile.Split {
            guard order.indices.contains(place), splits.indices.contains(Int(order[place])) else {
                throw ImportError(
                    .malformed, at: "tree splits[\(place)]", found: "no such split", expected: "one of \(splits.count)")
            }
            return splits[Int(order[place])]
        }
        let steps = try buffer.vector(trees, 10, bytesEach: 4)
        guard steps.count == 0 else {
            let leaves = try buffer.integers(trees, 11)
            guard leaves.count == steps.count else {
                throw ImportError(
                    .malformed, at: "leaf ids", found: "\(leaves.count)", expected: "\(steps.count), one a node")
            }
            // Trees share neither nodes nor leaves, which bounds what all of them take by what there is of either.
            var nodesLeft = steps.count
            var numbersLeft = leafValues.count
            for index in sizes.indices {
                let start = Int(starts[index])
                let end = start + Int(max(sizes[index], 0))
                guard start >= 0, end <= steps.count, end > start else {
                    throw ImportError(
                        .malformed, at: "tree \(index)", found: "nodes \(start) to \(end)",
                        expected: "a part of 0..<\(steps.count)")
                }
                guard end - start <= nodesLeft else {
                    throw ImportError(
                        .malformed, at: "tree \(index)", found: "\(end - start) nodes",
                        expected: "at most \(nodesLeft), which the trees before it leave of \(steps.count)")
                }
                nodesLeft -= end - start
                var nodes: [CatBoostFile.Node] = []
                for place in start..<end {
                    let left = Int(try buffer.half(at: steps.start + 4 * place))
                    let right = Int(try buffer.half(at: steps.start + 4 * place + 2))
                    let leaf = Int(UInt32(bitPattern: leaves[place]))
                    func values() throws(ImportError) -> [Double] {
                        guard leaf <= leafValues.count - dimension else {
                            throw ImportError(
                                .malformed, at: "leaf ids[\(place)]", found: "\(leaf)",
                                expected: "at most \(leafValues.count - dimension)")
                        }
                        guard dimension <= numbersLeft else {
                            throw ImportError(
                                .malformed, at: "leaf ids[\(place)]", found: "more leaves",
                                expected: "one for each \(dimension) of \(leafValues.count) leaf values")
                        }
                        numbersLeft -= dimension
                        return Array(leafValues[leaf..<leaf + dimension])
                    }
                    var node = CatBoostFile.Node()
                    if left == 0, right == 0 {
                        node.values = try values()
                    } else {
                        node.split = try split(place)
                        node.left = left == 0 ? -1 : place - start + left
                        node.right = right == 0 ? -1 : place - start + right
                        // A side that goes nowhere stops here, with this node's own leaf.
                        if left == 0 || right == 0 { node.values = try values() }
                    }
                    nodes.append(node)
                }
                file.otherTrees.append(nodes)
            }
            return
        }
        var next = 0
        for index in sizes.indices {
            let depth = Int(sizes[index])
            guard depth >= 0, depth <= CatBoostModel.depthMax else {
                throw ImportError(
                    .malformed, at: "tree sizes[\(index)]", found: "\(depth)",
                    expected: "0 to \(CatBoostModel.depthMax)")
            }
            let count = dimension << depth
            guard next + count <= leafValues.count else {
                throw ImportError(
                    .malformed, at: "leaf values", found: "\(leafValues.count)", expected: "\(next + count) or more")
            }
            var tree = CatBoostFile.SymmetricTree()
            for level in 0..<depth { tree.splits.append(try split(Int(starts[index]) + level)) }
            tree.leafValues = Array(leafValues[next..<next + count])
            next += count
            file.symmetricTrees.append(tree)
        }
    }
}
