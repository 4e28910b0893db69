import InferenceEngine
import ModelFormats
import ModelIR
import TensorCore

/// A case beside our answers: what differs, and by how much at most.
struct ParityComparison {
    private(set) var differences: [String] = []
    /// The largest relative error of a number.
    private(set) var worstError = 0.0
    private(set) var labelMismatches = 0
    private(set) var numberCount = 0
    /// Whether the model has trees in it.
    private(set) var hasTrees = false
    /// Numbers that are not the library's own to the last bit.
    private(set) var inexactCount = 0
    /// The outputs that these are in.
    private(set) var inexactOutputs: Set<String> = []
    /// Whether the library's numbers are float32, of which the case has the shortest decimals.
    private let isFloat32: Bool

    private let expected: ParityCase.Answer
    private let tolerance: Double

    /// Imports, compiles with every output, and predicts all rows at once and one by one.
    init(_ fixture: ParityCase) throws {
        let bytes = try fixture.modelBytes
        expected = try fixture.answer
        tolerance = expected.tolerance ?? 1e-9
        isFloat32 = expected.library.hasPrefix("XGBoost")
        let options = ImportOptions(iterationRange: expected.iterationRange.map { $0[0]..<$0[1] })
        let imported = try SupportedFormats.importers.importModel(bytes.span, options: options)
        if imported.producer != expected.library {
            differences.append("written by \(imported.producer); expected \(expected.library)")
        }
        // LightGBM names the columns of a bare array, as a member too.
        let names = imported.graph.columns.compactMap(\.name).filter {
            expected.columns != nil || !$0.hasPrefix("Column_")
        }
        if names != expected.columns ?? [] {
            differences.append("columns \(imported.graph.columns.map { $0.name ?? "-" })")
        }
        hasTrees = imported.graph.nodes.contains { if case .treeEnsemble = $0.operation { true } else { false } }
        if imported.steps.isEmpty { differences.append("no steps") }
        let model = try ModelCompiler.compile(imported.graph, outputs: .all)
        let answer = try ParityAnswer(model, rows: expected.rows)
        for name in expected.methods.keys.sorted() { compare(name, answer) }
        for row in expected.rows.indices {
            let single = try ParityAnswer(model, rows: [expected.rows[row]])
            for (name, cells) in answer.outputs where !cells[row].isIdentical(to: single.outputs[name]?[0]) {
                differences.append("\(name) of row \(row) alone is not the same as within a batch")
            }
        }
    }

    private mutating func compare(_ name: String, _ answer: ParityAnswer) {
        guard let wanted = expected.methods[name] else { return }
        guard let found = answer.outputs[name] else {
            differences.append("no output \(name)")
            return
        }
        // What cancels out almost to nothing is measured by the size of the other answers.
        let floor = 1e-3 * (wanted.flatMap { $0?.numbers ?? [] }.filter(\.isFinite).map(abs).max() ?? 0)
        for row in wanted.indices {
            guard let cell = wanted[row], cell != .missing else {
                // Refused by the library, or not a number.
                if !answer.faults.contains(row), found[row].number.map({ !$0.isNaN }) ?? true {
                    differences.append("\(name) of row \(row): \(found[row]); the library refuses it")
                }
                continue
            }
            guard !answer.faults.contains(row) else {
                if expected.mayRefuse, answer.faults.count < wanted.count { continue }
                differences.append("\(name) of row \(row): refused; expected \(cell)")
                continue
            }
            let inexactBefore = inexactCount
            compare(found[row], cell, floor: floor, place: "\(name) of row \(row)")
            if inexactCount > inexactBefore { inexactOutputs.insert(name) }
        }
    }

    private mutating func compare(
        _ found: ParityCase.Cell, _ wanted: ParityCase.Cell, floor: Double, place: String
    ) {
        guard let ours = found.numbers, let theirs = wanted.numbers else {
            if found != wanted {
                labelMismatches += 1
                differences.append("\(place): \(found); expected \(wanted)")
            }
            return
        }
        guard ours.count == theirs.count else {
            differences.append("\(place): \(ours.count) numbers; expected \(theirs.count)")
            return
        }
        for (one, other) in zip(ours, theirs) {
            numberCount += 1
            if one == other || (one.isNaN && other.isNaN) { continue }
            if !isFloat32 || Float(one) != Float(other) { inexactCount += 1 }
            let error = abs(one - other) / max(abs(one), abs(other), floor)
            worstError = max(worstError, error.isNaN ? .infinity : error)
            if !(error <= tolerance) { differences.append("\(place): \(one); expected \(other)") }
        }
    }
}

extension ParityCase.Cell {
    /// A number as a list of one; nil for labels that are not numbers.
    fileprivate var numbers: [Double]? {
        if case .list(let values) = self { return values }
        return number.map { [$0] }
    }

    fileprivate func isIdentical(to other: Self?) -> Bool {
        guard let other, let ours = numbers, let theirs = other.numbers else { return self == other }
        return ours.map(\.bitPattern) == theirs.map(\.bitPattern)
    }
}
