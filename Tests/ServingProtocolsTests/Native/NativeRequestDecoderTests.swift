import InferenceAPI
import SeededRandom
import TensorCore
import Testing

@testable import ServingProtocols

/// Two numbers that may be missing, a required number and a string with known categories.
private let layout = RowLayout(columns: [
    Column(name: "CRIM", kind: .float64, acceptsMissing: true),
    Column(name: "RM", kind: .float64, acceptsMissing: true),
    Column(name: "TAX", kind: .float64),
    Column(name: "ZONE", kind: .string, acceptsMissing: true, categories: ["north", "south"]),
])

private let unnamed = RowLayout(columns: [
    Column(name: nil, kind: .float64, acceptsMissing: true), Column(name: nil, kind: .float64, acceptsMissing: true),
])

/// The rows of a body as text, one value after the other; missing values are `-`.
private func rows(of body: String, _ layout: RowLayout) throws -> (request: NativeRequest, rows: [[String]]) {
    var decoder = NativeRequestDecoder()
    var batch = RowBatch(layout: layout)
    let bytes = Array(body.utf8)
    let request = try decoder.decode(bytes.span, into: &batch)
    var rows: [[String]] = []
    for row in 0..<batch.rowCount {
        var values: [String] = []
        for column in 0..<layout.width {
            if batch.isMissing(row: row, column: column) {
                values.append("-")
            } else if layout.columns[column].kind == .string {
                let span = batch.stringBytes(row: row, column: column)
                values.append(String(decoding: (0..<span.count).map { span[$0] }, as: UTF8.self))
            } else {
                values.append("\(batch.double(row: row, column: column))")
            }
        }
        rows.append(values)
    }
    return (request, rows)
}

private func refusal(of body: String, _ layout: RowLayout = layout, numbersMax: Int = 1 << 20) -> InferenceError? {
    var decoder = NativeRequestDecoder(numbersMax: numbersMax)
    var batch = RowBatch(layout: layout)
    batch.appendRow()
    let bytes = Array(body.utf8)
    do {
        _ = try decoder.decode(bytes.span, into: &batch)
        return nil
    } catch {
        #expect(batch.rowCount == 1, "a refused body leaves no row behind")
        return error
    }
}

private func problem(_ error: InferenceError?) -> InferenceProblem? {
    switch error {
    case .malformed(let problem)?, .invalid(let problem)?: problem
    default: nil
    }
}

@Suite struct NativeRequestDecoderTests {
    @Test(arguments: [
        (#"{"CRIM": 0.5, "RM": 6, "TAX": 300, "ZONE": "north"}"#, [["0.5", "6.0", "300.0", "north"]]),
        (#" { "TAX" : 3e2 , "ZONE" : "s\u00fcd" } "#, [["-", "-", "300.0", "süd"]]),
        (#"{"TAX": true, "CRIM": null}"#, [["-", "-", "1.0", "-"]]),
        (#"{"T\u0041X": 1}"#, [["-", "-", "1.0", "-"]]),
        (#"[1, 2, 3, "north"]"#, [["1.0", "2.0", "3.0", "north"]]),
        (#"[null, 2, 3, null]"#, [["-", "2.0", "3.0", "-"]]),
        (#"[{"TAX": 1}, {"TAX": 2, "ZONE": ""}]"#, [["-", "-", "1.0", "-"], ["-", "-", "2.0", ""]]),
        (#"[[1, 2, 3, "a"], [4, 5, 6, "b"]]"#, [["1.0", "2.0", "3.0", "a"], ["4.0", "5.0", "6.0", "b"]]),
        (#"{"instances": [{"TAX": 1}]}"#, [["-", "-", "1.0", "-"]]),
        (#"{"instances": [[1, 2, 3, "a"]]}"#, [["1.0", "2.0", "3.0", "a"]]),
        (
            #"{"columns": ["TAX", "CRIM"], "data": [[1, 2], [3, null]]}"#,
            [["2.0", "-", "1.0", "-"], ["-", "-", "3.0", "-"]]
        ),
        (#"{"data": [[1, "x"]], "columns": ["TAX", "ZONE"]}"#, [["-", "-", "1.0", "x"]]),
    ])
    func readsEveryForm(body: String, expected: [[String]]) throws {
        #expect(try rows(of: body, layout).rows == expected)
    }

    @Test func readsRowsOfAModelWithoutNames() throws {
        #expect(try rows(of: "[1.5, -2]", unnamed).rows == [["1.5", "-2.0"]])
        #expect(try rows(of: #"{"instances": [[1, 2], [3, null]]}"#, unnamed).rows == [["1.0", "2.0"], ["3.0", "-"]])
        #expect(problem(refusal(of: #"{"a": 1}"#, unnamed))?.detail.contains("without column names") == true)
    }

    @Test func takesAnythingForAColumnThatTheModelDoesNotUse() throws {
        var owner = Column(name: "owner", kind: .float64, acceptsMissing: true)
        owner.isUsed = false
        let layout = RowLayout(columns: [owner, Column(name: "x", kind: .float64)])
        for value in [#""Ann""#, "7", "null", "[1, {}]"] {
            #expect(try rows(of: #"{"owner": \#(value), "x": 1}"#, layout).rows == [["-", "1.0"]])
        }
    }

    @Test func answersOneRecordWithOneValue() throws {
        #expect(try rows(of: #"{"TAX": 1}"#, layout).request.isSingle)
        #expect(try rows(of: "[1, 2, 3, null]", layout).request.isSingle)
        #expect(try !rows(of: #"[{"TAX": 1}]"#, layout).request.isSingle)
        #expect(try !rows(of: #"{"instances": [[1, 2, 3, null]]}"#, layout).request.isSingle)
    }

    @Test func takesAReservedKeyForAFieldWhereTheModelHasOne() throws {
        let layout = RowLayout(columns: [
            Column(name: "data", kind: .float64), Column(name: "instances", kind: .float64),
        ])
        #expect(try rows(of: #"{"data": 1, "instances": 2}"#, layout).rows == [["1.0", "2.0"]])
    }

    @Test(arguments: [
        ("", "", "empty"),
        ("{", "", "not valid JSON"),
        ("7", "", "not a request"),
        (#"{"TAX": 1} x"#, "", "not valid JSON"),
        (#"{"TAX": NaN}"#, "", "not valid JSON"),
        (#"{"TAX": 1e400}"#, "/TAX", "out of range"),
        (#"{"TAX": 1e400"#, "/TAX", "out of range"),
        (#"{"CRIM": 1}"#, "/TAX", "missing"),
        (#"{"TAX": null}"#, "/TAX", "no rule for a missing value"),
        (#"{"TAX": "abc"}"#, "/TAX", "wrong type"),
        (#"{"TAX": [1]}"#, "/TAX", "wrong type"),
        (#"{"TAX": {"a": [1, {}]}}"#, "/TAX", "wrong type"),
        (#"{"TAX": 1, "ZONE": 7}"#, "/ZONE", "wrong type"),
        (#"{"TAX": 1, "TAX": 2}"#, "/TAX", "twice"),
        (#"{"TAX": 1, "CRYM": 2}"#, "/CRYM", "no such field"),
        (#"{"TAX": 1, "a/b~c": 2}"#, "/a~1b~0c", "no such field"),
        (#"[{"TAX": 1}, {"TAX": "x"}]"#, "/1/TAX", "wrong type"),
        (#"{"instances": [[1, 2, 3, "a"], [1, 2, "x", "a"]]}"#, "/instances/1/2", "wrong type"),
        (#"{"instances": [[1, 2, 3]]}"#, "/instances/0", "wrong number"),
        (#"{"instances": [[1, 2, 3, "a", 5]]}"#, "/instances/0", "wrong number"),
        (#"{"instances": []}"#, "/instances", "no rows"),
        (#"{"instances": [1]}"#, "/instances/0", "not a row"),
        (#"[[1, 2, 3, "a"], {"TAX": 1}]"#, "/1", "not a row"),
        (#"{"instances": [{"TAX": 1}], "TAX": 1}"#, "/TAX", "mixes"),
        (#"{"TAX": 1, "instances": [{"TAX": 1}]}"#, "/instances", "no such field"),
        (#"{"columns": ["TAX"]}"#, "", "both columns and data"),
        (#"{"data": [[1]]}"#, "", "both columns and data"),
        (#"{"columns": ["TAX", "TAX"], "data": [[1, 2]]}"#, "/columns/1", "twice"),
        (#"{"columns": ["CRIM"], "data": [[1]]}"#, "/columns", "missing"),
        (#"{"columns": ["TAX", 3], "data": [[1]]}"#, "/columns/1", "not a column name"),
        (#"{"columns": ["TAX"], "data": [1]}"#, "/data/0", "not a row"),
        (#"{"columns": ["TAX"], "data": [[1], ["x"]]}"#, "/data/1/0", "wrong type"),
        ("[]", "", "no rows"),
    ])
    func refusesWithThePlace(body: String, pointer: String, detail: String) throws {
        let found = try #require(problem(refusal(of: body)))
        #expect(found.pointer == pointer)
        #expect(found.detail.contains(detail), "\(found.detail)")
    }

    @Test func namesTheNearestField() {
        #expect(problem(refusal(of: #"{"TAX": 1, "CRYM": 2}"#))?.nearest == "CRIM")
        #expect(problem(refusal(of: #"{"TAX": 1, "tax ": 2}"#))?.nearest == "TAX")
        #expect(problem(refusal(of: #"{"TAX": 1, "altogether": 2}"#))?.nearest == nil)
    }

    @Test func tellsSyntaxFromValues() {
        guard case .malformed(let syntax)? = refusal(of: #"{"TAX": 01}"#) else { return #expect(Bool(false)) }
        #expect(syntax.offset != nil)
        guard case .invalid? = refusal(of: #"{"TAX": "1"}"#) else { return #expect(Bool(false)) }
    }

    @Test func boundsTheRowsOfOneRequest() {
        let body = "[" + Array(repeating: #"{"TAX":1}"#, count: 50).joined(separator: ",") + "]"
        #expect(refusal(of: body, numbersMax: 4 * 60) == nil)
        #expect(refusal(of: body, numbersMax: 4 * 40) == .tooLarge(limit: "40 rows for this model"))
    }

    @Test func countsTheOutputsOfARowWhereTheyAreMore() {
        var decoder = NativeRequestDecoder(numbersMax: 100)
        var batch = RowBatch(layout: unnamed)
        let body = Array("[[1, 2], [3, 4], [5, 6]]".utf8)
        #expect(throws: InferenceError.tooLarge(limit: "2 rows for this model")) {
            try decoder.decode(body.span, outputsPerRow: 50, into: &batch)
        }
        #expect(throws: Never.self) { try decoder.decode(body.span, outputsPerRow: 30, into: &batch) }
    }

    @Test func rowsOfOtherRequestsDoNotCount() throws {
        var decoder = NativeRequestDecoder(numbersMax: 4)
        var batch = RowBatch(layout: unnamed)
        let body = Array("[[1, 2], [3, 4]]".utf8)
        for _ in 0..<3 { _ = try decoder.decode(body.span, into: &batch) }
        #expect(batch.rowCount == 6)
    }

    @Test func refusesABodyCutAtEveryByte() {
        let body = #"{"columns": ["TAX", "ZONE"], "data": [[1.5e3, "n\u00f6rd"], [2, null]]}"#
        for length in 0..<body.utf8.count {
            #expect(refusal(of: String(decoding: Array(body.utf8).prefix(length), as: UTF8.self)) != nil)
        }
    }

    @Test func survivesMutatedBodies() {
        let seed = UInt64.random(in: 0 ... .max)
        var random = SeededGenerator(seed: seed)
        let bodies = [
            #"{"CRIM": 0.5, "RM": 6, "TAX": 300, "ZONE": "north"}"#,
            #"{"instances": [[1, 2, 3, "a"], [4, 5, 6, null]]}"#,
            #"{"columns": ["TAX", "CRIM"], "data": [[1, 2], [3, null]]}"#,
        ]
        var decoder = NativeRequestDecoder()
        var batch = RowBatch(layout: layout)
        for _ in 0..<20_000 {
            var bytes = Array(bodies[Int(random.next() % UInt64(bodies.count))].utf8)
            for _ in 0...(random.next() % 4) {
                bytes[Int(random.next() % UInt64(bytes.count))] = UInt8(truncatingIfNeeded: random.next())
            }
            let before = batch.rowCount
            do {
                let request = try decoder.decode(bytes.span, into: &batch)
                #expect(batch.rowCount == before + request.rowCount, "seed \(seed)")
            } catch {
                #expect(batch.rowCount == before, "seed \(seed)")
            }
            if batch.rowCount > 1_000 { batch.removeAll() }
        }
    }

    @Test(arguments: [
        (#"{"TAX": 1, "COLOUR": {"deep": [1]}, "RM": 2}"#, [["-", "2.0", "1.0", "-"]]),
        (#"{"COLOUR": "red", "TAX": 1}"#, [["-", "-", "1.0", "-"]]),
        (#"[{"TAX": 1, "COLOUR": "red"}]"#, [["-", "-", "1.0", "-"]]),
    ])
    func passesOverUnknownFieldsWhereTheModelSaysSo(body: String, expected: [[String]]) throws {
        let lenient = RowLayout(columns: layout.columns, recordPolicy: RecordPolicy(unknownFields: .ignore))
        #expect(try rows(of: body, lenient).rows == expected)
        #expect(problem(refusal(of: body))?.detail == "the model has no such field")
    }

    @Test func wantsEachFieldWhereTheModelSaysSo() throws {
        let complete = RowLayout(columns: layout.columns, recordPolicy: RecordPolicy(absentFields: .refuse))
        let whole = #"{"TAX": 1, "CRIM": null, "RM": null, "ZONE": null}"#
        #expect(try rows(of: whole, complete).rows == [["-", "-", "1.0", "-"]])
        #expect(problem(refusal(of: #"{"TAX": 1, "CRIM": null, "RM": 2}"#, complete))?.pointer == "/ZONE")
        #expect(problem(refusal(of: "[{}]", complete))?.pointer == "/0/CRIM")
    }

    // MARK: Columns with rules of their own

    private static let categories: RowLayout = {
        var category = Column(name: "zone", kind: .string, acceptsMissing: true)
        category.takesWholeNumbersAsText = true
        var needed = Column(name: "area", kind: .float64, acceptsMissing: true)
        needed.isRequired = true
        return RowLayout(columns: [category, needed])
    }()

    @Test(arguments: [
        ("7", "7"), ("-3", "-3"), ("18446744073709551615", "18446744073709551615"), ("true", "1"), ("false", "0"),
        ("\"7\"", "7"), ("\"true\"", "true"), ("null", "-"),
    ])
    func takesWholeNumbersAsTextWhereTheColumnDoes(value: String, text: String) throws {
        let body = "{\"zone\": \(value), \"area\": 1}"
        #expect(try rows(of: body, Self.categories).rows == [[text, "1.0"]])
    }

    @Test(arguments: ["1.5", "1.0", "1e3", "[1]"])
    func refusesACategoryWithAFraction(value: String) {
        let error = refusal(of: "{\"zone\": \(value), \"area\": 1}", Self.categories)
        #expect(problem(error)?.pointer == "/zone")
        #expect(refusal(of: "{\"ZONE\": 1, \"TAX\": 1}") != nil)
    }

    @Test func refusesARecordWithoutARequiredField() throws {
        #expect(problem(refusal(of: "{\"zone\": \"a\"}", Self.categories))?.pointer == "/area")
        #expect(try rows(of: "{\"area\": null}", Self.categories).rows == [["-", "-"]])
    }
}
