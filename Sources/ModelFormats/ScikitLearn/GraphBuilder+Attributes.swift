internal import ModelIR
internal import TensorCore

/// Reading of an estimator's attributes. Refusals name the attribute: `pipeline/model.coef_`.
extension GraphBuilder {
    /// The estimator that a value is; nil if it is something else.
    func estimator(_ value: PickleValue, path: String, depth: Int) -> EstimatorRecord? {
        guard let record = document.record(value), case .global(let global) = document.kind(record.callable),
            let name = document.text(global.name)
        else { return nil }
        let className = name.split(separator: ".").last.map { String($0) } ?? name
        return EstimatorRecord(
            record: record, className: className, fullName: document.fullName(global), path: path, depth: depth)
    }

    func attribute(_ estimator: EstimatorRecord, _ name: String) -> PickleValue? {
        document.attribute(name, of: estimator.record)
    }

    /// An attribute that a fitted estimator always has.
    func required(_ estimator: EstimatorRecord, _ name: String) throws(ImportError) -> PickleValue {
        guard let value = attribute(estimator, name), value != .none else {
            throw ImportError(
                .malformed, at: "\(estimator.path).\(name)", found: "nothing",
                expected: "an attribute of a fitted \(estimator.className)", remedy: "call fit before saving the model")
        }
        return value
    }

    func scalarAttribute(_ estimator: EstimatorRecord, _ name: String) -> PickleScalar? {
        guard let value = attribute(estimator, name) else { return nil }
        if case .text(let slice) = value, Int(slice.count) > document.limits.attributeTextBytesMax {
            return .other(value)
        }
        return document.scalar(value)
    }

    func flag(_ estimator: EstimatorRecord, _ name: String, default standard: Bool) -> Bool {
        scalarAttribute(estimator, name)?.number.map { $0 != 0 } ?? standard
    }

    func text(_ estimator: EstimatorRecord, _ name: String) -> String? {
        guard case .text(let text)? = scalarAttribute(estimator, name) else { return nil }
        return text
    }

    /// Numbers of any shape: an array, a sparse matrix, or a single number (shape []).
    mutating func numbers(_ value: PickleValue, place: String) throws(ImportError) -> PickleElements<Double> {
        if let array = document.array(value) { return try document.doubles(array, place: place, budget: &budget) }
        if let number = document.scalar(value).number, let shape = Shape([]) {
            return PickleElements(shape: shape, values: [number])
        }
        if let record = document.record(value) { return try sparseMatrix(record, place: place) }
        throw wrongType(value, place: place, expected: "numbers")
    }

    mutating func numbers(_ estimator: EstimatorRecord, _ name: String) throws(ImportError) -> PickleElements<Double> {
        try numbers(required(estimator, name), place: "\(estimator.path).\(name)")
    }

    /// Numbers one a column.
    mutating func vector(_ estimator: EstimatorRecord, _ name: String, count: Int) throws(ImportError) -> [Double] {
        let elements = try numbers(estimator, name)
        try check(elements.shape, [count], place: "\(estimator.path).\(name)")
        return elements.values
    }

    func check(_ shape: Shape, _ expected: [Int], place: String) throws(ImportError) {
        guard shape.extents == expected else {
            let text = "[" + expected.map { String($0) }.joined(separator: ", ") + "]"
            throw ImportError(.malformed, at: place, found: "shape \(shape)", expected: text)
        }
    }

    /// The elements of an array, list or tuple.
    mutating func list(_ value: PickleValue, place: String) throws(ImportError) -> [PickleScalar] {
        if let array = document.array(value) {
            let elements = try document.scalars(array, place: place, budget: &budget)
            guard elements.shape.rank == 1 else {
                throw ImportError(.malformed, at: place, found: "shape \(elements.shape)", expected: "one dimension")
            }
            return elements.values
        }
        guard let items = document.sequence(value) else { throw wrongType(value, place: place, expected: "a list") }
        var cost = items.count
        for case .text(let slice) in items { cost += Int(slice.count) / 16 }
        try spend(cost, path: place)
        return items.map { document.scalar($0) }
    }

    /// The attribute `classes_` of a classifier.
    mutating func classLabels(_ estimator: EstimatorRecord) throws(ImportError) -> ClassLabels {
        try classLabels(required(estimator, "classes_"), place: estimator.path + ".classes_")
    }

    /// Labels of one type.
    mutating func classLabels(_ value: PickleValue, place: String) throws(ImportError) -> ClassLabels {
        let scalars = try list(value, place: place)
        var integers: [Int64] = []
        var doubles: [Double] = []
        var booleans: [Bool] = []
        var strings: [String] = []
        for scalar in scalars {
            switch scalar {
            case .integer(let value): integers.append(value)
            case .float(let value): doubles.append(value)
            case .boolean(let value): booleans.append(value)
            case .text(let value): strings.append(value)
            case .none, .other:
                throw ImportError(
                    .unsupported, at: place, found: scalar.description, expected: "numbers or text as classes")
            }
        }
        switch scalars.count {
        case integers.count: return .integers(integers)
        case doubles.count: return .doubles(doubles)
        case booleans.count: return .booleans(booleans)
        case strings.count: return .strings(strings)
        default:
            throw ImportError(
                .unsupported, at: place, found: "classes of several types", expected: "one type",
                remedy: "convert the target to text before training")
        }
    }

    func wrongType(_ value: PickleValue, place: String, expected: String) -> ImportError {
        ImportError(.malformed, at: place, found: document.describe(value), expected: expected)
    }
}
