package import ModelIR
package import TensorCore

/// Runs a model's golden rows and compares each answer with the expected one.
package enum GoldenCheck {
    /// What a check that passed found.
    package struct Report: Sendable, Hashable {
        package var rowCount = 0
        /// The largest relative error of a number.
        package var worstError = 0.0

        package init() {}
    }

    /// - Throws: `ImportError` at the first answer that is not the expected one; the place is the row's.
    package static func run(_ metadata: ModelMetadata, on model: CompiledModel) throws(ImportError) -> Report {
        try run(metadata, signature: model.signature, layout: model.layout, predictor: model.predictor)
    }

    /// The same of a model's parts.
    package static func run(
        _ metadata: ModelMetadata, signature: Signature, layout: RowLayout, predictor: any Predictor
    ) throws(ImportError) -> Report {
        var report = Report()
        guard !metadata.goldenRows.isEmpty else { return report }
        let workspace = predictor.makeWorkspace()
        var output = OutputBatch(fields: signature.outputs)
        var batch = RowBatch(layout: layout)
        let classes = signature.outputs.map { Self.classes(of: $0) }
        for (index, row) in metadata.goldenRows.enumerated() {
            let place = "golden.rows[\(index)]"
            batch.removeAll()
            if let column = batch.append(row.cells) {
                throw refusal(
                    place + ".input." + name(of: column, layout), "a value of another type",
                    column < layout.width ? layout.columns[column].kind.rawValue : "\(layout.width) values")
            }
            predictor.predict(batch, into: &output, using: workspace)
            if let fault = output.faults.first {
                throw refusal(
                    place + ".input." + name(of: fault.column, layout), "a row without a prediction", "a prediction")
            }
            for (field, description) in signature.outputs.enumerated() {
                guard let expected = row.expected[description.name] else { continue }
                let error = try compare(
                    output.values[field], description, classes[field], expected, tolerance: metadata.goldenTolerance,
                    place: "\(place).expected.\(description.name)")
                report.worstError = max(report.worstError, error)
            }
            report.rowCount += 1
        }
        return report
    }

    /// - Parameter classes: the places of the classes of each target, by their labels.
    /// - Returns: the largest relative error.
    private static func compare(
        _ values: OutputValues, _ field: OutputField, _ classes: [[String: Int]], _ expected: GoldenRow.Expectation,
        tolerance: Double, place: String
    ) throws(ImportError) -> Double {
        switch (field.kind, expected) {
        case (.label(let labels), _):
            try compare(values.labels[0], of: labels, expected, place: place)
            return 0
        case (.labels(let targets), _):
            let wanted = Self.list(expected)
            guard wanted.count == targets.count else {
                throw refusal(place, "\(targets.count) labels", "\(wanted.count)")
            }
            for (target, labels) in targets.enumerated() {
                try compare(values.labels[target], of: labels, wanted[target], place: "\(place)[\(target)]")
            }
            return 0
        case (.values(let element), .numbers(let wanted)):
            return try compare(numbers(values, element, field.width), wanted, tolerance: tolerance, place: place)
        case (.probabilities(_, let element), .probabilities(let wanted)):
            let found = numbers(values, element, field.width)
            return try compare(found[...], classes[0], wanted, tolerance: tolerance, place: place)
        case (.probabilities(_, let element), .numbers(let wanted)):
            return try compare(numbers(values, element, field.width), wanted, tolerance: tolerance, place: place)
        case (.targetProbabilities(_, let element), .targets(let wanted)) where wanted.count == classes.count:
            var rest = numbers(values, element, field.width)[...]
            var worst = 0.0
            for (target, expectation) in wanted.enumerated() {
                guard case .probabilities(let wanted) = expectation else { break }
                let place = "\(place)[\(target)]"
                worst = max(worst, try compare(rest, classes[target], wanted, tolerance: tolerance, place: place))
                rest = rest.dropFirst(classes[target].count)
            }
            guard rest.isEmpty else { break }
            return worst
        default: break
        }
        throw refusal(place, "an output of another kind", "numbers for numbers, a label for a label")
    }

    /// The expectation of each target.
    private static func list(_ expected: GoldenRow.Expectation) -> [GoldenRow.Expectation] {
        switch expected {
        case .targets(let targets): targets
        case .numbers(let numbers): numbers.map { .numbers([$0]) }
        case .label, .probabilities: [expected]
        }
    }

    private static func compare(
        _ index: Int32, of labels: ClassLabels, _ expected: GoldenRow.Expectation, place: String
    ) throws(ImportError) {
        let found = labels.text(at: Int(index))
        let wanted: String
        switch expected {
        case .label(let text): wanted = text
        case .numbers(let numbers) where numbers.count == 1: wanted = Self.label(numbers[0], among: labels)
        default: throw refusal(place, "numbers", "a label")
        }
        guard found == wanted else { throw refusal(place, "the label \(found)", "the label \(wanted)") }
    }

    /// The probabilities of one target, from the first of `found` on.
    private static func compare(
        _ found: ArraySlice<Double>, _ classes: [String: Int], _ wanted: [GoldenRow.LabelProbability],
        tolerance: Double, place: String
    ) throws(ImportError) -> Double {
        var worst = 0.0
        for entry in wanted {
            guard let index = classes[entry.label] else {
                throw refusal(place, "no class \(entry.label)", "one of the model's classes")
            }
            worst = max(
                worst,
                try compare(
                    [found[found.startIndex + index]], [entry.probability], tolerance: tolerance,
                    place: "\(place).\(entry.label)"))
        }
        return worst
    }

    /// The places of the classes that an output has probabilities of, by their labels, one target after the other.
    private static func classes(of field: OutputField) -> [[String: Int]] {
        let targets: [ClassLabels] =
            switch field.kind {
            case .probabilities(let labels, _): [labels]
            case .targetProbabilities(let targets, _): targets
            case .values, .label, .labels: []
            }
        return targets.map { labels in
            var places: [String: Int] = [:]
            for index in 0..<labels.count { places[labels.text(at: index)] = index }
            return places
        }
    }

    private static func compare(
        _ found: [Double], _ wanted: [Double], tolerance: Double, place: String
    ) throws(ImportError) -> Double {
        guard found.count == wanted.count else {
            throw refusal(place, "\(found.count) numbers", "\(wanted.count)")
        }
        var worst = 0.0
        for (one, other) in zip(found, wanted) {
            // An answer writes every number that is not finite as null.
            if one == other || (!one.isFinite && !other.isFinite) { continue }
            let error = abs(one - other) / max(abs(one), abs(other))
            guard error <= tolerance else {
                throw refusal(place, "\(one)", "\(other), to a relative error of \(tolerance)")
            }
            worst = max(worst, error)
        }
        return worst
    }

    /// A label as JSON writes numbers: 1 is the label 1 whether the model has it as an integer or as 1.0.
    private static func label(_ number: Double, among labels: ClassLabels) -> String {
        if case .integers = labels, let integer = Int64(exactly: number) { return String(integer) }
        return number.description
    }

    private static func numbers(_ values: OutputValues, _ element: ElementType, _ width: Int) -> [Double] {
        element == .float32 ? values.float32[..<width].map { Double($0) } : Array(values.float64[..<width])
    }

    private static func name(of column: Int, _ layout: RowLayout) -> String {
        column < layout.width ? layout.columns[column].name ?? String(column) : String(column)
    }

    private static func refusal(_ place: String, _ found: String, _ expected: String) -> ImportError {
        ImportError(
            .malformed, at: place, found: found, expected: expected,
            remedy:
                "the file and its golden rows do not belong together, or the training library answers otherwise here")
    }
}
