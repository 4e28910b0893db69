import ModelFormats
import ModelIR
import Testing

/// Writes UBJSON for tests.
private struct UBJSON {
    var bytes: [UInt8] = []

    static func integer(_ value: Int64, width: Int) -> [UInt8] {
        (0..<width).reversed().map { UInt8(truncatingIfNeeded: value >> Int64($0 * 8)) }
    }

    static func text(_ text: String) -> [UInt8] {
        [0x69] + integer(Int64(text.utf8.count), width: 1) + Array(text.utf8)
    }

    static func string(_ value: String) -> [UInt8] { [UInt8(ascii: "S")] + text(value) }

    static func object(_ members: [(String, [UInt8])]) -> [UInt8] {
        [UInt8(ascii: "{")] + members.flatMap { text($0.0) + $0.1 } + [UInt8(ascii: "}")]
    }

    static func array(_ elements: [[UInt8]]) -> [UInt8] {
        [UInt8(ascii: "[")] + elements.flatMap { $0 } + [UInt8(ascii: "]")]
    }

    /// `[$type#count` and nothing more.
    static func announcement(_ type: Character, _ count: Int64) -> [UInt8] {
        Array("[$\(type)#L".utf8) + integer(count, width: 8)
    }

    static func typed(_ type: Character, width: Int, _ values: [Int64]) -> [UInt8] {
        announcement(type, Int64(values.count)) + values.flatMap { integer($0, width: width) }
    }

    static func floats(_ values: [Float]) -> [UInt8] {
        typed("d", width: 4, values.map { Int64($0.bitPattern) })
    }

    /// A sound model of one tree with the left children given.
    static func model(
        left: [UInt8] = typed("l", width: 4, [1, -1, -1]), right: [UInt8] = typed("L", width: 8, [2, -1, -1]),
        conditions: [UInt8] = floats([0.5, 1, 2]), extra: [(String, [UInt8])] = []
    ) -> [UInt8] {
        let tree = object([
            ("left_children", left), ("right_children", right), ("split_indices", typed("I", width: 2, [0, 0, 0])),
            ("split_conditions", conditions), ("default_left", typed("U", width: 1, [1, 0, 0])),
            ("tree_param", object([("num_nodes", string("3"))])),
        ])
        return object([
            (
                "learner",
                object(
                    [
                        ("learner_model_param", object([("base_score", string("0.5")), ("num_feature", string("1"))])),
                        ("objective", object([("name", string("reg:squarederror"))])),
                        (
                            "gradient_booster",
                            object([
                                ("name", string("gbtree")),
                                ("model", object([("tree_info", array([[0x69, 0]])), ("trees", array([tree]))])),
                            ])
                        ),
                    ] + extra)
            )
        ])
    }
}

@Suite struct XGBoostUBJSONTests {
    @Test func takesEveryWayToWriteANumber() {
        #expect(xgboostRefusal(of: UBJSON.model()) == nil)
        let ways: [[UInt8]] = [
            UBJSON.typed("i", width: 1, [1, -1, -1]), UBJSON.typed("I", width: 2, [1, -1, -1]),
            UBJSON.typed("L", width: 8, [1, -1, -1]), UBJSON.array([[0x69, 1], [0x69, 0xFF], [0x49, 0xFF, 0xFF]]),
            Array("[#i".utf8) + [3, 0x69, 1, 0x69, 0xFF, 0x69, 0xFF],
            Array("[NN".utf8) + [0x69, 1, 0x4E, 0x69, 0xFF, 0x69, 0xFF] + Array("N]".utf8),
        ]
        for way in ways {
            let error = xgboostRefusal(of: UBJSON.model(left: way))
            #expect(error == nil, "\(String(describing: error))")
        }
        let doubles = UBJSON.typed("D", width: 8, [0.5, 1, 2].map { Int64(bitPattern: Double($0).bitPattern) })
        #expect(xgboostRefusal(of: UBJSON.model(conditions: doubles)) == nil)
    }

    @Test(
        arguments: [
            ("l", Int64.max), ("l", 1 << 40), ("L", Int64.max / 8), ("U", 1 << 33), ("l", -1), ("d", Int64.min),
            ("D", 100_000),
        ] as [(Character, Int64)])
    func holdsAnAnnouncedCountAgainstTheBytesLeft(type: Character, count: Int64) throws {
        let error = try #require(xgboostRefusal(of: UBJSON.model(left: UBJSON.announcement(type, count))))
        #expect(error.place.contains("left_children"), "\(error)")
        #expect(error.found.contains("\(count)"), "\(error)")
    }

    @Test(arguments: ["Z", "T", "F", "N", "S", "[", "{", "C", "H", "x"] as [Character])
    func refusesArraysOfTypesThatHoldNoNumber(type: Character) throws {
        // Elements of Z, T, F and N take no bytes at all: a count of them would be free.
        let bytes = UBJSON.announcement(type, 1 << 40)
        for model in [UBJSON.model(left: bytes), UBJSON.model(extra: [("other", bytes)])] {
            let error = try #require(xgboostRefusal(of: model))
            #expect(error.kind == .malformed, "\(error)")
        }
    }

    @Test func boundsCountedArraysWithoutAType() throws {
        let bytes = Array("[#L".utf8) + UBJSON.integer(1 << 50, width: 8) + Array("]".utf8)
        for model in [UBJSON.model(left: bytes), UBJSON.model(extra: [("other", bytes)])] {
            #expect(xgboostRefusal(of: model)?.kind == .truncated)
        }
    }

    @Test func refusesAStringLongerThanTheFile() throws {
        let bytes = Array("SL".utf8) + UBJSON.integer(1 << 60, width: 8)
        #expect(xgboostRefusal(of: UBJSON.model(extra: [("other", bytes)]))?.kind == .truncated)
        #expect(xgboostRefusal(of: UBJSON.model(extra: [("attributes", bytes)])) != nil)
    }

    @Test func refusesCountedObjectsAndOtherMarkers() {
        for text in ["{#i\u{1}", "{$i#i\u{1}", "x", "]", "}", "N"] {
            #expect(xgboostRefusal(of: UBJSON.model(extra: [("other", Array(text.utf8))])) != nil, "\(text)")
        }
    }

    @Test func skipsEveryKindOfValue() {
        let values: [[UInt8]] = [
            Array("Z".utf8), Array("T".utf8), Array("F".utf8), Array("Cx".utf8), Array("Hi\u{3}1e5".utf8),
            UBJSON.string("x"),
            UBJSON.floats([1, 2]), UBJSON.array([Array("T".utf8), UBJSON.object([("a", UBJSON.array([]))])]),
            [0x44, 0, 0, 0, 0, 0, 0, 0, 0], Array("NNZ".utf8), Array("[#i\u{2}TZ".utf8),
        ]
        for value in values {
            let error = xgboostRefusal(of: UBJSON.model(extra: [("other", value)]))
            #expect(error == nil, "\(String(describing: error))")
        }
    }

    @Test func boundsDepth() throws {
        let deep = [UInt8](repeating: UInt8(ascii: "["), count: 100_000)
        #expect(xgboostRefusal(of: UBJSON.model(extra: [("other", deep)]))?.kind == .limit)
        let objects = [[UInt8]](repeating: Array("{i\u{1}a".utf8), count: 100_000).flatMap { $0 }
        #expect(xgboostRefusal(of: UBJSON.model(extra: [("other", objects)]))?.kind == .limit)
    }

    @Test func refusesTextThatIsNoUTF8() {
        let bytes = UBJSON.array([[UInt8(ascii: "S"), 0x69, 2, 0xC3, 0x28]])
        #expect(xgboostRefusal(of: UBJSON.model(extra: [("feature_names", bytes)]))?.kind == .malformed)
    }

    @Test func locatesABadChild() throws {
        let error = try #require(xgboostRefusal(of: UBJSON.model(left: UBJSON.typed("l", width: 4, [900, -1, -1]))))
        #expect(
            error.description
                == "learner.gradient_booster.model.trees[0].left_children[0]: found 900, expected -1 or 1..<3")
    }
}
