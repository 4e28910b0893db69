internal import ModelIR

/// Reads XGBoost's old binary format, which versions up to 3.0 write. All numbers are little-endian.
///
///     optional "binf"
///     136 bytes       base_score f32, num_feature u32, num_class i32, contain_extra_attrs i32,
///                     contain_eval_metrics i32, major u32, minor u32, num_target u32, ...
///     string          objective; a string is a length u64 and its bytes
///     string          booster
///     gbtree, dart:   160 bytes (num_trees i32, num_parallel_tree i32, ...), the trees, num_trees x i32 group;
///                     dart: count u64, f32 weights
///       a tree:       148 bytes (num_roots, num_nodes, num_deleted, max_depth, num_feature, size_leaf_vector, all
///                     i32, ...), num_nodes x 20 bytes (parent, left, right i32, feature u32 with the default direction
///                     as its top bit, value f32), num_nodes x 16 bytes of statistics
///     gblinear:       136 bytes, count u64, f32 weights
///     extra attributes: count u64, pairs of strings
struct XGBoostBinaryReader: ~Escapable {
    private let bytes: Span<UInt8>
    private var offset = 0

    @_lifetime(copy bytes)
    private init(_ bytes: Span<UInt8>) {
        self.bytes = bytes
    }

    static func read(_ bytes: Span<UInt8>) throws(ImportError) -> XGBoostFile {
        var reader = XGBoostBinaryReader(bytes)
        return try reader.file()
    }

    /// Bytes that a string may have: names and attributes are short.
    private static let stringBytesMax = 1 << 24

    private mutating func file() throws(ImportError) -> XGBoostFile {
        var file = XGBoostFile()
        let mark = Array("binf".utf8)
        if bytes.count >= 4, mark.indices.allSatisfy({ bytes[$0] == mark[$0] }) { offset = 4 }
        let start = offset
        let baseScore = Float(bitPattern: try word("base_score"))
        let featureCount = try word("num_feature")
        let classCount = Int32(bitPattern: try word("num_class"))
        let hasAttributes = try word("contain_extra_attrs") != 0
        _ = try word("contain_eval_metrics")
        let major = try word("major_version")
        let minor = try word("minor_version")
        let targetCount = try word("num_target")
        try skip(to: start + 136, "the learner's parameters")
        guard major < 100, minor < 1000 else {
            throw refusal("major_version", "\(major).\(minor)", "a version of XGBoost")
        }
        file.version = major == 0 ? [] : [Int32(major), Int32(minor)]
        file.learner.baseScoreIsMargin = major == 0
        file.learner.parameters = [
            "base_score": "\(baseScore)", "num_feature": "\(featureCount)", "num_class": "\(max(classCount, 0))",
            "num_target": "\(major == 0 ? 1 : max(targetCount, 1))",
        ]
        file.learner.objective = try string("objective")
        let booster = try string("booster")
        file.learner.booster = booster
        switch booster {
        case "gbtree", "dart":
            file.learner.boosterModel = try trees()
            if booster == "dart" { file.learner.treeWeights = try floats("weight_drop") }
        case "gblinear":
            var model = XGBoostBoosterModel(place: "gblinear")
            try skip(to: offset + 136, "the linear model's parameters")
            model.linearWeights = try floats("weights")
            file.learner.boosterModel = model
        default: break
        }
        if hasAttributes {
            let count = try length("attributes", bytesEach: 16)
            for _ in 0..<count {
                let key = try string("attributes")
                let value = try string("attributes")
                if key == "best_iteration" || key == "scikit_learn" { file.learner.attributes[key] = value }
            }
        }
        return file
    }

    private mutating func trees() throws(ImportError) -> XGBoostBoosterModel {
        var model = XGBoostBoosterModel(place: "gbtree")
        let start = offset
        let count = try word("num_trees")
        model.parameters["num_parallel_tree"] = "\(try word("num_parallel_tree"))"
        try skip(to: start + 160, "the booster's parameters")
        // A tree has a header of 148 bytes and at least one node of 36.
        guard count <= (bytes.count - offset) / 184 else {
            throw refusal(
                "num_trees", "\(count)", "at most \((bytes.count - offset) / 184), which the file has room for",
                kind: .truncated)
        }
        var trees: [XGBoostTree] = []
        for index in 0..<Int(count) { trees.append(try tree("trees[\(index)]")) }
        model.trees = trees
        var groups: [Int32] = []
        for _ in 0..<count { groups.append(Int32(bitPattern: try word("tree_info"))) }
        model.treeGroups = groups
        return model
    }

    private mutating func tree(_ place: String) throws(ImportError) -> XGBoostTree {
        let start = offset
        let rootCount = try word(place)
        let nodeCount = try word(place)
        try skip(to: start + 20, place)
        let leafWidth = try word(place)
        try skip(to: start + 148, place)
        guard rootCount == 1, leafWidth <= 1 else {
            throw refusal(
                place, "\(rootCount) roots, leaves of \(leafWidth) numbers", "one root, one number a leaf",
                kind: .unsupported)
        }
        guard nodeCount >= 1, nodeCount <= (bytes.count - offset) / 36 else {
            throw refusal(
                "\(place).num_nodes", "\(nodeCount)",
                "1 to \((bytes.count - offset) / 36), which the file has room for", kind: .truncated)
        }
        var left: [Int32] = []
        var right: [Int32] = []
        var features: [Int32] = []
        var defaults: [Int32] = []
        var conditions: [Float] = []
        for _ in 0..<nodeCount {
            _ = try word(place)
            left.append(Int32(bitPattern: try word(place)))
            right.append(Int32(bitPattern: try word(place)))
            let feature = try word(place)
            features.append(Int32(feature & 0x7FFF_FFFF))
            defaults.append(Int32(feature >> 31))
            conditions.append(Float(bitPattern: try word(place)))
        }
        try skip(to: offset + Int(nodeCount) * 16, place)
        // A deleted node's left child is -1 too; nothing leads to it.
        for index in left.indices where left[index] == -1 { right[index] = -1 }
        var tree = XGBoostTree()
        tree.leftChildren = left
        tree.rightChildren = right
        tree.features = features
        tree.conditions = conditions
        tree.defaultsLeft = defaults
        return tree
    }

    // MARK: Parts

    private mutating func word(_ place: @autoclosure () -> String) throws(ImportError) -> UInt32 {
        guard bytes.count - offset >= 4 else { throw end(place()) }
        var value: UInt32 = 0
        for index in 0..<4 { value |= UInt32(bytes[offset + index]) << UInt32(8 * index) }
        offset += 4
        return value
    }

    /// A count of 64 bits, held against the bytes that are left.
    private mutating func length(
        _ place: @autoclosure () -> String, bytesEach: Int
    ) throws(ImportError) -> Int {
        let low = try word(place())
        let high = try word(place())
        let room = (bytes.count - offset) / bytesEach
        guard high == 0, Int(low) <= room else {
            throw refusal(
                place(), "a count of \(UInt64(high) << 32 | UInt64(low))", "at most \(room), which the file has left",
                kind: .truncated)
        }
        return Int(low)
    }

    private mutating func string(_ place: @autoclosure () -> String) throws(ImportError) -> String {
        let count = try length(place(), bytesEach: 1)
        guard count <= Self.stringBytesMax else {
            throw refusal(place(), "\(count) bytes", "at most \(Self.stringBytesMax)", kind: .limit)
        }
        var storage: [UInt8] = []
        storage.reserveCapacity(count)
        for index in offset..<offset + count { storage.append(bytes[index]) }
        guard let text = String(validating: storage, as: UTF8.self) else {
            throw refusal(place(), "text that is no UTF-8", "UTF-8")
        }
        offset += count
        return text
    }

    private mutating func floats(_ place: @autoclosure () -> String) throws(ImportError) -> [Float] {
        let count = try length(place(), bytesEach: 4)
        var values: [Float] = []
        values.reserveCapacity(count)
        for _ in 0..<count { values.append(Float(bitPattern: try word(place()))) }
        return values
    }

    private mutating func skip(to target: Int, _ place: @autoclosure () -> String) throws(ImportError) {
        guard target <= bytes.count else { throw end(place()) }
        offset = target
    }

    private func end(_ place: String) -> ImportError {
        refusal(place, "the end of the file", "more of the model", kind: .truncated)
    }

    private func refusal(
        _ place: String, _ found: String, _ expected: String, kind: ImportError.Kind = .malformed
    ) -> ImportError {
        ImportError(
            kind, at: "\(place) (byte \(offset))", found: found, expected: expected,
            remedy: kind == .unsupported ? "load it with the XGBoost that saved it, and save it as model.json" : nil)
    }
}
