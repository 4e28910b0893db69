import InferenceEngine
import ModelIR
import ModelStore
import TensorCore
import Testing

@testable import Serving

/// A new version beside the one that serves, on rows that were asked for.
struct ShadowTests {
    private func rows(_ values: [Double], layout: RowLayout = RowLayout(columns: fakeSignature.inputs)) -> RowBatch {
        var batch = RowBatch(layout: layout)
        for value in values {
            let row = batch.appendRow()
            batch.setDouble(value, row: row, column: 0)
        }
        return batch
    }

    /// Offers each value as a batch of its own, a millisecond after the other.
    private func ask(_ model: ServedModel, _ values: [Double]) {
        for (index, value) in values.enumerated() {
            model.recentRows.offer(rows([value]), at: UInt64(index + 1) * 2_000_000)
        }
    }

    private func options(_ action: ShadowPolicy.Action?) -> PublishOptions {
        var options = PublishOptions()
        options.shadowAction = action
        return options
    }

    // MARK: Rows

    @Test func keepsTheRowsOfLateAndNoMoreThanItsBound() {
        let recent = RecentRows(layout: RowLayout(columns: fakeSignature.inputs))
        var count = recent.copy().rowCount
        #expect(count == 0)
        for index in 0..<1_000 { recent.offer(rows([Double(index)]), at: UInt64(index + 1) * 1_000_000) }
        let copy = recent.copy()
        count = copy.rowCount
        #expect((RecentRows.rowsMax / 2...RecentRows.rowsMax).contains(count))
        let values = (0..<count).map { copy.double(row: $0, column: 0) }
        #expect(values == (1_000 - count..<1_000).map { Double($0) })
    }

    @Test func takesOneRowAMillisecond() {
        let recent = RecentRows(layout: RowLayout(columns: fakeSignature.inputs))
        for microsecond in 0..<10_000 { recent.offer(rows([1]), at: UInt64(microsecond + 1) * 1_000) }
        let count = recent.copy().rowCount
        #expect((9...11).contains(count))
    }

    @Test func boundsTheBytesOfStrings() {
        let layout = RowLayout(columns: [Column(name: "s", kind: .string)])
        let recent = RecentRows(layout: layout)
        var time: UInt64 = 0
        for length in [10, 100, 1_000, 10_000, 200_000] {
            for index in 0..<40 {
                time += 1_000_000
                var batch = RowBatch(layout: layout)
                let row = batch.appendRow()
                let text = Array(String(repeating: "x", count: length).utf8)
                let isSet = batch.setString(text.span, row: row, column: 0)
                #expect(isSet)
                if index % 3 == 0 { batch.setMissing(row: row, column: 0) }
                recent.offer(batch, at: time)
            }
        }
        let copy = recent.copy()
        let (rowCount, byteCount) = (copy.rowCount, copy.stringByteCount)
        #expect(rowCount > 0 && byteCount <= 6 * RecentRows.stringBytesMax)
        let longest = (0..<rowCount).map {
            copy.isMissing(row: $0, column: 0) ? 0 : copy.stringBytes(row: $0, column: 0).count
        }
        #expect(longest.allSatisfy { $0 < 200_000 })
    }

    // MARK: The comparison

    @Test func tellsHowMuchChanged() throws {
        let world = FakeWorld()
        let first = try world.publish("a", 100).model
        ask(first, (0..<50).map(Double.init))
        let report = try #require(try world.publish("a", 110).model.shadow)
        #expect(report.version == 1 && report.rowCount == 50 && report.obstacle == nil)
        #expect(report.outputs.map(\.name) == ["prediction"])
        #expect(report.outputs[0].largestDifference == 10)
        #expect(report.outputs[0].largestChange == 10.0 / 110)
        #expect(report.flippedRows == 0 && report.broken.isEmpty)
    }

    @Test func refusesWhatChangesMoreThanThePolicyAllows() throws {
        let world = FakeWorld()
        ask(try world.publish("a", 100).model, (0..<50).map(Double.init))
        var change = ModelChange()
        change.shadowPolicy = .set(action: .refuse, labelFlipsMax: 0, changeMax: 0.01)
        _ = try world.registry.change("a", change)
        let serving = world.registry.pool.model(named: "a")
        #expect {
            try world.publish("a", 110)
        } throws: { error in
            guard case .shadowRefused(let report)? = error as? PublishError else { return false }
            return report.broken.count == 1 && report.rowCount == 50
        }
        #expect(world.registry.pool.model(named: "a") === serving)
        #expect(world.metricsText.contains("vencejo_publishes_total{outcome=\"shadow_refused\"} 1\n"))
        // Small changes pass; larger ones are only told, or not looked at, where the request says so.
        #expect(try world.registry.publish("a", bytes: Array("fake100".utf8)).model.shadow?.broken == [])
        ask(try #require(world.registry.pool.model(named: "a")), (0..<50).map(Double.init))
        let warned = try world.registry.publish("a", bytes: Array("fake200".utf8), options: options(.warn))
        #expect(warned.model.shadow?.broken.count == 1)
        ask(warned.model, (0..<50).map(Double.init))
        #expect(
            try world.registry.publish("a", bytes: Array("fake900".utf8), options: options(.off)).model.shadow == nil)
    }

    @Test func fewRowsAreToldAndHeldAgainstNobody() throws {
        let world = FakeWorld()
        ask(try world.publish("a", 1).model, (0..<ShadowReport.rowsMin - 1).map(Double.init))
        var change = ModelChange()
        change.shadowPolicy = .set(action: .refuse, labelFlipsMax: 0, changeMax: 0)
        _ = try world.registry.change("a", change)
        let report = try #require(try world.publish("a", 2).model.shadow)
        #expect(report.rowCount == ShadowReport.rowsMin - 1 && report.broken.isEmpty)
        _ = try world.publish("b", 1)
        let none = try #require(try world.publish("b", 2).model.shadow)
        #expect(none.rowCount == 0 && none.obstacle != nil && none.broken.isEmpty)
    }

    @Test func rowsOfTheSameColumnsOutliveTheVersionThatWasAsked() throws {
        let world = FakeWorld()
        ask(try world.publish("a", 1).model, (0..<20).map(Double.init))
        for number in 2...4 {
            let report = try #require(try world.publish("a", number).model.shadow)
            #expect(report.rowCount == 20 && report.version == number - 1)
        }
        let rows = RecentRows(layout: RowLayout(columns: fakeSignature.inputs))
        let other = [Column(name: fakeSignature.inputs[0].name, kind: .string)]
        #expect(rows.fits(RowLayout(columns: fakeSignature.inputs)) && !rows.fits(RowLayout(columns: other)))
        #expect(!rows.fits(RowLayout(columns: fakeSignature.inputs + fakeSignature.inputs)))
    }

    /// Without any row: a column that clients send and that is not taken, an output that they read and that is gone.
    @Test func whatBreaksClientsIsRefusedWithoutRows() {
        let values = OutputField(name: "prediction", kind: .values(.float64), width: 1, isVector: false)
        let label = OutputField(
            name: "prediction", kind: .label(.strings(["no", "yes"])), width: 1, isVector: false)
        let more = OutputField(name: "more", kind: .values(.float64), width: 1, isVector: false)
        let (x, y) = (Column(name: "x", kind: .float64), Column(name: "y", kind: .float64))
        func judge(
            _ columns: [Column], _ outputs: [OutputField], unknown: RecordPolicy.UnknownFields = .refuse,
            action: ShadowPolicy.Action = .refuse
        ) -> ShadowReport {
            let serving = makeModel("a", classifier: RefusingPredictor(above: 1), [values, more], [x, y])
            let layout = RowLayout(columns: columns, recordPolicy: RecordPolicy(unknownFields: unknown))
            let next = PreparedModel(
                signature: Signature(inputs: columns, outputs: outputs), layout: layout,
                predictor: RefusingPredictor(above: 1))
            return ShadowComparison.run(
                RowBatch(layout: serving.layout), serving: serving, next: next, policy: ShadowPolicy(action: action)
            ) { 0 }
        }
        #expect(judge([x, y], [values, more]).broken.isEmpty)
        #expect(judge([y, x], [more, values]).broken.isEmpty)
        #expect(judge([x], [values, more]).broken == ["column y is not taken any more"])
        #expect(judge([x], [values, more], unknown: .ignore).broken.isEmpty)
        #expect(judge([x, y], [label, more]).broken == ["output prediction is of another kind"])
        #expect(judge([x, y], [values]).broken == ["output more is gone"])
        let renamed = judge([x, Column(name: "z", kind: .float64)], [values, more])
        #expect(renamed.broken == ["column y is not taken any more", "column z is new and takes no missing value"])
        #expect(renamed.isRefused && renamed.obstacle != nil)
        // Without names: by their place, counted from one.
        let unnamed = Column(name: nil, kind: .float64)
        #expect(judge([unnamed], [values, more]).broken == ["column 1 is new and takes no missing value"])
        #expect(!judge([x], [values, more], action: .warn).isRefused)
        // What was not looked at before is not known, and nobody's fault.
        var unused = y
        unused.isUsed = false
        let before = makeModel("a", classifier: RefusingPredictor(above: 1), [values], [x, unused])
        let next = PreparedModel(
            signature: Signature(inputs: [x, y], outputs: [values]), layout: RowLayout(columns: [x, y]),
            predictor: RefusingPredictor(above: 1))
        let report = ShadowComparison.run(
            RowBatch(layout: before.layout), serving: before, next: next, policy: ShadowPolicy(action: .refuse)
        ) { 0 }
        #expect(!report.isRefused && report.obstacle?.contains("column y was not used before") == true)
        #expect(!RecentRows(layout: before.layout).fits(next.layout))
    }

    @Test func countsRowsThatLoseTheirAnswer() {
        let before = makeModel("a", offset: 1)
        let prepared = PreparedModel(
            signature: before.signature, layout: before.layout, predictor: RefusingPredictor(above: 10))
        let values = (0..<40).map(Double.init) + [.nan]
        var policy = ShadowPolicy.standard
        policy.action = .refuse
        policy.labelFlipsMax = 0.5
        let report = ShadowComparison.run(rows(values), serving: before, next: prepared, policy: policy) { 0 }
        #expect(report.rowsLost == 29 && report.rowsWon == 1)
        #expect(report.isRefused, "\(report.broken)")
    }

    @Test func comparesByTheNamesOfColumnsAndClasses() {
        let labels = ClassLabels.strings(["no", "yes"])
        let turned = ClassLabels.strings(["yes", "no"])
        func fields(_ labels: ClassLabels) -> [OutputField] {
            [
                OutputField(name: "prediction", kind: .label(labels), width: 1, isVector: false),
                OutputField(name: "probabilities", kind: .probabilities(labels, .float64), width: 2, isVector: false),
            ]
        }
        let wide = [Column(name: "y", kind: .float64), Column(name: "x", kind: .float64)]
        let serving = makeModel("a", classifier: ThresholdPredictor(column: 0, yes: 1), fields(labels), [wide[1]])
        let next = PreparedModel(
            signature: Signature(inputs: wide, outputs: fields(turned)), layout: RowLayout(columns: wide),
            predictor: ThresholdPredictor(column: 1, yes: 0))
        var policy = ShadowPolicy.standard
        policy.action = .refuse
        var obstacle = ShadowComparison.run(rows([1]), serving: serving, next: next, policy: policy) { 0 }
        #expect(obstacle.obstacle == "column y is new and takes no missing value")
        var taking = wide
        taking[0].acceptsMissing = true
        let same = PreparedModel(
            signature: Signature(inputs: taking, outputs: fields(turned)), layout: RowLayout(columns: taking),
            predictor: ThresholdPredictor(column: 1, yes: 0))
        let values = (-20..<20).map(Double.init)
        let report = ShadowComparison.run(rows(values), serving: serving, next: same, policy: policy) { 0 }
        #expect(report.rowCount == 40 && report.flippedRows == 0 && report.outputs[1].largestDifference == 0)
        let flipped = PreparedModel(
            signature: same.signature, layout: same.layout, predictor: ThresholdPredictor(column: 1, yes: 1))
        let other = ShadowComparison.run(rows(values), serving: serving, next: flipped, policy: policy) { 0 }
        #expect(other.flippedRows == 40 && other.outputs[0].labelFlips == 40 && other.isRefused)
        #expect(other.outputs[1].largestDifference == 1 && other.outputs[1].largestChange == 1)
        let text = [Column(name: "x", kind: .string)]
        obstacle = ShadowComparison.run(
            rows([1]), serving: serving,
            next: PreparedModel(
                signature: Signature(inputs: text, outputs: fields(labels)), layout: RowLayout(columns: text),
                predictor: ThresholdPredictor(column: 0, yes: 1)), policy: policy
        ) { 0 }
        #expect(obstacle.obstacle == "column x was float64 and is string now")
    }
}

/// Answers as the fake one does, but no row above a bound, and rows without a value.
private final class RefusingPredictor: Predictor {
    let report = PredictorReport(
        name: "fake", reason: "a test", nanosecondsPerRow: 1, nanosecondsPerRowOfMany: 1, tableBytes: 0)
    private let bound: Double

    init(above bound: Double) { self.bound = bound }

    func makeWorkspace() -> Workspace { Workspace(plan: MemoryPlan()) }

    func predict(_ rows: borrowing RowBatch, into output: inout OutputBatch, using workspace: Workspace) {
        output.reset(rowCount: rows.rowCount)
        for row in 0..<rows.rowCount where rows.double(row: row, column: 0) > bound {
            output.faults.append(RowFault(row: row, column: 0, reason: .infinite))
        }
    }
}

/// A classifier by the sign of a column: the class `yes` stands at the given place.
private final class ThresholdPredictor: Predictor {
    let report = PredictorReport(
        name: "fake", reason: "a test", nanosecondsPerRow: 1, nanosecondsPerRowOfMany: 1, tableBytes: 0)
    private let column: Int
    private let yes: Int

    init(column: Int, yes: Int) {
        self.column = column
        self.yes = yes
    }

    func makeWorkspace() -> Workspace { Workspace(plan: MemoryPlan()) }

    func predict(_ rows: borrowing RowBatch, into output: inout OutputBatch, using workspace: Workspace) {
        output.reset(rowCount: rows.rowCount)
        for row in 0..<rows.rowCount {
            let place = rows.double(row: row, column: column) >= 0 ? yes : 1 - yes
            output.values[0].labels[row] = Int32(place)
            output.values[1].float64[row * 2 + place] = 1
            output.values[1].float64[row * 2 + 1 - place] = 0
        }
    }
}

private func makeModel(
    _ name: String, classifier: any Predictor, _ outputs: [OutputField], _ columns: [Column]
) -> ServedModel {
    let template = makeModel(name)
    return ServedModel(
        name: name, version: 1, digest: template.digest, generation: 1,
        imported: ImportedModel(graph: ImportedGraph(columns: []), format: "fake", producer: "", steps: []),
        prepared: PreparedModel(
            signature: Signature(inputs: columns, outputs: outputs), layout: RowLayout(columns: columns),
            predictor: classifier),
        golden: GoldenCheck.Report(), artifactBytes: 0, timings: PublishTimings(), loadedAt: 0,
        metrics: template.metrics)
}
