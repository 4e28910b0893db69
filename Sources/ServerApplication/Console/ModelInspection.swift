internal import InferenceEngine
internal import ModelIR
internal import ServingProtocols
internal import TensorCore

/// `vencejo inspect`: what is in a model file, and how it would be served.
public enum ModelInspection {
    private static let columnsShownMax = 64
    /// What a step must cost of the whole, so that the stages not taken are shown with it.
    private static let shareOfModels = 0.2

    /// The report as text.
    /// - Parameters:
    ///   - predictor: the predictor to force; nil shows the compiler's choice.
    ///   - iterationRange: the boosting rounds that predict; nil for those that the library would use.
    /// - Throws: `CommandError` with what is unsupported, why, and what to do instead.
    public static func report(
        path: String, predictor: String? = nil, iterationRange: Range<Int>? = nil
    ) throws(CommandError) -> String {
        let model = try ModelFile(
            path: path, predictor: predictor, options: ImportOptions(iterationRange: iterationRange))
        let signature = model.compiled.signature
        let report = model.compiled.predictor.report
        var lines = [
            "\(path)",
            "  format      \(model.imported.format), \(model.byteCount) bytes, written by \(model.imported.producer)",
            "  steps",
        ]
        let width = model.imported.steps.map(\.className.count).max() ?? 0
        for step in model.imported.steps {
            lines.append("    \(padded(step.className, to: width))  \(step.detail)  (\(step.path))")
        }
        lines.append(
            "  inputs      \(signature.inputs.count) columns\(signature.isNamed ? "" : ", without names: send rows")")
        for (index, column) in signature.inputs.prefix(columnsShownMax).enumerated() {
            lines.append("    " + describe(column, at: index))
        }
        if signature.inputs.count > columnsShownMax { lines.append("    ...") }
        lines.append("  outputs")
        for output in signature.outputs { lines.append("    " + describe(output)) }
        let others = model.imported.graph.outputs.filter { !$0.isDefault }.map(\.name)
        if !others.isEmpty { lines.append("    on demand: " + others.joined(separator: ", ")) }
        lines += describe(report)
        if model.golden.rowCount > 0 {
            lines.append(
                "  golden      \(model.golden.rowCount) rows answered as expected, "
                    + "worst relative error \(model.golden.worstError)")
        }
        lines.append("  example     \(ExampleRequest.text(signature))")
        return lines.joined(separator: "\n")
    }

    /// The stages that run, and for each what else was considered.
    private static func describe(_ report: PredictorReport) -> [String] {
        let alone = Int(report.nanosecondsPerRow.rounded())
        let together = Int(report.nanosecondsPerRowOfMany.rounded())
        var lines = [
            "  predictor   \(report.name), about \(alone) ns a row, \(together) among many, "
                + "tables of \(report.tableBytes) bytes"
        ]
        let operations = report.steps.map(\.operation.count).max() ?? 0
        let stages = report.steps.map(\.stage.count).max() ?? 0
        for step in report.steps {
            let cost = Int(step.nanosecondsPerRow.rounded())
            lines.append(
                "    \(padded(step.operation, to: operations))  \(padded(step.stage, to: stages))  "
                    + "\(cost) ns: \(step.reason)")
            let isModel = step.nanosecondsPerRow >= report.nanosecondsPerRow * shareOfModels
            for other in step.others where isModel {
                lines.append("      not \(other.name): \(other.reason)")
            }
        }
        return lines
    }

    private static func describe(_ column: Column, at index: Int) -> String {
        var text = "\(column.name ?? "[\(index)]")  \(column.kind.rawValue)"
        if column.acceptsMissing { text += ", may be missing" }
        if let range = column.range { text += ", \(range.lowerBound) to \(range.upperBound) in training" }
        if !column.categories.isEmpty {
            let shown = column.categories.prefix(8).map { "\"\($0)\"" }.joined(separator: ", ")
            text += ", one of \(shown)\(column.categories.count > 8 ? ", ..." : "")"
        }
        return text
    }

    private static func describe(_ output: OutputField) -> String {
        switch output.kind {
        case .values(let element): "\(output.name)  \(element.rawValue)\(output.width > 1 ? " [\(output.width)]" : "")"
        case .label(let labels): "\(output.name)  one of \(classes(labels))"
        case .probabilities(let labels, let element): "\(output.name)  \(element.rawValue) for \(classes(labels))"
        case .labels(let targets): "\(output.name)  one label for each of \(classes(targets))"
        case .targetProbabilities(let targets, let element):
            "\(output.name)  \(element.rawValue) for each class of \(classes(targets))"
        }
    }

    private static func classes(_ targets: [ClassLabels]) -> String {
        let shown = targets.prefix(8).map { "(\(classes($0)))" }.joined(separator: ", ")
        return "\(targets.count) targets: \(shown)\(targets.count > 8 ? ", ..." : "")"
    }

    private static func classes(_ labels: ClassLabels) -> String {
        let shown = (0..<min(8, labels.count)).map { labels.text(at: $0) }.joined(separator: ", ")
        return "\(labels.count) classes: \(shown)\(labels.count > 8 ? ", ..." : "")"
    }

    private static func padded(_ text: String, to width: Int) -> String {
        text + String(repeating: " ", count: max(0, width - text.count))
    }
}
