/// The labels of a classifier's classes, in the order of its probability columns.
package enum ClassLabels: Sendable, Hashable {
    case integers([Int64])
    case doubles([Double])
    case booleans([Bool])
    case strings([String])

    package var count: Int {
        switch self {
        case .integers(let values): values.count
        case .doubles(let values): values.count
        case .booleans(let values): values.count
        case .strings(let values): values.count
        }
    }

    /// The label as text, as it stands as a key in a JSON object of probabilities.
    package func text(at index: Int) -> String {
        switch self {
        case .integers(let values): String(values[index])
        case .doubles(let values): values[index].description
        case .booleans(let values): values[index] ? "true" : "false"
        case .strings(let values): values[index]
        }
    }
}
