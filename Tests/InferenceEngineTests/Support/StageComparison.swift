import InferenceEngine
import ModelIR
import SeededRandom
import TensorCore
import Testing

/// Compares a graph computed by a forced stage with the reference, in batches of many sizes.
struct StageComparison {
    /// Rows around the edges of tiles and of the blocks within them.
    static let rowCounts = [0, 1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 31, 33, 63, 64, 65]

    let reference: CompiledModel
    let fast: CompiledModel
    /// How far results may differ, in the larger of both and 1; 0 for not in a bit.
    var tolerance = 1e-11

    init(_ graph: ImportedGraph, forcing stage: String, tolerance: Double = 1e-11) throws {
        reference = try ModelCompiler.compile(graph, forcing: "reference")
        fast = try ModelCompiler.compile(graph, forcing: stage)
        self.tolerance = tolerance
    }

    init(reference: CompiledModel, fast: CompiledModel) {
        self.reference = reference
        self.fast = fast
    }

    /// What differs first, if something does.
    func difference(_ rows: [[Cell]]) -> String? {
        let expected = answer(reference, rows)
        let found = answer(fast, rows)
        guard found.faults == expected.faults else { return "faults \(found.faults), not \(expected.faults)" }
        guard found.labels == expected.labels else { return "labels differ" }
        guard found.floats == expected.floats else { return "floats differ" }
        for field in expected.doubles.indices {
            for (index, (left, right)) in zip(found.doubles(field: field), expected.doubles(field: field)).enumerated()
            {
                if !isClose(left, right) { return "number \(index) of field \(field): \(left), not \(right)" }
            }
        }
        return nil
    }

    /// As `difference`, for the first rows in batches of every size.
    func differenceInBatches(_ rows: [[Cell]]) -> String? {
        for count in Self.rowCounts where count <= rows.count {
            if let difference = difference(Array(rows[..<count])) { return "\(count) rows: \(difference)" }
        }
        return nil
    }

    /// Whether each row has the same bits alone and among all.
    func isSteady(_ rows: [[Cell]]) -> Bool {
        let together = answer(fast, rows)
        for (index, row) in rows.enumerated() {
            let alone = answer(fast, [row])
            for (field, output) in fast.signature.outputs.enumerated() {
                let range = index * output.width..<(index + 1) * output.width
                if case .label = output.kind {
                    if alone.labels[field] != Array(together.labels[field][range]) { return false }
                } else if alone.doubles[field] != Array(together.doubles[field][range]) {
                    return false
                }
            }
        }
        return true
    }

    private func isClose(_ left: Double, _ right: Double) -> Bool {
        if left.bitPattern == right.bitPattern { return true }
        if left.isNaN || right.isNaN { return left.isNaN && right.isNaN }
        if left.isInfinite || right.isInfinite { return left == right }
        return abs(left - right) <= tolerance * max(1, abs(left), abs(right))
    }
}

extension SeededGenerator {
    /// A number near zero, now and then a large one or an edge.
    mutating func number() -> Double {
        switch Int.random(in: 0..<30, using: &self) {
        case 0: 0
        case 1: -0.0
        case 2: Double.random(in: -1000...1000, using: &self)
        case 3: Double.leastNonzeroMagnitude
        default: Double.random(in: -3...3, using: &self)
        }
    }

    mutating func numbers(_ count: Int, in range: ClosedRange<Double> = -2...2) -> [Double] {
        (0..<count).map { _ in Double.random(in: range, using: &self) }
    }

    mutating func rows(_ count: Int, columns: Int) -> [[Cell]] {
        (0..<count).map { _ in (0..<columns).map { _ in .number(number()) } }
    }
}

/// A graph of one operator over `width` numbers, and what may follow it.
func makeStep(_ width: Int, _ operations: Operator...) -> ImportedGraph {
    var graph = ImportedGraph(columns: columns(width))
    var value = graph.append(.selectColumns(Array(0..<width)), path: "input")
    for (index, operation) in operations.enumerated() {
        value = graph.append(operation, [value], path: "step \(index)")
    }
    graph.addOutput(GraphOutput(name: "result", value: value, meaning: .values))
    return graph
}
