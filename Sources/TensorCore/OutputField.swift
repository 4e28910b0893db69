/// One named output of a model.
package struct OutputField: Sendable, Hashable {
    package enum Kind: Sendable, Hashable {
        /// Numbers as the library computes them, `float32` or `float64`.
        case values(ElementType)
        /// One class: the output holds its index in `labels`.
        case label(ClassLabels)
        /// One number a class, `float32` or `float64`.
        case probabilities(ClassLabels, ElementType)
        /// One class a target: the output holds the index of each in the target's labels.
        case labels([ClassLabels])
        /// One number a class, of all classes of the first target, then of the second, and so on; `float32` or
        /// `float64`.
        case targetProbabilities([ClassLabels], ElementType)

        /// What the output's numbers are; nil for class indices.
        package var element: ElementType? {
            switch self {
            case .values(let element), .probabilities(_, let element), .targetProbabilities(_, let element): element
            case .label, .labels: nil
            }
        }
    }

    package let name: String
    package let kind: Kind
    /// Numbers a row.
    package let width: Int
    /// Whether a row's value is a list: always where it holds more than one number, and also for a model fitted on
    /// a 2-D target of one column.
    package let isVector: Bool

    package init(name: String, kind: Kind, width: Int, isVector: Bool) {
        self.name = name
        self.kind = kind
        self.width = width
        self.isVector = isVector || width > 1
    }

    package static let predictionName = "prediction"
    package static let probabilitiesName = "probabilities"
    /// What a transformer, or a pipeline that ends with one, gives.
    package static let transformName = "transform"
}
