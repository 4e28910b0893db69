import TensorCore
import Testing

@Suite struct RowBatchTests {
    static let layout = RowLayout(columns: [
        Column(name: "d", kind: .float64), Column(name: "i", kind: .int64), Column(name: "s", kind: .string),
    ])

    /// `#expect` takes no expression with a noncopyable value in it.
    private func check(
        _ holds: Bool, _ comment: Comment? = nil, sourceLocation: SourceLocation = #_sourceLocation
    ) {
        #expect(holds, comment, sourceLocation: sourceLocation)
    }

    private static func set(_ text: String, row: Int, column: Int = 2, in batch: inout RowBatch) -> Bool {
        let bytes = Array(text.utf8)
        return batch.setString(bytes.span, row: row, column: column)
    }

    private static func text(row: Int, of batch: borrowing RowBatch) -> String {
        let bytes = batch.stringBytes(row: row, column: 2)
        return String(decoding: bytes.indices.map { bytes[$0] }, as: UTF8.self)
    }

    @Test func startsARowWithEveryColumnMissing() {
        var batch = RowBatch(layout: Self.layout)
        check(batch.appendRow() == 0)
        for column in 0..<3 { check(batch.isMissing(row: 0, column: column)) }
        check(batch.double(row: 0, column: 0).isNaN)
    }

    @Test func keepsEachKindExactly() {
        var batch = RowBatch(layout: Self.layout)
        for row in 0..<3 {
            batch.appendRow()
            batch.setDouble(-0.0, row: row, column: 0)
            batch.setInt64(.min + Int64(row), row: row, column: 1)
            check(Self.set("caf\u{e9}\(row)", row: row, in: &batch))
        }
        for row in 0..<3 {
            check(batch.double(row: row, column: 0).sign == .minus)
            check(batch.int64(row: row, column: 1) == .min + Int64(row))
            check(Self.text(row: row, of: batch) == "caf\u{e9}\(row)")
            for column in 0..<3 { check(!batch.isMissing(row: row, column: column)) }
        }
        batch.setMissing(row: 1, column: 1)
        batch.setMissing(row: 1, column: 2)
        batch.setMissing(row: 1, column: 0)
        for column in 0..<3 { check(batch.isMissing(row: 1, column: column)) }
        for column in 0..<3 { check(!batch.isMissing(row: 2, column: column)) }
    }

    @Test func tellsAnIntegerWithTheBitsOfNotANumberFromAMissingOne() {
        var batch = RowBatch(layout: Self.layout)
        batch.appendRow()
        batch.setInt64(Int64(bitPattern: Double.nan.bitPattern), row: 0, column: 1)
        check(!batch.isMissing(row: 0, column: 1))
    }

    @Test func holdsAnEmptyText() {
        var batch = RowBatch(layout: Self.layout)
        batch.appendRow()
        check(Self.set("", row: 0, in: &batch))
        check(!batch.isMissing(row: 0, column: 2))
        check(Self.text(row: 0, of: batch) == "")
    }

    @Test(arguments: [63, 64, 65, 128, 129]) func marksMissingAcrossWords(_ width: Int) {
        let columns = (0..<width).map { Column(name: "c\($0)", kind: .int64) }
        var batch = RowBatch(layout: RowLayout(columns: columns))
        for row in 0..<3 {
            batch.appendRow()
            for column in 0..<width where (column + row) % 3 == 0 { batch.setInt64(1, row: row, column: column) }
        }
        for row in 0..<3 {
            for column in 0..<width {
                check(batch.isMissing(row: row, column: column) == ((column + row) % 3 != 0))
            }
        }
    }

    /// What a row holds, told apart from the batch.
    private struct Shadow: Equatable {
        var double: Double?
        var integer: Int64?
        var text: String?
    }

    @Test func rollsBackToAnyMark() {
        let seed = UInt64.random(in: 0..<1_000_000)
        var state = seed
        func random(_ bound: Int) -> Int {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Int(state >> 33) % bound
        }
        var batch = RowBatch(layout: Self.layout)
        var shadow: [Shadow] = []
        var marks: [(mark: RowBatch.Mark, rows: Int)] = []
        for _ in 0..<3000 {
            switch random(10) {
            case 0:
                marks.append((batch.mark(), shadow.count))
            case 1:
                guard let last = marks.popLast() else { continue }
                batch.rollback(to: last.mark)
                shadow.removeLast(shadow.count - last.rows)
            case 2 where random(20) == 0:
                batch.removeAll(bytesKeptMax: random(2) * 1_000_000)
                shadow = []
                marks = []
            default:
                let row = batch.appendRow()
                var expected = Shadow()
                if random(3) > 0 {
                    expected.double = Double(random(100))
                    batch.setDouble(Double(expected.double ?? 0), row: row, column: 0)
                }
                if random(3) > 0 {
                    expected.integer = Int64(random(100))
                    batch.setInt64(expected.integer ?? 0, row: row, column: 1)
                }
                if random(3) > 0 {
                    expected.text = String(repeating: "x", count: random(5)) + String(random(1000))
                    _ = Self.set(expected.text ?? "", row: row, in: &batch)
                }
                shadow.append(expected)
            }
            check(batch.rowCount == shadow.count, "seed \(seed)")
        }
        for (row, expected) in shadow.enumerated() {
            var found = Shadow()
            if !batch.isMissing(row: row, column: 0) { found.double = batch.double(row: row, column: 0) }
            if !batch.isMissing(row: row, column: 1) { found.integer = batch.int64(row: row, column: 1) }
            if !batch.isMissing(row: row, column: 2) { found.text = Self.text(row: row, of: batch) }
            #expect(found == expected, "seed \(seed), row \(row)")
        }
    }

    @Test func refusesAMarkOfALaterState() async {
        await #expect(processExitsWith: .failure) {
            var batch = RowBatch(layout: Self.layout)
            batch.appendRow()
            let mark = batch.mark()
            batch.removeAll()
            batch.rollback(to: mark)
        }
    }
}

struct RowBatchCopyTests {
    private static let layouts = [
        RowLayout(columns: [Column(name: "a", kind: .float64), Column(name: "b", kind: .float64)]),
        RowLayout(columns: [
            Column(name: "a", kind: .float64), Column(name: "b", kind: .int64), Column(name: "c", kind: .string),
        ]),
    ]

    private func fill(_ batch: inout RowBatch, rows: Int, _ generator: inout SystemRandomNumberGenerator) {
        for _ in 0..<rows {
            let row = batch.appendRow()
            for (column, kind) in batch.layout.columns.map(\.kind).enumerated() where Bool.random(using: &generator) {
                switch kind {
                case .float64: batch.setDouble(Double.random(in: -1...1, using: &generator), row: row, column: column)
                case .int64: batch.setInt64(Int64.random(in: -3...3, using: &generator), row: row, column: column)
                case .string:
                    let text = [UInt8](repeating: 0x61, count: Int.random(in: 0...5, using: &generator))
                    let isSet = batch.setString(text.span, row: row, column: column)
                    #expect(isSet)
                }
            }
        }
    }

    private func values(_ batch: borrowing RowBatch, _ row: Int) -> [String] {
        var texts: [String] = []
        for column in batch.layout.columns.indices {
            if batch.isMissing(row: row, column: column) {
                texts.append("-")
                continue
            }
            switch batch.layout.columns[column].kind {
            case .float64: texts.append("\(batch.double(row: row, column: column))")
            case .int64: texts.append("\(batch.int64(row: row, column: column))")
            case .string:
                texts.append("\"" + String(repeating: "a", count: batch.stringBytes(row: row, column: column).count))
            }
        }
        return texts
    }

    @Test(arguments: 0..<2)
    func copiesRowsBetweenBatches(kind: Int) {
        var generator = SystemRandomNumberGenerator()
        for _ in 0..<50 {
            var source = RowBatch(layout: Self.layouts[kind])
            fill(&source, rows: 9, &generator)
            var target = RowBatch(layout: Self.layouts[kind])
            fill(&target, rows: 3, &generator)
            var before: [[String]] = []
            for row in 0..<3 { before.append(values(target, row)) }
            let fits = target.append(2..<7, of: source)
            #expect(fits)
            let count = target.rowCount
            #expect(count == 8)
            for row in 0..<8 {
                let found = values(target, row)
                let expected = row < 3 ? before[row] : values(source, row - 1)
                #expect(found == expected)
            }
        }
    }

    @Test func rowsHaveOneIdentityWhateverBatchTheyAreIn() {
        var generator = SystemRandomNumberGenerator()
        var source = RowBatch(layout: Self.layouts[1])
        fill(&source, rows: 400, &generator)
        var seen: [[UInt8]: [String]] = [:]
        for row in 0..<400 {
            var identity: [UInt8] = []
            source.appendIdentity(of: row..<row + 1, to: &identity)
            let found = values(source, row)
            if let known = seen[identity] { #expect(known == found) }
            seen[identity] = found
            var other = RowBatch(layout: Self.layouts[1])
            fill(&other, rows: 2, &generator)
            let fits = other.append(row..<row + 1, of: source)
            #expect(fits)
            var same: [UInt8] = []
            other.appendIdentity(of: 2..<3, to: &same)
            #expect(same == identity)
        }
        var different: Set<[String]> = []
        for row in 0..<400 { different.insert(values(source, row)) }
        #expect(seen.count == different.count)
    }

    @Test func aNaNByAnotherBitIsAnotherRow() {
        var batch = RowBatch(layout: Self.layouts[0])
        for payload in [1, 2] as [UInt64] {
            let row = batch.appendRow()
            batch.setDouble(Double(nan: payload, signaling: false), row: row, column: 0)
        }
        var first: [UInt8] = []
        var second: [UInt8] = []
        batch.appendIdentity(of: 0..<1, to: &first)
        batch.appendIdentity(of: 1..<2, to: &second)
        #expect(first != second)
    }
}
