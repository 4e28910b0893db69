internal import ModelIR
internal import TensorCore

/// One operator after another in plain loops, row by row: the oracle of the fast predictors, and the last resort.
final class ReferencePredictor: Predictor {
    private struct Step: Sendable {
        let rule: any OperatorRule
        let operands: ReferenceOperands
        let inputCheck: InputCheck
    }

    static let name = "reference"

    let report: PredictorReport
    private let steps: [Step]
    private let outputs: [ValuePlace]
    private let requiredColumns: [Int]
    private let plan: MemoryPlan

    init(_ graph: TypedGraph) {
        var plan = MemoryPlan()
        var places: [ValuePlace] = []
        var steps: [Step] = []
        for typed in graph.nodes {
            let place = plan.place(for: typed.type)
            let inputs = typed.node.inputs.map { places[$0.index] }
            let rule = typed.node.operation.rule
            steps.append(
                Step(
                    rule: rule, operands: ReferenceOperands(inputs: inputs, output: place, scratch: plan.doubles),
                    inputCheck: typed.inputCheck))
            plan.doubles += rule.scratchCount
            places.append(place)
        }
        self.steps = steps
        self.plan = plan
        outputs = graph.outputs.map { places[$0.value.index] }
        requiredColumns = graph.signature.inputs.indices.filter { !graph.signature.inputs[$0].acceptsMissing }
        let work = graph.nodes.reduce(0) { $0 + $1.node.operation.referenceWork }
        let cost = 50 + 5 * Double(work)
        report = PredictorReport(
            name: Self.name, reason: "every operator as its definition says, row by row", nanosecondsPerRow: cost,
            nanosecondsPerRowOfMany: cost, tableBytes: 8 * work)
    }

    func makeWorkspace() -> Workspace { Workspace(plan: plan) }

    func predict(_ rows: borrowing RowBatch, into output: inout OutputBatch, using workspace: Workspace) {
        output.reset(rowCount: rows.rowCount)
        for row in 0..<rows.rowCount {
            do throws(RowFault) {
                try predict(row: row, of: rows, using: workspace)
                for (field, place) in outputs.enumerated() {
                    output.store(place, of: workspace, field: field, row: row)
                }
            } catch {
                output.faults.append(error)
                output.clear(row: row)
            }
        }
    }

    private func predict(row: Int, of rows: borrowing RowBatch, using workspace: Workspace) throws(RowFault) {
        for column in requiredColumns where rows.isMissing(row: row, column: column) {
            throw RowFault(row: row, column: column, reason: .missingValue)
        }
        for step in steps {
            if step.inputCheck != .none { try check(step, row: row, in: workspace) }
            try step.rule.evaluate(step.operands, row: row, of: rows, in: workspace)
        }
    }

    /// Refuses a row in which an earlier step computed no number.
    private func check(_ step: Step, row: Int, in workspace: Workspace) throws(RowFault) {
        for input in step.operands.inputs where input.kind == .float64 {
            for index in 0..<input.width {
                let value = workspace.doubles[input.offset + index]
                if step.inputCheck.accepts(value) { continue }
                throw RowFault(
                    row: row, column: input.inputColumns[index] ?? 0,
                    reason: value.isNaN ? .missingValue : .infinite)
            }
        }
    }
}

extension MemoryPlan {
    /// Takes room for one value.
    fileprivate mutating func place(for type: ValueType) -> ValuePlace {
        let offset: Int
        switch type.kind {
        case .float64: (offset, doubles) = (doubles, doubles + type.width)
        case .float32: (offset, floats) = (floats, floats + type.width)
        case .string: (offset, texts) = (texts, texts + type.width)
        case .classIndex: (offset, integers) = (integers, integers + type.width)
        }
        return ValuePlace(
            kind: type.kind, offset: offset, width: type.width, inputColumns: type.origins.map(\.inputColumn))
    }
}

extension OutputBatch {
    fileprivate mutating func store(_ place: ValuePlace, of workspace: Workspace, field: Int, row: Int) {
        let start = row * place.width
        for column in 0..<place.width {
            switch place.kind {
            case .float64: values[field].float64[start + column] = workspace.doubles[place.offset + column]
            case .float32: values[field].float32[start + column] = workspace.floats[place.offset + column]
            case .classIndex: values[field].labels[start + column] = workspace.integers[place.offset + column]
            case .string: preconditionFailure("a string is never an output; the typed graph refuses it")
            }
        }
    }

    /// Sets every output of a row without a prediction to zero.
    mutating func clear(row: Int) {
        for (field, description) in fields.enumerated() {
            for index in row * description.width..<(row + 1) * description.width {
                switch description.kind.element {
                case .float32: values[field].float32[index] = 0
                case .some: values[field].float64[index] = 0
                case nil: values[field].labels[index] = 0
                }
            }
        }
    }
}
