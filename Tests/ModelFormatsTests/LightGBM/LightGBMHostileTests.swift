import InferenceEngine
import ModelFormats
import ModelIR
import SeededRandom
import TensorCore
import Testing

/// Imports and compiles with every output, as a server would; nil, or the refusal.
func lightgbmRefusal(of bytes: [UInt8]) -> ImportError? {
    let span = bytes.span
    do throws(ImportError) {
        _ = try ModelCompiler.compile(LightGBMImporter().importModel(span).graph, outputs: .all)
        return nil
    } catch {
        return error
    }
}

func lightgbmRefusal(of text: String) -> ImportError? { lightgbmRefusal(of: Array(text.utf8)) }

/// A small model text whose lines can be changed.
struct LightGBMText {
    var lines: [(key: String, value: String)] = [
        ("tree", ""), ("version", "v4"), ("num_class", "1"), ("num_tree_per_iteration", "1"), ("label_index", "0"),
        ("max_feature_idx", "2"), ("objective", "regression"), ("feature_names", "a b c"),
        ("feature_infos", "[0:1] 0:1:2 none"), ("tree_sizes", "10 10"), ("", ""),
        ("Tree", "0"), ("num_leaves", "3"), ("num_cat", "1"), ("split_feature", "0 1"), ("threshold", "0.5 0"),
        ("decision_type", "2 1"), ("left_child", "1 -1"), ("right_child", "-2 -3"), ("leaf_value", "1 2 3"),
        ("cat_boundaries", "0 1"), ("cat_threshold", "5"), ("is_linear", "1"), ("leaf_const", "0 0 1"),
        ("num_features", "1 0 2"), ("leaf_features", "0  0 2"), ("leaf_coeff", "1.5  2 3"), ("shrinkage", "1"),
        ("", ""),
        ("Tree", "1"), ("num_leaves", "1"), ("leaf_value", "0.25"), ("", ""),
        ("end of trees", ""), ("", ""), ("parameters:", ""), ("[boosting: gbdt]", ""), ("end of parameters", ""),
        ("pandas_categorical:[[\"x\",\"y\",\"z\"]]", ""),
    ]

    /// Changes the value of a key's first line; nil removes the line.
    func with(_ key: String, _ value: String?) -> String {
        var copy = lines
        if let index = copy.firstIndex(where: { $0.key == key }) {
            if let value { copy[index].value = value } else { copy.remove(at: index) }
        } else {
            copy.insert((key, value ?? ""), at: copy.firstIndex { $0.key == "shrinkage" } ?? 1)
        }
        return Self.text(copy)
    }

    var text: String { Self.text(lines) }

    private static func text(_ lines: [(key: String, value: String)]) -> String {
        lines.map { $0.value.isEmpty ? $0.key : "\($0.key)=\($0.value)" }.joined(separator: "\n") + "\n"
    }
}

@Suite struct LightGBMHostileTests {
    @Test func takesTheTextThatTheOthersBreak() throws {
        let text = LightGBMText().text
        #expect(lightgbmRefusal(of: text) == nil)
        let bytes = Array(text.utf8)
        let model = try LightGBMImporter().importModel(bytes.span)
        #expect(model.producer == "LightGBM v4")
        #expect(model.graph.columns.map(\.name) == ["a", "b", "c"])
        #expect(model.graph.columns.map(\.kind) == [.float64, .string, .float64])
        #expect(model.steps.map(\.className) == ["gbdt", "regression"])
    }

    @Test(
        arguments: [
            ("version", "v1", "version", ImportError.Kind.unsupported), ("version", nil, "header", .malformed),
            ("num_class", "0", "num_class", .malformed), ("num_class", "x", "num_class", .malformed),
            ("num_class", "70000", "num_class", .limit), ("num_tree_per_iteration", "2", "num_tree", .malformed),
            ("max_feature_idx", "1", "feature_names", .malformed), ("max_feature_idx", "-1", "max_feature", .malformed),
            ("max_feature_idx", "1048576", "max_feature", .limit),
            ("feature_names", "a b", "feature_names", .malformed),
            ("feature_names", "a b a", "feature_names[2]", .malformed),
            ("feature_infos", "[0:1]", "feature_infos", .malformed),
            ("feature_infos", "[0:1] 0:x:2 none", "feature_infos[1]", .malformed),
            ("feature_infos", "[0:1] 0:1:3 none", "feature_infos[1]", .malformed),
            ("feature_infos", "[0:1] [0:1] [0:1]", "pandas_categorical", .unsupported),
            ("objective", "unheard", "objective", .unsupported),
            ("objective", "binary sigmoid:x", "objective", .malformed),
            ("objective", "binary sigmoid:-1", "objective", .malformed),
            ("objective", "multiclass num_class:3", "num_tree", .malformed),
            ("tree_sizes", "10", "tree_sizes", .malformed),
            ("Tree", "1", "Tree", .malformed), ("num_leaves", "0", "Tree=0.num_leaves", .malformed),
            ("num_leaves", "999999999", "Tree=0.num_leaves", .malformed),
            ("num_leaves", "2", "Tree=0.leaf_value", .malformed),
            ("num_leaves", nil, "Tree=0", .malformed), ("leaf_value", "1 2", "Tree=0.leaf_value", .malformed),
            ("leaf_value", "1 2 x", "Tree=0.leaf_value[2]", .malformed), ("leaf_value", nil, "Tree=0", .malformed),
            ("split_feature", "0 3", "Tree=0.split_feature[1]", .malformed),
            ("split_feature", "0 -1", "Tree=0.split_feature[1]", .malformed),
            ("threshold", "nan 0", "Tree=0.threshold[0]", .malformed),
            ("threshold", "0.5 1", "Tree=0.threshold[1]", .malformed),
            ("threshold", "0.5 -1", "Tree=0.threshold[1]", .malformed),
            ("threshold", "0.5", "Tree=0.threshold", .malformed),
            ("decision_type", "14 1", "Tree=0.decision_type[0]", .malformed),
            ("decision_type", "2", "Tree=0.decision_type", .malformed),
            ("left_child", "0 -1", "Tree=0.left_child[0]", .malformed),
            ("left_child", "2 -1", "Tree=0.left_child[0]", .malformed),
            ("left_child", "-4 -1", "Tree=0.left_child[0]", .malformed),
            ("left_child", "1 -2", "Tree=0.right_child[0]", .malformed),
            ("right_child", "1 -3", "Tree=0.right_child[0]", .malformed),
            ("cat_boundaries", "0 2", "Tree=0.cat_threshold", .malformed),
            // A set that begins behind its words.
            ("cat_boundaries", "1 1", "Tree=0.cat_boundaries[0]", .malformed),
            ("cat_boundaries", "0 99999999", "Tree=0.cat_boundaries[1]", .malformed),
            ("cat_threshold", "4294967296", "Tree=0.cat_threshold[0]", .malformed),
            ("cat_threshold", "-1", "Tree=0.cat_threshold", .malformed),
            ("num_cat", "0", "Tree=0.threshold[1]", .malformed), ("num_cat", "900000", "Tree=0.num_cat", .malformed),
            ("leaf_const", "0 0", "Tree=0.leaf_const", .malformed),
            ("num_features", "1 0 3", "Tree=0.leaf_features", .malformed),
            ("num_features", "9999 0 3", "Tree=0.num_features", .malformed),
            ("leaf_features", "0 0 3", "Tree=0.leaf_features[2]", .malformed),
            ("leaf_coeff", "1 2", "Tree=0.leaf_coeff", .malformed),
            ("end of trees", nil, "the end", .truncated), ("end of parameters", nil, "the end", .truncated),
        ] as [(String, String?, String, ImportError.Kind)])
    func locatesWhatIsWrong(key: String, value: String?, place: String, kind: ImportError.Kind) throws {
        let error = try #require(lightgbmRefusal(of: LightGBMText().with(key, value)))
        #expect(error.place.hasPrefix(place), "\(error)")
        #expect(error.kind == kind, "\(error)")
    }

    /// Boundaries that go back would let many sets share the same words.
    @Test func refusesSetsThatShareWords() throws {
        func text(boundaries: String) -> String {
            LightGBMText().with("num_cat", "3")
                .replacing("cat_boundaries=0 1\n", with: "cat_boundaries=\(boundaries)\n")
        }
        #expect(lightgbmRefusal(of: text(boundaries: "0 1 1 1")) == nil)
        let error = try #require(lightgbmRefusal(of: text(boundaries: "0 1 0 1")))
        #expect(error.place == "Tree=0.cat_boundaries[2]", "\(error)")
        #expect(error.kind == .malformed, "\(error)")
    }

    @Test func refusesAKeyTwice() throws {
        let text = LightGBMText().text.replacing("num_cat=1\n", with: "num_cat=1\nnum_cat=1\n")
        #expect(try #require(lightgbmRefusal(of: text)).place.hasPrefix("Tree=0.num_cat"))
        let header = LightGBMText().text.replacing("num_class=1\n", with: "num_class=1\nnum_class=1\n")
        #expect(try #require(lightgbmRefusal(of: header)).place.hasPrefix("header.num_class"))
    }

    @Test(arguments: [
        (#"[["x","y",3]]"#, ImportError.Kind.unsupported), (#"[["x"#, .malformed), ("[[]]", .malformed),
        ("{}", .malformed),
        (#"[["x","y","z"],["x"],["x"]]"#, .unsupported), (#"[["x","y"]]"#, .malformed),
        (#"[[9007199254740993,1,2]]"#, .unsupported),
    ])
    func checksTheCategoriesOfTheFrame(json: String, kind: ImportError.Kind) throws {
        let text = LightGBMText().text.replacing(#"[["x","y","z"]]"#, with: json)
        let error = try #require(lightgbmRefusal(of: text))
        #expect(error.kind == kind, "\(error)")
    }

    @Test func knowsItsFilesByContent() {
        func recognizes(_ text: String) -> Bool { LightGBMImporter().recognizes(Array(text.utf8).span) }
        for text in ["tree\nversion", "tree\r\nversion"] { #expect(recognizes(text)) }
        for text in ["", "tree", "trees\n", "tre", "{\"name\":\"tree\"}"] { #expect(!recognizes(text)) }
    }

    // MARK: Damage

    private static let samples = ["categorical", "linear_trees", "pandas_categories", "crlf_named"]

    /// A text that is cut where nothing but the frame's categories or a line's end is missing still is a model.
    @Test(arguments: samples)
    func refusesAFileCutBeforeItsEnd(name: String) throws {
        let whole = try BoostingParityTests.named("lightgbm-4.6.0/" + name).modelBytes
        #expect(lightgbmRefusal(of: whole) == nil)
        let end = Array("end of parameters".utf8)
        let place = try #require(whole.indices.last { whole[$0...].starts(with: end) })
        var accepted = 0
        for length in 0..<place where lightgbmRefusal(of: Array(whole[..<length])) == nil { accepted += 1 }
        // Between the lines "end of trees" and "parameters:".
        let parameters = try #require(whole.indices.last { whole[$0...].starts(with: Array("parameters:".utf8)) })
        let trees = try #require(whole.indices.last { whole[$0...].starts(with: Array("end of trees".utf8)) })
        #expect(accepted <= parameters - trees)
        for length in 0..<trees { #expect(lightgbmRefusal(of: Array(whole[..<length])) != nil, "cut at \(length)") }
    }

    @Test(arguments: samples)
    func survivesDamage(name: String) throws {
        let whole = try BoostingParityTests.named("lightgbm-4.6.0/" + name).modelBytes
        let seed = UInt64.random(in: 0..<1 << 32)
        print("mutating \(name) from seed \(seed)")
        var generator = SeededGenerator(seed: seed)
        for _ in 0..<200 { _ = lightgbmRefusal(of: mutated(whole, using: &generator)) }
    }
}

/// A copy with a few bytes changed, removed, added or moved.
func mutated(_ original: [UInt8], using generator: inout SeededGenerator) -> [UInt8] {
    var bytes = original
    for _ in 0..<Int.random(in: 1...4, using: &generator) {
        let place = Int.random(in: 0..<bytes.count, using: &generator)
        switch Int.random(in: 0..<6, using: &generator) {
        case 0: bytes[place] = UInt8.random(in: 0...255, using: &generator)
        case 1: bytes[place] ^= 1 << UInt8.random(in: 0..<8, using: &generator)
        case 2: bytes.remove(at: place)
        case 3: bytes.insert(UInt8.random(in: 0...255, using: &generator), at: place)
        case 4: bytes[place] = UInt8(ascii: "0") + UInt8.random(in: 0..<10, using: &generator)
        default:
            let source = Int.random(in: 0..<bytes.count, using: &generator)
            let count = min(16, bytes.count - max(source, place))
            bytes.replaceSubrange(place..<place + count, with: bytes[source..<source + count])
        }
        if bytes.isEmpty { bytes = original }
    }
    return bytes
}
