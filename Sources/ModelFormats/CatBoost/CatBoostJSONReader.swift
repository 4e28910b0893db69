internal import ByteCoding
internal import ModelIR

/// Reads CatBoost's JSON export (`save_model(..., format="json")`). Keys may come in any order.
struct CatBoostJSONReader: ~Escapable {
    private var reader: JSONReader
    private var file = CatBoostFile()

    /// Splits in splits of a tree that is not symmetric.
    private static let depthMax = 200

    @_lifetime(copy bytes)
    private init(_ bytes: Span<UInt8>) {
        reader = JSONReader(bytes, limits: JSONLimits(depthMax: 1024, allowsNonFinite: true))
    }

    static func read(_ bytes: Span<UInt8>) throws(ImportError) -> CatBoostFile {
        var json = CatBoostJSONReader(bytes)
        do throws(JSONError) {
            try json.document()
            try json.reader.finish()
        } catch {
            throw ImportError(error, at: "")
        }
        try json.settle()
        return json.file
    }

    private var hasTree = false
    /// Values of one-hot categories.
    private var oneHotCount = 0
    /// The first feature whose index another had before it.
    private var repetition: ImportError?

    private mutating func document() throws(JSONError) {
        try object { (json, key) throws(JSONError) in
            switch key {
            case "features_info": try json.features()
            case "ctr_data": try json.tables()
            case "model_info": try json.information()
            case "scale_and_bias": try json.scaleAndBias()
            case "oblivious_trees":
                try json.array { (json) throws(JSONError) in
                    json.hasTree = true
                    try json.symmetricTree()
                }
            case "trees":
                try json.array { (json) throws(JSONError) in
                    json.hasTree = true
                    var nodes: [CatBoostFile.Node] = []
                    _ = try json.node(&nodes, depth: 0)
                    json.file.otherTrees.append(nodes)
                }
            default: try json.skip()
            }
        }
    }

    // MARK: Values

    private mutating func object(
        _ body: (inout CatBoostJSONReader, String) throws(JSONError) -> Void
    ) throws(JSONError) {
        try reader.beginObject()
        while let key = try reader.nextKey() {
            let text = key.range.count <= 64 ? reader.string(key) : ""
            try body(&self, text)
        }
    }

    private mutating func array(_ body: (inout CatBoostJSONReader) throws(JSONError) -> Void) throws(JSONError) {
        // An empty list may be null.
        if try reader.peek() == .null { return try reader.readNull() }
        try reader.beginArray()
        while try reader.nextElement() { try body(&self) }
    }

    private mutating func skip() throws(JSONError) { _ = try reader.skipValue() }

    private mutating func text() throws(JSONError) -> String {
        let token = try reader.readString()
        return reader.string(token)
    }

    private mutating func index() throws(JSONError) -> Int { Int(try reader.readInt64()) }

    private mutating func hash() throws(JSONError) -> Int32 {
        // Written with its sign in trees, and without one elsewhere.
        Int32(truncatingIfNeeded: try reader.readInt64())
    }

    private mutating func doubles() throws(JSONError) -> [Double] {
        var values: [Double] = []
        try array { (json) throws(JSONError) in values.append(try json.reader.readDouble()) }
        return values
    }

    private mutating func floats() throws(JSONError) -> [Float] {
        var values: [Float] = []
        try array { (json) throws(JSONError) in values.append(try json.reader.readFloat()) }
        return values
    }

    // MARK: Features

    private mutating func features() throws(JSONError) {
        try object { (json, key) throws(JSONError) in
            switch key {
            case "float_features": try json.array { (json) throws(JSONError) in try json.floatFeature() }
            case "categorical_features": try json.array { (json) throws(JSONError) in try json.categoryFeature() }
            case "ctrs": try json.array { (json) throws(JSONError) in try json.statistic() }
            case "text_features", "embedding_features", "estimated_features":
                var count = 0
                try json.array { (json) throws(JSONError) in
                    count += 1
                    try json.skip()
                }
                if count > 0 { json.file.unsupported = key.replacing("_", with: " ") }
            default: try json.skip()
            }
        }
    }

    private mutating func floatFeature() throws(JSONError) {
        var feature = CatBoostFile.FloatFeature()
        var index = -1
        try object { (json, key) throws(JSONError) in
            switch key {
            case "feature_index": index = try json.index()
            case "flat_feature_index": feature.column = try json.index()
            case "feature_id": feature.name = try json.text()
            case "borders": feature.borders = try json.floats()
            case "nan_value_treatment": feature.missingIsAbove = try json.text() == "AsTrue"
            default: try json.skip()
            }
        }
        if file.floatFeatures.updateValue(feature, forKey: index) != nil {
            repetition = repetition ?? CatBoostFile.repeated("float feature", index)
        }
    }

    private mutating func categoryFeature() throws(JSONError) {
        var feature = CatBoostFile.CategoryFeature()
        var index = -1
        try object { (json, key) throws(JSONError) in
            switch key {
            case "feature_index": index = try json.index()
            case "flat_feature_index": feature.column = try json.index()
            case "feature_id": feature.name = try json.text()
            case "values":
                try json.array { (json) throws(JSONError) in
                    json.oneHotCount += 1
                    try json.skip()
                }
            default: try json.skip()
            }
        }
        if file.categoryFeatures.updateValue(feature, forKey: index) != nil {
            repetition = repetition ?? CatBoostFile.repeated("categorical feature", index)
        }
    }

    private mutating func statistic() throws(JSONError) {
        var ctr = CatBoostFile.CTR()
        try object { (json, key) throws(JSONError) in
            switch key {
            case "borders": ctr.borders = try json.floats()
            case "ctr_type": ctr.type = try json.text()
            case "identifier": ctr.identifier = try json.text()
            case "prior_numerator": ctr.priorNumerator = try json.reader.readFloat()
            case "prior_denomerator": ctr.priorDenominator = try json.reader.readFloat()
            case "scale": ctr.scale = try json.reader.readFloat()
            case "shift": ctr.shift = try json.reader.readFloat()
            case "target_border_idx": ctr.targetBorder = try json.index()
            case "elements": try json.array { (json) throws(JSONError) in ctr.elements.append(try json.element()) }
            default: try json.skip()
            }
        }
        file.ctrs.append(ctr)
    }

    private mutating func element() throws(JSONError) -> CatBoostFile.CTR.Element {
        var kind = ""
        var category = -1
        var feature = -1
        var border: Float = 0
        var value: Int32 = 0
        try object { (json, key) throws(JSONError) in
            switch key {
            case "combination_element": kind = try json.text()
            case "cat_feature_index": category = try json.index()
            case "float_feature_index": feature = try json.index()
            case "border": border = try json.reader.readFloat()
            case "value": value = try json.hash()
            default: try json.skip()
            }
        }
        switch kind {
        case "cat_feature_value": return .category(category)
        case "float_feature": return .above(feature: feature, border: border)
        default: return .equals(category: category, hash: value)
        }
    }

    // MARK: Tables

    /// `{identifier: {"counter_denominator", "hash_map": [hash, value, ...], "hash_stride"}}`.
    private mutating func tables() throws(JSONError) {
        if try reader.peek() == .null { return try reader.readNull() }
        try reader.beginObject()
        while let key = try reader.nextKey() {
            let identifier = reader.string(key)
            var denominator = 0.0
            var stride = 0
            var words: [(hash: UInt64?, number: Double)] = []
            try object { (json, key) throws(JSONError) in
                switch key {
                case "counter_denominator": denominator = try json.reader.readDouble()
                case "hash_stride": stride = try json.index()
                case "hash_map":
                    try json.array { (json) throws(JSONError) in
                        if try json.reader.peek() == .string {
                            words.append((UInt64(try json.text()), 0))
                        } else {
                            words.append((nil, try json.reader.readDouble()))
                        }
                    }
                default: try json.skip()
                }
            }
            file.ctrTables[identifier] = Self.table(words, stride: stride, denominator: denominator)
        }
    }

    private static func table(
        _ words: [(hash: UInt64?, number: Double)], stride: Int, denominator: Double
    ) -> CategoryCTR.Table? {
        guard stride >= 2, words.count % stride == 0 else { return nil }
        var rows: [(hash: UInt64, start: Int)] = []
        for start in Swift.stride(from: 0, to: words.count, by: stride) {
            guard let hash = words[start].hash else { return nil }
            // All ones is an empty place of the library's table.
            if hash != .max { rows.append((hash, start)) }
        }
        rows.sort { $0.hash < $1.hash }
        var values: [Float] = []
        for row in rows {
            for place in row.start + 1..<row.start + stride { values.append(Float(words[place].number)) }
        }
        return CategoryCTR.Table(
            hashes: rows.map(\.hash), values: values, width: stride - 1, denominator: Float(denominator))
    }

    // MARK: Information

    private mutating func information() throws(JSONError) {
        try object { (json, key) throws(JSONError) in
            switch (key, try json.reader.peek()) {
            case ("params", .object): try json.file.info.readParameters(&json.reader)
            case ("class_params", .object): try json.file.info.readClasses(&json.reader)
            case ("binclass_probability_threshold", _):
                json.file.info.hasThreshold = true
                try json.skip()
            default: try json.skip()
            }
        }
    }

    /// `[scale, [bias, ...]]`, or `[scale, bias]` of old versions.
    private mutating func scaleAndBias() throws(JSONError) {
        var place = 0
        try array { (json) throws(JSONError) in
            switch (place, try json.reader.peek()) {
            case (0, _): json.file.scale = try json.reader.readDouble()
            case (_, .array): json.file.bias = try json.doubles()
            default: json.file.bias = [try json.reader.readDouble()]
            }
            place += 1
        }
    }

    // MARK: Trees

    private mutating func symmetricTree() throws(JSONError) {
        var tree = CatBoostFile.SymmetricTree()
        try object { (json, key) throws(JSONError) in
            switch key {
            case "leaf_values": tree.leafValues = try json.doubles()
            case "splits": try json.array { (json) throws(JSONError) in tree.splits.append(try json.split()) }
            default: try json.skip()
            }
        }
        file.symmetricTrees.append(tree)
    }

    /// A split; one of a statistic names it by the document's running number, which `settle` resolves.
    private mutating func split() throws(JSONError) -> CatBoostFile.Split {
        var kind = ""
        var number = -1
        var border: Float = 0
        var feature = -1
        var category = -1
        var value: Int32 = 0
        try object { (json, key) throws(JSONError) in
            switch key {
            case "split_type": kind = try json.text()
            case "split_index": number = try json.index()
            case "border": border = try json.reader.readFloat()
            case "float_feature_index": feature = try json.index()
            case "cat_feature_index": category = try json.index()
            case "value": value = try json.hash()
            default: try json.skip()
            }
        }
        switch kind {
        case "FloatFeature": return .above(feature: feature, border: border)
        case "OneHotFeature": return .equals(category: category, hash: value)
        case "OnlineCtr": return .statistic(ctr: number, border: border)
        default:
            if file.unsupported == nil { file.unsupported = "splits of type \(kind.prefix(40))" }
            return .above(feature: -1, border: 0)
        }
    }

    /// A node and everything below it. Their depth is bounded, so that this ends.
    private mutating func node(_ nodes: inout [CatBoostFile.Node], depth: Int) throws(JSONError) -> Int {
        guard depth < Self.depthMax else {
            throw JSONError(offset: reader.offset, reason: .tooDeep(depthMax: Self.depthMax))
        }
        let place = nodes.count
        nodes.append(CatBoostFile.Node())
        try reader.beginObject()
        while let key = try reader.nextKey() {
            if reader.equals(key, "split") {
                nodes[place].split = try split()
            } else if reader.equals(key, "left") {
                nodes[place].left = try node(&nodes, depth: depth + 1)
            } else if reader.equals(key, "right") {
                nodes[place].right = try node(&nodes, depth: depth + 1)
            } else if reader.equals(key, "value") {
                nodes[place].values = try reader.peek() == .array ? try doubles() : [try reader.readDouble()]
            } else {
                try skip()
            }
        }
        return place
    }

    /// Resolves the numbers of statistics' splits: the document counts the borders of all numbers first, then the
    /// values of one-hot categories, then the borders of statistics.
    private mutating func settle() throws(ImportError) {
        if let repetition { throw repetition }
        guard hasTree else {
            throw ImportError(.malformed, at: "document", found: "no trees", expected: "oblivious_trees or trees")
        }
        var used: Set<Int> = []
        func note(_ split: CatBoostFile.Split?) {
            if case .statistic(let number, _)? = split { used.insert(number) }
        }
        for tree in file.symmetricTrees { for split in tree.splits { note(split) } }
        for tree in file.otherTrees { for node in tree { note(node.split) } }
        guard !used.isEmpty, file.unsupported == nil else { return }
        let before = file.floatFeatures.values.reduce(0) { $0 + $1.borders.count } + oneHotCount
        let borders = file.ctrs.map { Set($0.borders) }
        var owners: [Int] = []
        for (index, ctr) in file.ctrs.enumerated() { owners += [Int](repeating: index, count: ctr.borders.count) }
        func settled(_ split: CatBoostFile.Split) throws(ImportError) -> CatBoostFile.Split {
            guard case .statistic(let number, let border) = split else { return split }
            guard number >= before, owners.indices.contains(number - before),
                borders[owners[number - before]].contains(border)
            else {
                throw ImportError(
                    .malformed, at: "split_index", found: "\(number)",
                    expected: "\(before)..<\(before + owners.count), with a border of that statistic")
            }
            return .statistic(ctr: owners[number - before], border: border)
        }
        for tree in file.symmetricTrees.indices {
            for index in file.symmetricTrees[tree].splits.indices {
                file.symmetricTrees[tree].splits[index] = try settled(file.symmetricTrees[tree].splits[index])
            }
        }
        for tree in file.otherTrees.indices {
            for index in file.otherTrees[tree].indices {
                guard let split = file.otherTrees[tree][index].split else { continue }
                file.otherTrees[tree][index].split = try settled(split)
            }
        }
    }
}
