internal import InferenceEngine
internal import TensorCore

/// Runs two versions of a model over the same rows and tells what differs.
enum ShadowComparison {
    /// - Parameters:
    ///   - rows: of the serving version's layout.
    ///   - clock: measures the runs.
    static func run(
        _ rows: borrowing RowBatch, serving: ServedModel, next: PreparedModel, policy: ShadowPolicy,
        clock: MonotonicClock
    ) -> ShadowReport {
        var report = ShadowReport(version: serving.version, policy: policy)
        compareSurface(serving, next, &report)
        let places: [Int?]
        switch columns(of: next.layout, in: serving.layout) {
        case .success(let found): places = found
        case .failure(let obstacle):
            report.obstacle = obstacle.text
            if obstacle.breaksClients { report.broken.append(obstacle.text) }
            return report
        }
        guard rows.rowCount > 0 else {
            report.obstacle = "no rows were predicted yet"
            return report
        }
        var translated = RowBatch(layout: next.layout, rowCapacity: rows.rowCount)
        translate(rows, places, into: &translated)

        var before = OutputBatch(fields: serving.signature.outputs)
        var after = OutputBatch(fields: next.signature.outputs)
        report.nanosecondsBefore = time(serving.predictor, rows, &before, clock)
        report.nanosecondsAfter = time(next.predictor, translated, &after, clock)
        compare(before, after, &report)
        report.judge()
        return report
    }

    // MARK: What clients see

    /// What breaks clients whatever the rows are: a column that they send is refused now, or an output that they read
    /// is gone or of another kind.
    private static func compareSurface(
        _ serving: ServedModel, _ next: PreparedModel, _ report: inout ShadowReport
    ) {
        let takesUnknown = next.layout.recordPolicy.unknownFields == .ignore
        for case let name? in serving.layout.columns.map(\.name)
        where !takesUnknown && next.layout.columns.contains(where: { $0.name != nil })
            && next.layout.index(ofName: name) == nil
        {
            report.broken.append("column \(name) is not taken any more")
        }
        for field in serving.signature.outputs {
            let same = next.signature.outputs.first { $0.name == field.name }
            if same.flatMap({ Pairing(field, $0) }) == nil {
                report.broken.append("output \(field.name) is \(same == nil ? "gone" : "of another kind")")
            }
        }
    }

    // MARK: Rows

    private struct Obstacle: Error {
        let text: String
        /// Whether clients that send what they sent before are refused.
        var breaksClients = true
    }

    /// Where each column of `layout` stands in the rows of another one; nil: it is missing in all of them.
    private static func columns(of layout: RowLayout, in other: RowLayout) -> Result<[Int?], Obstacle> {
        var places: [Int?] = []
        for (index, column) in layout.columns.enumerated() {
            let name = column.name ?? "\(index + 1)"
            var place: Int?
            if let text = column.name { place = other.index(ofName: text) }
            // Columns without names are found by their place, in rows as wide.
            if column.name == nil || other.columns.allSatisfy({ $0.name == nil }) {
                place = layout.width == other.width ? index : nil
            }
            guard let place else {
                guard column.acceptsMissing || !column.isUsed else {
                    return .failure(Obstacle(text: "column \(name) is new and takes no missing value"))
                }
                places.append(nil)
                continue
            }
            // What no version looked at was never read.
            guard other.columns[place].isUsed || !column.isUsed else {
                return .failure(
                    Obstacle(
                        text: "column \(name) was not used before, and its values are not known", breaksClients: false))
            }
            let kind = other.columns[place].kind
            guard kind == column.kind || (kind == .int64 && column.kind == .float64) else {
                return .failure(
                    Obstacle(text: "column \(name) was \(kind.rawValue) and is \(column.kind.rawValue) now"))
            }
            places.append(place)
        }
        return .success(places)
    }

    private static func translate(
        _ rows: borrowing RowBatch, _ places: [Int?], into next: inout RowBatch
    ) {
        for source in 0..<rows.rowCount {
            let row = next.appendRow()
            for (column, place) in places.enumerated() {
                guard let place, !rows.isMissing(row: source, column: place) else { continue }
                switch (next.layout.columns[column].kind, rows.layout.columns[place].kind) {
                case (.float64, .int64):
                    next.setDouble(Double(rows.int64(row: source, column: place)), row: row, column: column)
                case (.float64, _): next.setDouble(rows.double(row: source, column: place), row: row, column: column)
                case (.int64, _): next.setInt64(rows.int64(row: source, column: place), row: row, column: column)
                case (.string, _):
                    // As many bytes as were in a batch of this kind already.
                    _ = next.setString(rows.stringBytes(row: source, column: place), row: row, column: column)
                }
            }
        }
    }

    /// Nanoseconds a row: the least of some runs, for the others were disturbed more.
    private static func time(
        _ predictor: any Predictor, _ rows: borrowing RowBatch, _ output: inout OutputBatch, _ clock: MonotonicClock
    ) -> Double {
        let workspace = predictor.makeWorkspace()
        var least = UInt64.max
        for _ in 0..<3 {
            let start = clock()
            predictor.predict(rows, into: &output, using: workspace)
            least = min(least, clock() &- start)
        }
        return Double(least) / Double(rows.rowCount)
    }

    // MARK: Answers

    private static func compare(
        _ before: borrowing OutputBatch, _ after: borrowing OutputBatch, _ report: inout ShadowReport
    ) {
        let rowCount = before.rowCount
        report.rowCount = rowCount
        var isFaulty = [Bool](repeating: false, count: rowCount)
        var hadFault = isFaulty
        for fault in before.faults { hadFault[fault.row] = true }
        for fault in after.faults { isFaulty[fault.row] = true }
        for row in 0..<rowCount where hadFault[row] != isFaulty[row] {
            if isFaulty[row] { report.rowsLost += 1 } else { report.rowsWon += 1 }
        }
        var isFlipped = [Bool](repeating: false, count: rowCount)
        for (place, field) in before.fields.enumerated() {
            guard let other = after.fields.firstIndex(where: { $0.name == field.name }) else { continue }
            guard let pairs = Pairing(field, after.fields[other]) else { continue }
            var output = ShadowReport.Output(name: field.name)
            for row in 0..<rowCount where !hadFault[row] && !isFaulty[row] {
                if pairs.compare(before.values[place], after.values[other], row: row, &output) {
                    isFlipped[row] = true
                    output.labelFlips += 1
                }
            }
            report.outputs.append(output)
        }
        report.flippedRows = isFlipped.count { $0 }
    }

    /// Which numbers or labels of two outputs belong together.
    private struct Pairing {
        private enum Content {
            /// Places of the same number in a row of the one and of the other.
            case numbers([(Int, Int)])
            /// Of each target.
            case labels([(ClassLabels, ClassLabels)])
        }

        private let content: Content
        private let fields: (OutputField, OutputField)

        /// nil where the outputs are of different kinds.
        init?(_ before: OutputField, _ after: OutputField) {
            fields = (before, after)
            switch (before.kind, after.kind) {
            case (.values, .values):
                guard before.width == after.width else { return nil }
                content = .numbers((0..<before.width).map { ($0, $0) })
            case (.probabilities(let old, _), .probabilities(let new, _)):
                var places: [String: Int] = [:]
                for index in 0..<new.count { places[new.text(at: index)] = index }
                content = .numbers(
                    (0..<old.count).compactMap { index in places[old.text(at: index)].map { (index, $0) } })
            case (.targetProbabilities(let old, _), .targetProbabilities(let new, _)) where old == new:
                content = .numbers((0..<before.width).map { ($0, $0) })
            case (.label(let old), .label(let new)): content = .labels([(old, new)])
            case (.labels(let old), .labels(let new)):
                guard old.count == new.count else { return nil }
                content = .labels(Array(zip(old, new)))
            default: return nil
            }
        }

        /// - Returns: whether a label of the row is another one.
        func compare(
            _ before: OutputValues, _ after: OutputValues, row: Int, _ output: inout ShadowReport.Output
        ) -> Bool {
            switch content {
            case .numbers(let places):
                for (old, new) in places {
                    let one = Self.number(before, fields.0, row * fields.0.width + old)
                    let other = Self.number(after, fields.1, row * fields.1.width + new)
                    if one == other || (one.isNaN && other.isNaN) { continue }
                    let difference = abs(one - other)
                    // Of something to nothing, or to infinity, the change is as great as any.
                    let change = difference / max(abs(one), abs(other))
                    output.largestDifference = max(output.largestDifference, difference.isNaN ? .infinity : difference)
                    output.largestChange = max(output.largestChange, change.isNaN ? 2 : change)
                }
                return false
            case .labels(let targets):
                for (target, (old, new)) in targets.enumerated() {
                    let one = old.text(at: Int(before.labels[row * targets.count + target]))
                    if one != new.text(at: Int(after.labels[row * targets.count + target])) { return true }
                }
                return false
            }
        }

        private static func number(_ values: OutputValues, _ field: OutputField, _ place: Int) -> Double {
            field.kind.element == .float32 ? Double(values.float32[place]) : values.float64[place]
        }
    }
}
