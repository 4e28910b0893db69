internal import ModelIR

/// The tables of target statistics behind the core of a `.cbm` (part `static_provider_v1`): their count as u32, then
/// each as its size (u32) and a FlatBuffers table
///
///     0 base (what is combined, and how it is counted), 1 the index: 12 bytes a bucket (hash u64, row u32; a hash of
///     all ones is empty), 2 the rows: u32 counts, or sums as f32 beside u32 counts, 3 denominator, 4 target classes
enum CatBoostTables {
    private static let types = [
        "Borders", "Buckets", "BinarizedTargetMeanValue", "FloatTargetMeanValue", "Counter", "FeatureFreq",
    ]

    static func read(_ bytes: Span<UInt8>) throws(ImportError) -> [String: CategoryCTR.Table] {
        let outer = FlatBuffer(bytes)
        let count = Int(try outer.word(at: 0))
        var tables: [String: CategoryCTR.Table] = [:]
        var offset = 4
        for index in 0..<count {
            let size = Int(try outer.word(at: offset))
            guard size <= bytes.count - offset - 4 else {
                throw ImportError(
                    .truncated, at: "ctr table \(index)", found: "\(size) bytes",
                    expected: "at most \(bytes.count - offset - 4)")
            }
            var buffer = FlatBuffer(bytes.extracting(offset + 4..<offset + 4 + size))
            let root = try buffer.root()
            guard let base = try buffer.table(root, 0) else {
                throw ImportError(.malformed, at: "ctr table \(index)", found: "no base", expected: "what it counts")
            }
            let (elements, type, identifier) = try self.base(&buffer, base)
            guard !elements.isEmpty else {
                throw ImportError(.malformed, at: "ctr table \(index)", found: "no elements", expected: "a combination")
            }
            tables[identifier] = try table(&buffer, root, type: type, place: "ctr table \(index)")
            offset += 4 + size
        }
        return tables
    }

    private static func table(
        _ buffer: inout FlatBuffer, _ root: FlatBuffer.Table, type: String, place: String
    ) throws(ImportError) -> CategoryCTR.Table {
        let isMean = type.hasSuffix("MeanValue")
        let classCount = Int(try buffer.integer(root, 4, default: 0))
        let width = isMean ? 2 : type == "Counter" || type == "FeatureFreq" ? 1 : classCount
        guard width >= 1, width <= 1 << 16 else {
            throw ImportError(.malformed, at: place, found: "\(classCount) target classes", expected: "1 to 65536")
        }
        let blob = try buffer.vector(root, 2, bytesEach: 1)
        let rowCount = blob.count / (4 * width)
        let index = try buffer.vector(root, 1, bytesEach: 1)
        // Each row has one hash, so that the values are no more than the rows hold.
        var isUsed = [Bool](repeating: false, count: rowCount)
        var entries: [(hash: UInt64, row: Int)] = []
        for bucket in 0..<index.count / 12 {
            let hash = try buffer.long(at: index.start + 12 * bucket)
            guard hash != .max else { continue }
            let row = Int(try buffer.word(at: index.start + 12 * bucket + 8))
            guard row < rowCount else {
                throw ImportError(.malformed, at: place, found: "row \(row)", expected: "0..<\(rowCount)")
            }
            guard !isUsed[row] else {
                throw ImportError(.malformed, at: place, found: "row \(row) again", expected: "a row for each hash")
            }
            isUsed[row] = true
            entries.append((hash, row))
        }
        entries.sort { $0.hash < $1.hash }
        var values: [Float] = []
        values.reserveCapacity(entries.count * width)
        for entry in entries {
            for place in 0..<width {
                let bits = try buffer.word(at: blob.start + 4 * (entry.row * width + place))
                values.append(isMean && place == 0 ? Float(bitPattern: bits) : Float(Int32(bitPattern: bits)))
            }
        }
        return CategoryCTR.Table(
            hashes: entries.map(\.hash), values: values, width: width,
            denominator: Float(try buffer.integer(root, 3, default: 0)))
    }

    /// A statistic of the core: slots 0 base, 1 target border, 2 and 3 prior, 4 shift, 5 scale.
    static func ctr(
        _ buffer: inout FlatBuffer, _ model: FlatBuffer.Table, borders: [Float]
    ) throws(ImportError) -> CatBoostFile.CTR {
        guard let base = try buffer.table(model, 0) else {
            throw ImportError(.malformed, at: "ctr features", found: "no base", expected: "what is counted")
        }
        var ctr = CatBoostFile.CTR()
        (ctr.elements, ctr.type, ctr.identifier) = try self.base(&buffer, base)
        ctr.targetBorder = Int(try buffer.integer(model, 1, default: 0))
        ctr.priorNumerator = try buffer.float(model, 2, default: 0)
        ctr.priorDenominator = try buffer.float(model, 3, default: 1)
        ctr.shift = try buffer.float(model, 4, default: 0)
        ctr.scale = try buffer.float(model, 5, default: 1)
        ctr.borders = borders
        return ctr
    }

    /// Slots 0 combination {0 categories, 1 tests of numbers, 2 tests of categories}, 1 type, 2 target classifier.
    private static func base(
        _ buffer: inout FlatBuffer, _ base: FlatBuffer.Table
    ) throws(ImportError) -> (elements: [CatBoostFile.CTR.Element], type: String, identifier: String) {
        var elements: [CatBoostFile.CTR.Element] = []
        var identifier = ""
        if let combination = try buffer.table(base, 0) {
            for index in try buffer.integers(combination, 0) {
                elements.append(.category(Int(index)))
                identifier += "c\(index) "
            }
            for slot in [1, 2] {
                let (start, count) = try buffer.elements(combination, slot, bytesEach: 8)
                for place in 0..<count {
                    let index = Int(Int32(bitPattern: try buffer.word(at: start + 8 * place)))
                    let bits = try buffer.word(at: start + 8 * place + 4)
                    elements.append(
                        slot == 1
                            ? .above(feature: index, border: Float(bitPattern: bits))
                            : .equals(category: index, hash: Int32(bitPattern: bits)))
                    identifier += "\(slot == 1 ? "f" : "o")\(index):\(bits) "
                }
            }
        }
        let type = Int(try buffer.byte(base, 1))
        guard types.indices.contains(type) else {
            throw ImportError(
                .unsupported, at: "ctr features", found: "the statistic \(type)",
                expected: types.joined(separator: ", "))
        }
        let classifier = try buffer.integer(base, 2, default: 0)
        return (elements, types[type], identifier + "\(types[type]) \(classifier)")
    }
}
