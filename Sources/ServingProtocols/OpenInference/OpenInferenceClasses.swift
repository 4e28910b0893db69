internal import ByteCoding
internal import TensorCore

/// The classes of one target as elements of a tensor, written beforehand.
///
/// | labels | type |
/// |---|---|
/// | whole numbers | `INT64` |
/// | other numbers | `FP64` |
/// | true and false | `BOOL` |
/// | text, and targets of several kinds | `BYTES` |
struct OpenInferenceClasses: Sendable {
    /// Each class in JSON.
    let json: [[UInt8]]
    /// In a binary tensor; of `BYTES` with the length in front.
    let binary: [[UInt8]]

    /// Makes those of each target, and tells the type that all of them have.
    static func make(_ targets: [ClassLabels]) -> (type: TensorType, classes: [OpenInferenceClasses]) {
        let types = targets.map { tensorType(of: $0) }
        let type: TensorType = types.dropFirst().allSatisfy { $0 == types[0] } ? types.first ?? .bytes : .bytes
        return (type, targets.map { OpenInferenceClasses($0, as: type) })
    }

    private init(_ labels: ClassLabels, as type: TensorType) {
        json = (0..<labels.count).map { place in
            guard type == .bytes else { return Self.json(labels, at: place) }
            var writer = JSONWriter()
            writer.string(labels.text(at: place))
            return writer.take()
        }
        binary = (0..<labels.count).map { place in
            switch (type, labels) {
            case (.int64, .integers(let values)): Self.bytes(UInt64(bitPattern: values[place]), count: 8)
            case (.fp64, .doubles(let values)): Self.bytes(values[place].bitPattern, count: 8)
            case (.bool, .booleans(let values)): [values[place] ? 1 : 0]
            default:
                Self.bytes(UInt64(labels.text(at: place).utf8.count), count: 4) + Array(labels.text(at: place).utf8)
            }
        }
    }

    private static func tensorType(of labels: ClassLabels) -> TensorType {
        switch labels {
        case .integers: .int64
        case .doubles: .fp64
        case .booleans: .bool
        case .strings: .bytes
        }
    }

    static func json(_ labels: ClassLabels, at place: Int) -> [UInt8] {
        var writer = JSONWriter()
        switch labels {
        case .integers(let values): writer.number(values[place])
        case .doubles(let values): writer.number(values[place])
        case .booleans(let values): writer.bool(values[place])
        case .strings(let values): writer.string(values[place])
        }
        return writer.take()
    }

    private static func bytes(_ bits: UInt64, count: Int) -> [UInt8] {
        (0..<count).map { UInt8(truncatingIfNeeded: bits >> UInt64($0 * 8)) }
    }
}
