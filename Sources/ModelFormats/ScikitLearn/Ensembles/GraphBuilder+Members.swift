internal import ModelIR
internal import TensorCore

/// What estimators around others share.
extension GraphBuilder {
    /// The fitted members in a list.
    func members(_ name: String, of ensemble: EstimatorRecord) throws(ImportError) -> [EstimatorRecord] {
        let values = try memberValues(name, of: ensemble)
        guard values.count <= Self.stepsMax else { throw tooManySteps(ensemble.path) }
        var members: [EstimatorRecord] = []
        for (index, value) in values.enumerated() {
            members.append(try member(value, named: "\(name)[\(index)]", of: ensemble))
        }
        return members
    }

    /// The methods of each member on the same frame, in float64. Only the first one's steps are told.
    mutating func methods(
        of members: [EstimatorRecord], _ frame: Frame, toldMax: Int = 1
    ) throws(ImportError) -> [EstimatorMethods] {
        var result: [EstimatorMethods] = []
        for (index, member) in members.enumerated() {
            let told = stepCount
            try spend(frame.count, path: member.path)
            result.append(widened(try methods(member, frame), path: member.path))
            if index >= toldMax { dropSteps(after: told) }
        }
        return result
    }

    /// The frame as one matrix of numbers, in which nothing may be missing or infinite where scikit-learn checks that.
    mutating func numberFrame(
        _ frame: Frame, isFinite: Bool, path: String
    ) throws(ImportError) -> Frame {
        var value = try matrix(frame, as: .number, path: path)
        if isFinite { value = add(.requireFinite, [value], width: frame.count, path: path) }
        return Frame(value, width: frame.count, kind: .number, names: frame.columns.map(\.name))
    }

    // MARK: Methods

    /// A regressor's prediction.
    func prediction(
        of methods: EstimatorMethods, _ member: EstimatorRecord
    ) throws(ImportError) -> EstimatorMethods.Numbers {
        guard case .numbers(let value, let width, _) = methods.prediction else {
            throw ImportError(
                .unsupported, at: member.path, found: member.fullName, expected: "a regressor",
                remedy: "use a regressor there")
        }
        return EstimatorMethods.Numbers(value: value, width: width)
    }

    /// A classifier's prediction.
    func label(
        of methods: EstimatorMethods, _ member: EstimatorRecord
    ) throws(ImportError) -> (value: ValueID, labels: ClassLabels) {
        guard case .label(let value, let labels) = methods.prediction else {
            throw ImportError(
                .unsupported, at: member.path, found: member.fullName, expected: "a classifier",
                remedy: "use a classifier there")
        }
        return (value, labels)
    }

    func probabilities(
        of methods: EstimatorMethods, _ member: EstimatorRecord
    ) throws(ImportError) -> (value: ValueID, labels: ClassLabels) {
        let labels = try label(of: methods, member).labels
        guard let value = methods.probabilities else {
            throw ImportError(
                .unsupported, at: member.path, found: "\(member.fullName) without predict_proba",
                expected: "a classifier with it")
        }
        return (value, labels)
    }

    /// A label as the indicators of the classes around it: `on` in the column of its class, `off` in the others.
    mutating func indicators(
        of methods: EstimatorMethods, _ member: EstimatorRecord, among labels: ClassLabels, on: Double = 1,
        off: Double = 0
    ) throws(ImportError) -> ValueID {
        let (value, own) = try label(of: methods, member)
        guard let columns = labels.positions(of: own) else { throw foreignLabels(member) }
        try spend(columns.count, path: member.path)
        let indicator = ClassIndicator(columns: columns, width: labels.count, on: on, off: off)
        return add(.classIndicator(indicator), [value], width: labels.count, path: member.path)
    }

    /// Columns of a member's classes at the places of all classes, zero where the member knows no class.
    mutating func spread(
        _ value: ValueID, to places: [Int], of width: Int, path: String
    ) throws(ImportError) -> ValueID {
        guard places != Array(0..<width) else { return value }
        try spend(width, path: path)
        let zero = add(.constant([0]), width: 1, path: path)
        let both = add(.concat, [value, zero], width: places.count + 1, path: path)
        var columns = [Int](repeating: places.count, count: width)
        for (column, place) in places.enumerated() { columns[place] = column }
        return add(.gatherColumns(columns), [both], width: width, path: path)
    }

    func foreignLabels(_ member: EstimatorRecord) -> ImportError {
        ImportError(
            .malformed, at: member.path + ".classes_", found: "a class that the estimator around it does not know",
            expected: "its classes")
    }

    /// Classes 0, 1, ..., on which members are fitted whose targets were encoded.
    func codes(_ count: Int) -> ClassLabels { .integers((0..<count).map { Int64($0) }) }

    /// Rows -1 and 1 of one number: [-d, d].
    mutating func mirrored(_ value: ValueID, path: String) -> ValueID {
        add(.gemm(Gemm(weights: [-1, 1], bias: [0, 0], inputWidth: 1)), [value], width: 2, path: path)
    }

    /// Weights of an ensemble's members, at least one for each.
    mutating func memberWeights(
        _ estimator: EstimatorRecord, _ name: String, count: Int
    ) throws(ImportError) -> [Double] {
        let weights = try numbers(estimator, name)
        guard weights.shape.rank == 1, weights.values.count >= count else {
            throw ImportError(
                .malformed, at: "\(estimator.path).\(name)", found: "shape \(weights.shape)",
                expected: "at least \(count) numbers, one a member")
        }
        return weights.values
    }
}
