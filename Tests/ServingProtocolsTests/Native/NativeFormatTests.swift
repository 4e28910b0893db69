import ByteCoding
import InferenceAPI
import SeededRandom
import TensorCore
import Testing

@testable import ServingProtocols

/// A column of each kind; `n` and `z` may be missing.
private let layout = RowLayout(columns: [
    Column(name: "x", kind: .float64),
    Column(name: "n", kind: .int64, acceptsMissing: true),
    Column(name: "z", kind: .string, acceptsMissing: true, categories: ["a", "b"]),
])

private let numbers = RowLayout(columns: [
    Column(name: "p", kind: .float64, acceptsMissing: true), Column(name: "q", kind: .float64, acceptsMissing: true),
    Column(name: "r", kind: .float64, acceptsMissing: true),
])

private let lines = NativeFormat(body: .lines)
private let table = NativeFormat(body: .table(.untold))

/// What a body came to.
private struct Decoded {
    var request: NativeRequest?
    var error: InferenceError?
    var failures: [RowIsolation.Failure] = []
    /// Missing values are `-`.
    var rows: [[String]] = []
    var identity: [UInt8] = []

    var problem: InferenceProblem? {
        switch error {
        case .malformed(let problem)?, .invalid(let problem)?: problem
        default: nil
        }
    }
}

private func decode(
    _ body: [UInt8], as format: NativeFormat, _ layout: RowLayout = layout, isolating: Bool = false,
    numbersMax: Int = 1 << 20
) -> Decoded {
    var decoder = NativeRequestDecoder(numbersMax: numbersMax)
    var batch = RowBatch(layout: layout)
    batch.appendRow()
    var isolation = isolating ? RowIsolation() : nil
    var decoded = Decoded()
    do throws(InferenceError) {
        decoded.request = try decoder.decode(body.span, as: format, isolation: &isolation, into: &batch)
    } catch {
        #expect(batch.rowCount == 1, "a refused body leaves no row behind")
        decoded.error = error
    }
    decoded.failures = isolation?.failures ?? []
    for row in 1..<batch.rowCount { decoded.rows.append(texts(batch, row)) }
    batch.appendIdentity(of: 1..<batch.rowCount, to: &decoded.identity)
    return decoded
}

private func decode(
    _ body: String, as format: NativeFormat, _ layout: RowLayout = layout, isolating: Bool = false
) -> Decoded { decode(Array(body.utf8), as: format, layout, isolating: isolating) }

private func texts(_ batch: borrowing RowBatch, _ row: Int) -> [String] {
    var texts: [String] = []
    for (column, described) in batch.layout.columns.enumerated() {
        if batch.isMissing(row: row, column: column) {
            texts.append("-")
        } else if described.kind == .string {
            let span = batch.stringBytes(row: row, column: column)
            texts.append(String(decoding: span.indices.map { span[$0] }, as: UTF8.self))
        } else if described.kind == .int64 {
            texts.append("\(batch.int64(row: row, column: column))")
        } else {
            texts.append("\(batch.double(row: row, column: column))")
        }
    }
    return texts
}

@Suite struct NativeLinesTests {
    @Test(arguments: [
        ("{\"x\": 1, \"n\": 2, \"z\": \"a\"}\n{\"z\": \"b\", \"x\": 2.5}\n", [["1.0", "2", "a"], ["2.5", "-", "b"]]),
        ("[1, 2, \"a\"]\r\n[2, null, null]", [["1.0", "2", "a"], ["2.0", "-", "-"]]),
        ("\n \t\r\n{\"x\": 1}\n\n{\"x\": 2}\n\n", [["1.0", "-", "-"], ["2.0", "-", "-"]]),
    ])
    func readsADocumentALine(body: String, expected: [[String]]) {
        let decoded = decode(body, as: lines)
        #expect(decoded.rows == expected)
        #expect(decoded.request?.isSingle == false)
    }

    @Test(
        arguments: [
            ("", "no rows", nil, ""),
            ("\n\n", "no rows", nil, ""),
            ("{\"x\": 1}\n{\"x\": \"?\"}\n", "wrong type", .line(2), "/x"),
            ("\n\n{\"x\": 1}\n[1, 2, \"a\"]", "not a row", .line(4), ""),
            ("{\"x\": 1}\n{\"x\":\n 1}", "not valid JSON", .line(2), ""),
            ("{\"x\": 1} {\"x\": 2}\n", "not valid JSON", .line(1), ""),
            ("7\n", "not a row", .line(1), ""),
            ("nul\n", "not valid JSON", .line(1), ""),
            ("truex\n", "not valid JSON", .line(1), ""),
            ("\"a\n", "not valid JSON", .line(1), ""),
            ("7 8\n", "not valid JSON", .line(1), ""),
            ("[1, 2]\n", "wrong number", .line(1), ""),
        ] as [(String, String, BodyLine?, String)])
    func tellsTheLine(body: String, detail: String, line: BodyLine?, pointer: String) {
        let problem = decode(body, as: lines).problem
        #expect(problem?.detail.contains(detail) == true, "\(problem.debugDescription)")
        #expect(problem?.line == line)
        #expect(problem?.pointer == pointer)
    }

    @Test func givesEachLineItsOwnOutcome() {
        let body = "{\"x\": 1}\n{\"x\"\n[1]\n\n{\"x\": 3}\n{\"x\": \"?\"}\n"
        let decoded = decode(body, as: lines, isolating: true)
        #expect(decoded.error == nil)
        #expect(decoded.rows.map { $0[0] } == ["1.0", "3.0"])
        #expect(decoded.failures.map(\.row) == [1, 2, 4])
        #expect(decoded.failures.map(\.problem.line) == [.line(2), .line(3), .line(6)])
    }

    @Test func aFirstLineThatFailsDoesNotDecideOnTheOthers() {
        let decoded = decode("[1]\n{\"x\": 1}\n{\"x\": 2}\n", as: lines, isolating: true)
        #expect(decoded.failures.map(\.row) == [0])
        #expect(decoded.rows.count == 2)
    }

    @Test func tellsTheLineOfARowThatTheModelRefuses() {
        let fault = RowFault(row: 5, column: 2, reason: .unknownCategory)
        func problem(_ body: String, _ format: NativeFormat) -> InferenceProblem? {
            decode(body, as: format).request.map { FaultProblem.problem(fault, $0, firstRow: 4, layout) }
        }
        let records = problem("{\"x\": 1}\n{\"x\": 2}\n", lines)
        #expect(records?.line == .line(2))
        #expect(records?.pointer == "/z")
        #expect(problem("[1,2,\"a\"]\n[1,2,\"a\"]\n", lines)?.pointer == "/2")
        #expect(problem("{\"x\": 1}\n\n{\"x\": 2}\n", lines)?.place == "row 2")
        #expect(problem("x,n,z\n1,2,a\n1,2,c\n", table)?.place == "line 3, column \"z\"")
        #expect(problem("1,2,a\n1,2,c\n", table)?.place == "line 2, column \"z\"")
        #expect(problem("1,2,\"a\n\"\n1,2,c\n", table)?.place == "row 2, column \"z\"")
        #expect(problem("1,2,a\n1,2,c\n", table)?.pointer == "")
    }

    @Test func countsColumnsWithoutANameFromOne() {
        let plain = RowLayout(columns: [Column(name: "x", kind: .float64), Column(name: nil, kind: .float64)])
        let fault = RowFault(row: 0, column: 1, reason: .exceedsFloat32)
        func problem(_ body: String, _ format: NativeFormat) -> InferenceProblem? {
            decode(body, as: format, plain).request.map { FaultProblem.problem(fault, $0, firstRow: 0, plain) }
        }
        let table = problem("1,2\n", NativeFormat(body: .table(.absent)))
        #expect(table?.place == "line 1, column \"2\"" && table?.detail.hasPrefix("column 2: ") == true)
        // Pointers count from zero.
        let row = problem("[[1,2]]", NativeFormat(body: .json))
        #expect(row?.pointer == "/0/1" && row?.detail.hasPrefix("column 2: ") == true)
        let absent = decode("{\"columns\":[\"x\"],\"data\":[[1]]}", as: NativeFormat(body: .json), plain)
        #expect(absent.problem?.expected == "\"2\"")
    }
}

@Suite struct NativeTableTests {
    @Test(arguments: [
        ("x,n,z\n1,2,a\n", [["1.0", "2", "a"]]),
        ("\u{feff}z,x\r\na,1\r\n\"b, \"\"c\"\"\",-2e1\r\n", [["1.0", "-", "a"], ["-20.0", "-", "b, \"c\""]]),
        ("1,2,a\n+.5,3.0,\"two\nlines\"\n", [["1.0", "2", "a"], ["0.5", "3", "two\nlines"]]),
        ("1,,\n2,NaN,NaN\n", [["1.0", "-", "-"], ["2.0", "-", "NaN"]]),
        ("1,\"\",\"\"\n", [["1.0", "-", "-"]]),
        ("True,NA,3\nFALSE, 4 , a \n", [["1.0", "-", "3"], ["0.0", "4", " a "]]),
        ("\n\n1,2,a\n\n", [["1.0", "2", "a"]]),
        ("\"x\",\"z\"\n\"1\",\"null\"\n", [["1.0", "-", "null"]]),
    ])
    func readsTheCells(body: String, expected: [[String]]) {
        let decoded = decode(body, as: table)
        #expect(decoded.rows == expected, "\(String(describing: decoded.error))")
        #expect(decoded.request?.isSingle == false)
    }

    @Test func readsNumbersOfEveryKindOfCell() {
        let body = "1,,3\n\"4\",5e0,\n,nan,NULL\n007,<NA>, 2\n"
        let expected = [["1.0", "-", "3.0"], ["4.0", "5.0", "-"], ["-", "-", "-"], ["7.0", "-", "2.0"]]
        #expect(decode(body, as: table, numbers).rows == expected)
        #expect(decode("r,p,q\n" + body, as: table, numbers).rows == expected.map { [$0[1], $0[2], $0[0]] })
    }

    @Test func takesAHeaderAsItIsTold() {
        let named = RowLayout(columns: [Column(name: "0", kind: .float64), Column(name: "1", kind: .float64)])
        // Names that are numbers are values, unless the request says otherwise.
        #expect(decode("1,0\n5,6\n", as: table, named).rows.count == 2)
        #expect(decode("1,0\n5,6\n", as: NativeFormat(body: .table(.present)), named).rows == [["6.0", "5.0"]])
        let words = RowLayout(columns: [
            Column(name: "a", kind: .string, acceptsMissing: true), Column(name: "b", kind: .string),
        ])
        #expect(decode("b,a\n1,2\n", as: table, words).rows == [["2", "1"]])
        #expect(
            decode("b,a\n1,2\n", as: NativeFormat(body: .table(.absent)), words).rows == [["b", "a"], ["1", "2"]])
    }

    @Test func knowsAHeaderWithAMistakeForOne() {
        #expect(decode("x,n,zz\n1,2,a\n", as: table).problem?.detail == "the model has no such field")
        #expect(decode("x,n,zz\n1,2,a\n", as: table).problem?.nearest == "z")
        #expect(decode("x,n,zz\n1,2,a\n", as: table).problem?.line == .line(1))
        // Less than half of it are names: a row, then.
        #expect(decode("x,6,7\n", as: table).problem?.column == "x")
    }

    @Test func passesOverTheHeaderOfAModelWithoutNames() {
        let unnamed = RowLayout(columns: [Column(name: nil, kind: .float64), Column(name: nil, kind: .float64)])
        let present = NativeFormat(body: .table(.present))
        #expect(decode("0,1\n2,3\n", as: present, unnamed).rows == [["2.0", "3.0"]])
        #expect(decode("0,1\n2,3\n", as: table, unnamed).rows.count == 2)
        #expect(decode("0,1\n2,x\n", as: present, unnamed).problem?.place == "line 2, column \"2\"")
    }

    @Test func matchesColumnsByTheModelsPolicy() {
        #expect(decode("x,w\n1,2\n", as: table).problem?.detail == "the model has no such field")
        #expect(decode("n,z\n1,a\n", as: table).problem?.detail.contains("a column is missing") == true)
        #expect(decode("x,x\n1,2\n", as: table).problem?.detail.contains("named twice") == true)
        let lenient = RowLayout(columns: layout.columns, recordPolicy: RecordPolicy(unknownFields: .ignore))
        #expect(decode("w,x\n\"any, thing\",2\n", as: table, lenient).rows == [["2.0", "-", "-"]])
        let strict = RowLayout(columns: layout.columns, recordPolicy: RecordPolicy(absentFields: .refuse))
        #expect(decode("x\n1\n", as: table, strict).problem?.detail.contains("complete") == true)
        #expect(decode("x,n,z\n1,,\n", as: table, strict).rows == [["1.0", "-", "-"]])
    }

    @Test(
        arguments: [
            ("", "no rows", nil, nil),
            ("x,n,z\n", "no rows", nil, nil),
            ("x,n,z\n1,2,a\nabc,2,a\n", "wrong type", .line(3), "x"),
            ("1,2.5,a\n", "fraction", .line(1), "n"),
            ("1e400,2,a\n", "out of range", .line(1), "x"),
            ("inf,2,a\n", "wrong type", .line(1), "x"),
            (",2,a\n", "no rule for a missing value", .line(1), "x"),
            ("1,2,\"a\nb\"\n1,2\n", "wrong number", .line(3), nil),
            ("1,2,a,4\n", "wrong number", .line(1), nil),
            ("1,2,a\"b\n", "not valid CSV", .line(1), "z"),
            ("1,2,a\n1,2,\"b\n1,2,c\n", "not closed", .line(2), nil),
        ] as [(String, String, BodyLine?, String?)])
    func tellsLineAndColumn(body: String, detail: String, line: BodyLine?, column: String?) {
        let decoded = decode(body, as: table)
        #expect(decoded.problem?.detail.contains(detail) == true, "\(decoded)")
        #expect(decoded.problem?.line == line)
        #expect(decoded.problem?.column == column)
    }

    @Test func repeatsNoMoreOfACellThanHelps() {
        let cell = String(repeating: "é", count: 100_000)
        #expect((decode("\(cell),2,a\n", as: table).problem?.found?.utf8.count ?? .max) < 400)
    }

    @Test func givesEachLineItsOwnOutcome() {
        let body = "x,n,z\n1,2,a\n1,2\n?,2,a\n1,2,a,b\n1,2,\"a\"b\n5,,\n"
        let decoded = decode(body, as: table, isolating: true)
        #expect(decoded.rows.map { $0[0] } == ["1.0", "5.0"])
        #expect(decoded.failures.map(\.row) == [1, 2, 3, 4])
        #expect(decoded.failures.map(\.problem.line) == (3...6).map { .line($0) })
        // What fails the body fails it, also behind a cell that is wrong already.
        #expect(decode("x,n,z\n?,\"open", as: table, isolating: true).error != nil)
        #expect(decode("x,nn,z\n1,2,a\n", as: table, isolating: true).error != nil)
    }

    @Test func passesByWhatTheModelDoesNotUse() {
        var owner = Column(name: "owner", kind: .float64, acceptsMissing: true)
        owner.isUsed = false
        let layout = RowLayout(columns: [owner, Column(name: "x", kind: .float64)])
        #expect(decode("Ann,1\n\"\",2\n", as: table, layout).rows == [["-", "1.0"], ["-", "2.0"]])
    }

    /// As pandas writes whole numbers beside a missing value, and booleans.
    @Test(arguments: [
        ("3", "3"), ("3.0", "3"), ("-3.00", "-3"), ("True", "1"), ("false", "0"), ("red", "red"), ("2.5", "2.5"),
        ("1e3", "1e3"), ("007", "007"), ("", "-"),
    ])
    func readsCategoriesThatAreWholeNumbers(cell: String, category: String) {
        var zone = Column(name: "zone", kind: .string, acceptsMissing: true)
        zone.takesWholeNumbersAsText = true
        let layout = RowLayout(columns: [zone, Column(name: "x", kind: .float64)])
        #expect(decode("\(cell),1\n", as: table, layout).rows == [[category, "1.0"]])
    }

    // MARK: Bounds

    @Test func boundsRowsColumnsAndErrors() {
        let rows = Array(String(repeating: "1,2,3\n", count: 34).utf8)
        #expect(decode(rows, as: table, numbers, numbersMax: 102).rows.count == 34)
        #expect(decode(rows, as: table, numbers, numbersMax: 99).error == .tooLarge(limit: "33 rows for this model"))
        let json = Array(String(repeating: "[1,2,3]\n", count: 34).utf8)
        #expect(decode(json, as: lines, numbers, numbersMax: 99).error == .tooLarge(limit: "33 rows for this model"))

        let lenient = RowLayout(columns: layout.columns, recordPolicy: RecordPolicy(unknownFields: .ignore))
        let wide = Array(("x" + String(repeating: ",y", count: 1_000_000) + "\n1\n").utf8)
        let present = NativeFormat(body: .table(.present))
        #expect(decode(wide, as: present, lenient).error == .tooLarge(limit: "10003 columns for this model"))
        #expect(decode(wide, as: present).problem?.detail == "the model has no such field")

        // Rows that fail have a place in the answer, too.
        let mixed = Array(String(repeating: "1,2,3\n?\n", count: 17).utf8)
        #expect(decode(mixed, as: table, numbers, isolating: true, numbersMax: 102).failures.count == 17)
        for format in [table, lines] {
            let decoded = decode(mixed, as: format, numbers, isolating: true, numbersMax: 99)
            #expect(decoded.error == .tooLarge(limit: "33 rows for this model"))
        }

        let bad = Array(String(repeating: "?\n", count: RowIsolation.failuresMax + 1).utf8)
        #expect(decode(bad, as: table, isolating: true).error == .tooLarge(limit: "10000 rows with errors"))
        #expect(decode(bad, as: lines, isolating: true).error == .tooLarge(limit: "10000 rows with errors"))
    }

    @Test func standsHostileBodies() {
        let commas = [UInt8](repeating: UInt8(ascii: ","), count: 1_000_000)
        #expect(decode(commas, as: table, numbers).problem?.detail.contains("wrong number") == true)
        let quotes = [UInt8](repeating: UInt8(ascii: "\""), count: 1_000_001)
        #expect(decode(quotes, as: table).problem?.detail.contains("not closed") == true)
        for format in [table, lines] {
            #expect(decode([UInt8](repeating: 0, count: 100_000), as: format).error != nil)
            #expect(
                decode([UInt8](repeating: 0x0A, count: 1_000_000), as: format).problem?.detail == "there are no rows")
        }
        #expect(decode([0xFF, 0xFE, 0x31, 0x00], as: table).problem?.detail.contains("not UTF-8") == true)
        #expect(decode([UInt8](repeating: UInt8(ascii: "["), count: 100_000), as: lines).error != nil)
    }

    @Test(arguments: 0..<200) func neverLeavesARowBehind(seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        let parts = [
            "x", "n", "z", "1", "2.5", ",", ",", "\n", "\n", "\"", "\r\n", "{", "}", "[", "]", ":", "é", "NaN",
        ]
        for _ in 0..<100 {
            let count = Int.random(in: 0...30, using: &generator)
            let body = (0..<count).map { _ in parts.randomElement(using: &generator) ?? "" }.joined()
            for format in [table, lines, NativeFormat(body: .table(.present))] {
                let whole = decode(body, as: format)
                let isolated = decode(body, as: format, isolating: true)
                // Without a wrong row both are the same.
                if whole.error == nil { #expect(isolated.rows == whole.rows && isolated.failures.isEmpty, "\(body)") }
                if isolated.error == nil, isolated.failures.isEmpty {
                    #expect(whole.error == nil, "seed \(seed): \(body)")
                }
            }
        }
    }

    // MARK: One contract

    private struct RandomTable {
        var layout: RowLayout
        var rows: [[CellValue]]
    }

    /// The same rows come to the same bits, however they are sent: objects, arrays, frames, lines, tables with and
    /// without a header, any order of columns, any quoting, any line ends.
    @Test(arguments: 0..<60) func readsTheSameRowsFromEveryForm(seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        for _ in 0..<20 {
            let table = makeTable(&generator)
            var writer = BodyWriter(table.layout, table.rows, generator)
            let forms: [(String, NativeFormat)] = [
                (writer.json(), NativeFormat()),
                (writer.lines(byName: true), NativeFormat(body: .lines)),
                (writer.lines(byName: false), NativeFormat(body: .lines)),
                (writer.table(hasHeader: true), NativeFormat(body: .table(.present))),
                (writer.table(hasHeader: true), NativeFormat(body: .table(.untold))),
                (writer.table(hasHeader: false), NativeFormat(body: .table(.absent))),
            ]
            generator = writer.generator
            let first = decode(forms[0].0, as: forms[0].1, table.layout)
            #expect(
                first.rows.count == table.rows.count, "seed \(seed): \(forms[0].0) \(String(describing: first.error))")
            for (body, format) in forms.dropFirst() {
                let decoded = decode(body, as: format, table.layout)
                #expect(decoded.error == nil, "seed \(seed): \(body)")
                #expect(decoded.identity == first.identity, "seed \(seed): \(body) is not \(forms[0].0)")
            }
        }
    }

    private func makeTable(_ generator: inout SeededGenerator) -> RandomTable {
        let kinds: [ColumnKind] = [.float64, .float64, .int64, .string]
        let isPlain = Int.random(in: 0..<4, using: &generator) == 0
        var columns: [Column] = []
        for index in 0..<Int.random(in: 1...5, using: &generator) {
            let kind = isPlain ? .float64 : kinds.randomElement(using: &generator) ?? .float64
            let name = ["a", "b \"c\"", "d,e", "fé", "g\nh"][index]
            columns.append(Column(name: name, kind: kind, acceptsMissing: true))
        }
        var rows: [[CellValue]] = []
        for _ in 0..<Int.random(in: 1...6, using: &generator) {
            rows.append(columns.map { makeValue($0.kind, isPlain, &generator) })
        }
        return RandomTable(layout: RowLayout(columns: columns), rows: rows)
    }

    private func makeValue(_ kind: ColumnKind, _ isPlain: Bool, _ generator: inout SeededGenerator) -> CellValue {
        if !isPlain, Int.random(in: 0..<5, using: &generator) == 0 { return .missing }
        switch kind {
        case .float64:
            let bits = UInt64.random(in: 0...UInt64.max, using: &generator)
            let value = Double(bitPattern: bits)
            return .number(value.isFinite ? value : Double(Int64(truncatingIfNeeded: bits) >> 40) / 8)
        case .int64: return .integer(Int64.random(in: Int64.min...Int64.max, using: &generator))
        case .string:
            let words = ["red", "3", "a,b", "say \"x\"", " pad ", "two\nlines", "cr\r\nlf", "süd", "NaN", "=1+1", "\0"]
            return .text(words.randomElement(using: &generator) ?? "red")
        }
    }
}

/// Writes one table in every form, by chances of its own.
private struct BodyWriter {
    let layout: RowLayout
    let rows: [[CellValue]]
    var generator: SeededGenerator

    init(_ layout: RowLayout, _ rows: [[CellValue]], _ generator: SeededGenerator) {
        self.layout = layout
        self.rows = rows
        self.generator = generator
    }

    private mutating func chance() -> Bool { Bool.random(using: &generator) }

    private func name(_ column: Int) -> String { layout.columns[column].name ?? "" }

    private func write(_ value: CellValue, _ writer: inout JSONWriter) {
        switch value {
        case .missing: writer.null()
        case .number(let value): writer.number(value)
        case .integer(let value): writer.number(value)
        case .text(let text): writer.string(text)
        }
    }

    private func writeRow(_ row: [CellValue], byName: Bool, _ writer: inout JSONWriter) {
        if byName { writer.beginObject() } else { writer.beginArray() }
        for (column, value) in row.enumerated() {
            if byName { writer.key(name(column)) }
            write(value, &writer)
        }
        if byName { writer.endObject() } else { writer.endArray() }
    }

    mutating func json() -> String {
        var writer = JSONWriter()
        writer.beginArray()
        for row in rows { writeRow(row, byName: true, &writer) }
        writer.endArray()
        return String(decoding: writer.bytes, as: UTF8.self)
    }

    mutating func lines(byName: Bool) -> String {
        var text = chance() ? "\n" : ""
        for row in rows {
            var writer = JSONWriter()
            writeRow(row, byName: byName, &writer)
            text += String(decoding: writer.bytes, as: UTF8.self) + (chance() ? "\n" : " \r\n")
        }
        return text
    }

    mutating func table(hasHeader: Bool) -> String {
        var order = Array(layout.columns.indices)
        if hasHeader { order.shuffle(using: &generator) }
        let end = ["\n", "\r\n", "\r"].randomElement(using: &generator) ?? "\n"
        var text = chance() ? "\u{feff}" : ""
        if hasHeader { text += order.map { cell(name($0)) }.joined(separator: ",") + end }
        for row in rows {
            let line = order.map { cell(row[$0]) }.joined(separator: ",")
            // A line of one empty cell is none.
            text += (line.isEmpty ? "\"\"" : line) + end
        }
        return text
    }

    private mutating func cell(_ value: CellValue) -> String {
        switch value {
        case .missing: return chance() ? "" : "\"\""
        case .number(let value): return chance() ? "\(value)" : "\"\(value)\""
        case .integer(let value): return chance() ? "\(value)" : "\"\(value)\""
        case .text(let text): return cell(text)
        }
    }

    private mutating func cell(_ text: String) -> String {
        let mustQuote = text.utf8.contains { [0x22, 0x2C, 0x0A, 0x0D].contains($0) }
        guard mustQuote || chance() else { return text }
        return "\"" + text.split(separator: "\"", omittingEmptySubsequences: false).joined(separator: "\"\"") + "\""
    }
}
