import ModelIR
import Testing

@testable import ModelFormats

@Suite struct YAMLTests {
    private static func read(_ text: String) throws(ImportError) -> YAMLValue {
        try YAMLReader.read(Array(text.utf8), name: "MLmodel")
    }

    private static func map(_ pairs: (String, YAMLValue)...) -> YAMLValue {
        .mapping(pairs.map { YAMLValue.Pair(key: $0.0, value: $0.1) })
    }

    @Test(arguments: [
        ("", YAMLValue.none), ("# only a comment\n", .none), ("a", .scalar("a")),
        ("---\na: 1\n", map(("a", .scalar("1")))),
        ("a: b\nc:\n  d: e\n", map(("a", .scalar("b")), ("c", map(("d", .scalar("e")))))),
        ("a:\n- 1\n- 2\nb: 3", map(("a", .sequence([.scalar("1"), .scalar("2")])), ("b", .scalar("3")))),
        ("a:\n  - 1\n  -\n    b: 2\n", map(("a", .sequence([.scalar("1"), map(("b", .scalar("2")))])))),
        (
            "- a: 1\n  b: 2\n- - x\n  - y\n",
            .sequence([map(("a", .scalar("1")), ("b", .scalar("2"))), .sequence([.scalar("x"), .scalar("y")])])
        ),
        ("a: null\nb: ~\nc:\nd: ''\n", map(("a", .none), ("b", .none), ("c", .none), ("d", .scalar("")))),
        ("a: 'it''s'\n", map(("a", .scalar("it's")))),
        ("a: 'one\n\n  two\n\n\n  three'\n", map(("a", .scalar("one\ntwo\n\nthree")))),
        ("a: 'one\n  two' # why\n", map(("a", .scalar("one two")))),
        ("a: \"x\\ty\\u00e9\\\n  \\ z\\\"\"\n", map(("a", .scalar("x\tyé z\"")))),
        (
            "a: plain\n  goes on\n\n  and on # comment\nb: 1",
            map(("a", .scalar("plain goes on\nand on")), ("b", .scalar("1")))
        ),
        (
            "a: |\n  one\n   two\n\n  three\nb: |-\n  x\n",
            map(("a", .scalar("one\n two\n\nthree\n")), ("b", .scalar("x")))
        ),
        ("a: []\nb: {}\n", map(("a", .sequence([])), ("b", map()))),
        (
            "a: [1, 'b, c', {d: e}] # f\n",
            map(("a", .sequence([.scalar("1"), .scalar("b, c"), map(("d", .scalar("e")))])))
        ),
        ("'quoted: key': 1\n\"b\": 2\n", map(("quoted: key", .scalar("1")), ("b", .scalar("2")))),
        ("a: http://x:1/#y\nb: x#y\n", map(("a", .scalar("http://x:1/#y")), ("b", .scalar("x#y")))),
        ("a: 1\r\nb: 2\r\n", map(("a", .scalar("1")), ("b", .scalar("2")))),
        ("a: >\n  b\n  c\n", map(("a", .scalar("b c\n")))), ("? a\n: b\n", map(("a", .scalar("b")))),
        ("a: {b}\n", map(("a", map(("b", .none))))), ("a: |1\n  b\n", map(("a", .scalar(" b\n")))),
        ("a: [1,\n  2]\n", map(("a", .sequence([.scalar("1"), .scalar("2")])))),
        ("\u{FEFF}a: 1\n", map(("a", .scalar("1")))), ("\u{FEFF}", .none),
        ("a: 'null'\nb: Null\n", map(("a", .scalar("null")), ("b", .none))),
    ])
    func readsWhatPyYAMLWrites(text: String, value: YAMLValue) throws {
        #expect(try Self.read(text) == value)
    }

    @Test(arguments: [
        "a: &x 1\nb: *x\n", "a: !!python/object:os.system {}\n", "%YAML 1.1\n---\na: 1\n", "%TAG ! x\n---\na: 1\n",
        "a: 'b\n",
        "a: \"\\q\"\n", "a: [1, 2\n", "a: [&x 1]\n", "a: 1\n  b: 2\nc\n", "a: 'b' c\n", "a: 1\n b: 2\n", "- 1\na: 2\n",
        "&x a: 1\n", "a: &x [1]\n", "a: &x {b: 1}\n", "a: !x 1\n", "a: !!map {}\n", "a: *x\n", "a: 1\n---\nb: 2\n",
        "[a]: 1\n", "{a: 1}: 2\n", "a: \u{1}\n", "a: @b\n",
    ])
    func refusesTheRestOfYAML(text: String) throws {
        let error = try #require(importError { _ = try Self.read(text) })
        #expect(error.place.hasPrefix("MLmodel, line "), "\(error)")
    }

    @Test func boundsDepthAndSize() {
        #expect(importError { _ = try Self.read(String(repeating: "- ", count: 100) + "a") } != nil)
        #expect(importError { _ = try Self.read("a: " + String(repeating: "[", count: 10_000)) } != nil)
        #expect(
            importError { _ = try Self.read(String(repeating: "a", count: YAMLReader.bytesMax + 1)) }?.kind == .limit)
        #expect(importError { _ = try YAMLReader.read([0x61, 0xFF], name: "MLmodel") } != nil)
    }
}
