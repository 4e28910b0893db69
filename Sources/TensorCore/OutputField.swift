/// One named output of a model.
package struct OutputField: Sendable, Hashable {
    package enum Kind: Sendable, Hashable {
        /// Numbers as the library computes them, `float32` or `float64`.
        case values(ElementType)
        /// One class: the output holds its index in `labels`.
        case label(ClassLabels)
        /// One number a class, `float32` or `float64`.
        case probabilities(ClassLabels, ElementType)
    }

    package let name: String
    package let kind: Kind
    /// Numbers a row.
    package let width: Int
    /// Whether a row's value is a list: always where it holds more than one number, and also for a regressor fitted
    /// on a 2-D target of one column.
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
