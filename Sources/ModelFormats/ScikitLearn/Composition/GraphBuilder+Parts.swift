internal import ModelIR
internal import TensorCore

/// The parts of a saved object: steps, branches, members.
extension GraphBuilder {
    /// One named part of a pipeline, union or column transformer.
    struct Part {
        let name: String
        let value: PickleValue
        /// The column specification of a ColumnTransformer's branch.
        let columns: PickleValue
        /// "passthrough" or None.
        let isPassthrough: Bool
        let isDrop: Bool
    }

    /// The parts of an attribute that is a list of (name, estimator) or (name, estimator, columns).
    func parts(_ estimator: EstimatorRecord, _ name: String, width: Int) throws(ImportError) -> [Part] {
        let place = "\(estimator.path).\(name)"
        let value = try required(estimator, name)
        guard let items = document.sequence(value), items.count <= Self.stepsMax else {
            throw wrongType(value, place: place, expected: "a list of steps")
        }
        var parts: [Part] = []
        for (index, item) in items.enumerated() {
            guard let entry = document.sequence(item), entry.count == width, case .text(let slice) = entry[0],
                Int(slice.count) <= document.limits.nameBytesMax, let name = document.text(slice)
            else {
                throw wrongType(
                    item, place: "\(place)[\(index)]", expected: "a tuple of \(width) that begins with a name")
            }
            let word: PickleScalar
            if case .text(let slice) = entry[1], Int(slice.count) > document.limits.nameBytesMax {
                word = .other(entry[1])
            } else {
                word = document.scalar(entry[1])
            }
            parts.append(
                Part(
                    name: name, value: entry[1], columns: width == 3 ? entry[2] : .none,
                    isPassthrough: word == .none || word == .text("passthrough"), isDrop: word == .text("drop")))
        }
        return parts
    }

    func parts(of container: EstimatorRecord) throws(ImportError) -> [Part] {
        switch container.className {
        case "ColumnTransformer": try parts(container, "transformers_", width: 3)
        case "FeatureUnion": try parts(container, "transformer_list", width: 2)
        default: try parts(container, "steps", width: 2)
        }
    }

    /// The estimator of a part.
    func estimator(_ part: Part, in container: EstimatorRecord) throws(ImportError) -> EstimatorRecord {
        try member(part.value, named: part.name, of: container)
    }

    /// An estimator within another.
    func member(
        _ value: PickleValue, named name: String, of container: EstimatorRecord
    ) throws(ImportError) -> EstimatorRecord {
        let path = container.path + "/" + name
        guard container.depth < Self.nestingMax else {
            throw ImportError(
                .limit, at: path, found: "more than \(Self.nestingMax) levels of estimators",
                expected: "at most that many")
        }
        guard let member = estimator(value, path: path, depth: container.depth + 1) else {
            throw ImportError(
                .unsupported, at: path, found: document.describe(value), expected: "a scikit-learn estimator")
        }
        return member
    }

    /// The fitted estimator that an attribute holds.
    func member(_ name: String, of container: EstimatorRecord) throws(ImportError) -> EstimatorRecord {
        try member(required(container, name), named: name, of: container)
    }

    /// The parts of a container that are estimators.
    func estimators(of container: EstimatorRecord) throws(ImportError) -> [EstimatorRecord] {
        var estimators: [EstimatorRecord] = []
        for part in try parts(of: container) where !part.isPassthrough && !part.isDrop && !isEmpty(part.columns) {
            estimators.append(try estimator(part, in: container))
        }
        return estimators
    }

    // MARK: What is not served

    /// Refuses the model with all of its unsupported steps at once.
    func refuseUnsupported(_ root: EstimatorRecord) throws(ImportError) {
        var found: [EstimatorRecord] = []
        var visited = 0
        try collectUnsupported(root, into: &found, visited: &visited)
        guard let first = found.first else { return }
        var text = first.fullName
        for other in found.dropFirst().prefix(8) { text += ", and \(other.fullName) at \(other.path)" }
        throw ImportError(
            .unsupported, at: first.path, found: text, expected: "only classes that are served",
            remedy: Remedies.remedy(for: first))
    }

    private func collectUnsupported(
        _ estimator: EstimatorRecord, into found: inout [EstimatorRecord], visited: inout Int
    ) throws(ImportError) {
        visited += 1
        guard visited <= Self.stepsMax else { throw tooManySteps(estimator.path) }
        guard let known = EstimatorClass.of(estimator) else {
            found.append(estimator)
            return
        }
        for part in try known.parts(self, estimator) {
            try collectUnsupported(part, into: &found, visited: &visited)
        }
    }
}
