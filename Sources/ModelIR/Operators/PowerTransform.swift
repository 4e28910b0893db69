/// A power of each column that makes it more like a normal distribution (scikit-learn `PowerTransformer`).
package struct PowerTransform: Sendable, Hashable {
    package enum Method: Sendable, Hashable {
        /// SciPy's `boxcox`. The row has no prediction where an element is not greater than zero.
        case boxCox
        /// scikit-learn's own formula up to 1.7: (x + 1)^λ - 1, over λ.
        case yeoJohnson
        /// SciPy's formula, which scikit-learn uses since 1.8: exact also for a λ near 0 or 2.
        case yeoJohnsonExpm1
    }

    package let method: Method
    /// One a column.
    package let lambdas: [Double]

    package init(method: Method, lambdas: [Double]) {
        self.method = method
        self.lambdas = lambdas
    }
}
