/// A piecewise linear curve a column (NumPy's `interp`, scikit-learn's `IsotonicRegression`).
package struct Interpolation: Sendable, Hashable {
    package enum Outside: Sendable, Hashable {
        /// The value at the nearest end.
        case nearest
        /// NaN.
        case missing
    }

    package struct Curve: Sendable, Hashable {
        /// In ascending order, at least one.
        package let x: [Double]
        /// One an x.
        package let y: [Double]
        /// What stands before the first and after the last x.
        package let outside: Outside

        package init(x: [Double], y: [Double], outside: Outside) {
            self.x = x
            self.y = y
            self.outside = outside
        }
    }

    package let curves: [Curve]

    package init(curves: [Curve]) {
        self.curves = curves
    }
}
