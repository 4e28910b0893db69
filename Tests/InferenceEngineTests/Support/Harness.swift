import InferenceEngine
import ModelIR
import TensorCore

/// One cell of a test row.
enum Cell: ExpressibleByFloatLiteral, ExpressibleByIntegerLiteral, ExpressibleByStringLiteral, ExpressibleByNilLiteral {
    case missing
    case number(Double)
    case text(String)

    init(floatLiteral value: Double) { self = .number(value) }
    init(integerLiteral value: Int) { self = .number(Double(value)) }
    init(stringLiteral value: String) { self = .text(value) }
    init(nilLiteral: ()) { self = .missing }
}

/// All that a predictor said about a batch, in arrays that compare bit by bit.
struct Answer: Equatable {
    var doubles: [[UInt64]] = []
    var floats: [[UInt32]] = []
    var labels: [[Int32]] = []
    var faults: [RowFault] = []

    init(_ output: borrowing OutputBatch) {
        for index in output.fields.indices {
            doubles.append(output.values[index].float64.map(\.bitPattern))
            floats.append(output.values[index].float32.map(\.bitPattern))
            labels.append(output.values[index].labels)
        }
        faults = output.faults
    }

    func doubles(field: Int = 0) -> [Double] { doubles[field].map { Double(bitPattern: $0) } }
    func floats(field: Int = 0) -> [Float] { floats[field].map { Float(bitPattern: $0) } }
}

/// Fills a batch with test rows.
func makeBatch(_ layout: RowLayout, _ rows: [[Cell]]) -> RowBatch {
    var batch = RowBatch(layout: layout)
    for cells in rows {
        let row = batch.appendRow()
        for (column, cell) in cells.enumerated() {
            switch (cell, layout.columns[column].kind) {
            case (.missing, _): batch.setMissing(row: row, column: column)
            case (.number(let value), .int64): batch.setInt64(Int64(value), row: row, column: column)
            case (.number(let value), _): batch.setDouble(value, row: row, column: column)
            case (.text(let text), _):
                let bytes = Array(text.utf8)
                _ = batch.setString(bytes.span, row: row, column: column)
            }
        }
    }
    return batch
}

/// Runs rows through a compiled model in one batch.
func answer(_ model: CompiledModel, _ rows: [[Cell]]) -> Answer {
    let batch = makeBatch(model.layout, rows)
    var output = OutputBatch(fields: model.signature.outputs)
    let workspace = model.predictor.makeWorkspace()
    model.predictor.predict(batch, into: &output, using: workspace)
    return Answer(output)
}

/// Compiles one operator over the record's columns, and runs rows through its reference.
func evaluate(
    _ operation: Operator, columns: [Column], meaning: GraphOutput.Meaning = .values, _ rows: [[Cell]]
) throws(ImportError) -> Answer {
    var graph = ImportedGraph(columns: columns)
    let input = graph.append(.selectColumns(Array(columns.indices)), path: "input")
    let value = graph.append(operation, [input], path: "step")
    graph.addOutput(GraphOutput(name: "prediction", value: value, meaning: meaning))
    return answer(try ModelCompiler.compile(graph, forcing: "reference"), rows)
}

/// Unnamed columns of one kind.
func columns(_ count: Int, _ kind: ColumnKind = .float64) -> [Column] {
    (0..<count).map { _ in Column(name: nil, kind: kind) }
}

/// Compiles a graph for the reference.
func compile(_ graph: ImportedGraph) throws(ImportError) -> CompiledModel {
    try ModelCompiler.compile(graph, forcing: "reference")
}
