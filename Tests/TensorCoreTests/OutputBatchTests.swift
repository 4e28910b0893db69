import TensorCore
import Testing

@Suite struct OutputBatchTests {
    static let labels = ClassLabels.strings(["a", "b"])
    static let fields = [
        OutputField(name: "p", kind: .values(.float64), width: 2, isVector: true),
        OutputField(name: "q", kind: .values(.float32), width: 1, isVector: false),
        OutputField(name: "l", kind: .label(labels), width: 1, isVector: false),
        OutputField(name: "r", kind: .probabilities(labels, .float32), width: 2, isVector: true),
        OutputField(name: "s", kind: .probabilities(labels, .float64), width: 2, isVector: true),
    ]

    @Test func growsAndShrinksTheArrayOfEachKind() {
        var batch = OutputBatch(fields: Self.fields)
        for rowCount in [0, 3, 1, 100, 2, 0] {
            batch.reset(rowCount: rowCount)
            let (count, values) = (batch.rowCount, batch.values)
            #expect(count == rowCount)
            #expect(values.map(\.float64.count) == [2 * rowCount, 0, 0, 0, 2 * rowCount])
            #expect(values.map(\.float32.count) == [0, rowCount, 0, 2 * rowCount, 0])
            #expect(values.map(\.labels.count) == [0, 0, rowCount, 0, 0])
        }
    }

    @Test func forgetsFaults() {
        var batch = OutputBatch(fields: Self.fields)
        batch.reset(rowCount: 2)
        batch.faults.append(RowFault(row: 1, column: 0, reason: .missingValue))
        batch.reset(rowCount: 2)
        let faults = batch.faults
        #expect(faults.isEmpty)
    }

    @Test func findsTheFirstFaultOfARange() {
        var batch = OutputBatch(fields: Self.fields)
        batch.reset(rowCount: 20)
        for row in [2, 3, 9, 15] { batch.faults.append(RowFault(row: row, column: row, reason: .unknownCategory)) }
        let ranges = [0..<2, 0..<3, 3..<20, 4..<9, 10..<20, 16..<20, 3..<3]
        var found: [Int?] = []
        for range in ranges { found.append(batch.firstFault(in: range)?.row) }
        #expect(found == [nil, 2, 3, nil, 15, nil, nil])
    }
}
