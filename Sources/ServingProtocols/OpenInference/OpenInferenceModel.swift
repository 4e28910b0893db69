internal import ByteCoding
package import TensorCore

/// A model as the Open Inference Protocol sees it: named, typed tensors. Made once for a version.
///
/// A column with a name is an input of its own, `[rows, 1]`. A model without names has one input, a matrix with a
/// column for each of the model's. Whatever the metadata show, a request may always send the matrix.
package final class OpenInferenceModel: Sendable {
    /// One tensor of the metadata.
    struct Tensor: Sendable {
        let name: String
        let type: TensorType
        /// -1: any number.
        let shape: [Int]
    }

    /// One output.
    struct Output: Sendable {
        let tensor: Tensor
        /// The name that other servers' clients ask for; nil for none.
        let alias: String?
        /// Numbers a row.
        let width: Int
        /// Of each number of a row the classes that its index stands for; empty where it is the number itself.
        let classes: [OpenInferenceClasses]
        let element: ElementType?
        /// The classes in the order of a probability output's columns, as JSON; nil for other outputs.
        let columns: [UInt8]?
        /// `"name":...,"datatype":...` in JSON, by its own name and by the alias.
        let head: [UInt8]
        let aliasHead: [UInt8]

        func name(isAlias: Bool) -> String { isAlias ? alias ?? tensor.name : tensor.name }
    }

    package let name: String
    package let version: String
    let inputs: [Tensor]
    let outputs: [Output]
    /// Numbers of an answer for one row.
    let outputsPerRow: Int
    /// `"model_name":...,"model_version":...` in JSON.
    let head: [UInt8]

    /// What an input without a name is called.
    static let matrixName = "input"

    package init(name: String, version: Int, signature: Signature) {
        self.name = name
        self.version = "\(version)"
        inputs = Self.inputs(signature)
        outputs = Self.outputs(signature.outputs)
        outputsPerRow = signature.outputs.reduce(0) { $0 + $1.width }
        var writer = JSONWriter()
        writer.member("model_name", name)
        writer.member("model_version", self.version)
        head = writer.take()
    }

    /// The output of a name, and whether that is its alias.
    func output(named name: Span<UInt8>) -> (output: Int, isAlias: Bool)? {
        for (place, output) in outputs.enumerated() where name.isEqual(to: output.tensor.name) { return (place, false) }
        for (place, output) in outputs.enumerated() {
            if let alias = output.alias, name.isEqual(to: alias) { return (place, true) }
        }
        return nil
    }

    var outputNames: [String] { outputs.map(\.tensor.name) }

    private static func inputs(_ signature: Signature) -> [Tensor] {
        guard signature.isNamed else {
            let type = signature.inputs.allSatisfy { $0.kind == .string } ? TensorType.bytes : .fp64
            return [Tensor(name: matrixName, type: type, shape: [-1, signature.inputs.count])]
        }
        return signature.inputs.map { column in
            let type: TensorType =
                switch column.kind {
                case .float64: .fp64
                case .int64: .int64
                case .string: .bytes
                }
            return Tensor(name: column.name ?? "", type: type, shape: [-1, 1])
        }
    }

    private static func outputs(_ fields: [OutputField]) -> [Output] {
        fields.map { field in
            let alias: String? =
                switch field.name {
                case OutputField.predictionName: "predict"
                case OutputField.probabilitiesName: "predict_proba"
                default: nil
                }
            let isTaken = fields.contains { $0.name == alias }
            var classes: [OpenInferenceClasses] = []
            var type = field.kind.element == .float32 ? TensorType.fp32 : .fp64
            var columns: [UInt8]?
            switch field.kind {
            case .values: break
            case .label(let labels): (type, classes) = OpenInferenceClasses.make([labels])
            case .labels(let targets): (type, classes) = OpenInferenceClasses.make(targets)
            case .probabilities(let labels, _): columns = Self.columns([labels], isList: false)
            case .targetProbabilities(let targets, _): columns = Self.columns(targets, isList: true)
            }
            let tensor = Tensor(name: field.name, type: type, shape: [-1, field.width])
            return Output(
                tensor: tensor, alias: isTaken ? nil : alias, width: field.width, classes: classes,
                element: field.kind.element, columns: columns, head: head(field.name, type),
                aliasHead: head(alias ?? field.name, type))
        }
    }

    private static func head(_ name: String, _ type: TensorType) -> [UInt8] {
        var writer = JSONWriter()
        writer.member("name", name)
        writer.member("datatype", "\(type.name)")
        return writer.take()
    }

    private static func columns(_ targets: [ClassLabels], isList: Bool) -> [UInt8] {
        var writer = JSONWriter()
        if isList { writer.beginArray() }
        for labels in targets {
            writer.beginArray()
            for place in 0..<labels.count { writer.encoded(OpenInferenceClasses.json(labels, at: place)) }
            writer.endArray()
        }
        if isList { writer.endArray() }
        return writer.take()
    }
}

extension Span<UInt8> {
    func isEqual(to text: String) -> Bool {
        let other = text.utf8.span
        guard count == other.count else { return false }
        for index in indices where self[index] != other[index] { return false }
        return true
    }
}
