/// An affine map a column, in the order of operations of the library that wrote it, so that results are bit-equal.
package struct Scaler: Sendable, Hashable {
    package enum Form: Sendable, Hashable {
        /// (x - offset) / scale: scikit-learn's StandardScaler.
        case subtractDivide
        /// x * scale + offset: scikit-learn's MinMaxScaler.
        case multiplyAdd
    }

    package let form: Form
    /// One a column.
    package let offset: [Double]
    /// One a column.
    package let scale: [Double]
    /// Bounds of the result (MinMaxScaler with `clip=True`).
    package let clip: ClosedRange<Double>?

    package init(form: Form, offset: [Double], scale: [Double], clip: ClosedRange<Double>? = nil) {
        self.form = form
        self.offset = offset
        self.scale = scale
        self.clip = clip
    }
}
