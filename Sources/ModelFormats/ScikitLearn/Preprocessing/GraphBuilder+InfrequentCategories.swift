internal import ModelIR
internal import TensorCore

/// The grouping of infrequent categories, which `OneHotEncoder` (since 1.1) and `OrdinalEncoder` (since 1.3) keep
/// alike.
extension GraphBuilder {
    /// For each feature the array that maps its categories to indicators, or None; nil without infrequent categories.
    func grouping(_ estimator: EstimatorRecord, count: Int) throws(ImportError) -> [PickleValue]? {
        guard flag(estimator, "_infrequent_enabled", default: false) else { return nil }
        let value = try required(estimator, "_default_to_infrequent_mappings")
        guard let mappings = document.sequence(value), mappings.count == count else {
            throw wrongType(
                value, place: estimator.path + "._default_to_infrequent_mappings", expected: "a list of \(count)")
        }
        return mappings
    }

    /// Where a feature's array of `grouping` puts each of its `count` categories; nil where none is infrequent.
    mutating func infrequentMapping(
        _ grouping: PickleValue, count: Int, path: String
    ) throws(ImportError) -> [Int]? {
        guard grouping != .none else { return nil }
        let place = path + "._default_to_infrequent_mappings"
        let scalars = try list(grouping, place: place)
        guard scalars.count == count else {
            throw ImportError(.malformed, at: place, found: "shape [\(scalars.count)]", expected: "[\(count)]")
        }
        var mapping: [Int] = []
        for (index, scalar) in scalars.enumerated() {
            guard case .integer(let code) = scalar, code >= 0, code < Int64(count) else {
                throw ImportError(
                    .malformed, at: "\(place)[\(index)]", found: scalar.description, expected: "0..<\(count)")
            }
            mapping.append(Int(code))
        }
        return mapping
    }
}
