internal import TensorCore

/// Labels of a member beside those of the estimator around it.
extension ClassLabels {
    private enum Key: Hashable {
        case integer(Int64)
        case number(Double)
        case text(String)
    }

    /// Numbers compare as numbers, whatever their type, as Python's do.
    private func key(at index: Int) -> Key {
        switch self {
        case .integers(let values): .integer(values[index])
        case .booleans(let values): .integer(values[index] ? 1 : 0)
        case .doubles(let values): Int64(exactly: values[index]).map { .integer($0) } ?? .number(values[index])
        case .strings(let values): .text(values[index])
        }
    }

    /// The place of each label of `inner` among these; nil if one is not among them.
    func positions(of inner: ClassLabels) -> [Int]? {
        var places: [Key: Int] = [:]
        for index in 0..<count { places[key(at: index)] = index }
        var result: [Int] = []
        for index in 0..<inner.count {
            guard let place = places[inner.key(at: index)] else { return nil }
            result.append(place)
        }
        return result
    }

    /// The place of the one label of `other`, which must be of the same type; nil if it is not among these.
    func firstIndex(of other: ClassLabels) -> Int? {
        switch (self, other) {
        case (.integers(let values), .integers(let label)): values.firstIndex(of: label[0])
        case (.booleans(let values), .booleans(let label)): values.firstIndex(of: label[0])
        case (.doubles(let values), .doubles(let label)): values.firstIndex(of: label[0])
        case (.strings(let values), .strings(let label)): values.firstIndex(of: label[0])
        default: nil
        }
    }

    /// The labels at these places.
    func picked(_ places: [Int]) -> ClassLabels {
        switch self {
        case .integers(let values): .integers(places.map { values[$0] })
        case .booleans(let values): .booleans(places.map { values[$0] })
        case .doubles(let values): .doubles(places.map { values[$0] })
        case .strings(let values): .strings(places.map { values[$0] })
        }
    }

    /// The labels as codes 0..<bound; nil if they are something else.
    func codes(below bound: Int) -> [Int]? {
        ClassLabels.integers((0..<bound).map { Int64($0) }).positions(of: self)
    }

    /// The labels as numbers; nil for text.
    var numbers: [Double]? {
        switch self {
        case .integers(let values): values.map { Double($0) }
        case .booleans(let values): values.map { $0 ? 1 : 0 }
        case .doubles(let values): values
        case .strings: nil
        }
    }
}
