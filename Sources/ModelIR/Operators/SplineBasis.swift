/// The B-splines of each column at its element, side by side (scikit-learn `SplineTransformer`).
package struct SplineBasis: Sendable, Hashable {
    /// What is beyond the knots.
    package enum Extrapolation: Sendable, Hashable {
        /// The row has no prediction.
        case refuse
        /// The values at the border.
        case constant
        /// A line on from the border.
        case linear
        /// The outermost polynomials go on.
        case continued
        /// The element comes round at the other end.
        case periodic
    }

    /// The values and the slopes at a border, one a spline.
    package struct Border: Sendable, Hashable {
        package let values: [Double]
        package let slopes: [Double]
    }

    package struct Feature: Sendable, Hashable {
        /// Ascending; `degree` of them before the lower border and as many after the upper one.
        package let knots: [Double]
        /// Where extrapolation begins.
        package let bounds: ClosedRange<Double>
        package let lower: Border
        package let upper: Border
        /// How many splines go on beyond a border.
        package let continuedCount: Int

        /// `margin` is how many knots lie outside of each border: `degree`, except where the library errs.
        ///
        /// - Precondition: there are more than 2 · `degree` + 1 and 2 · `margin` + 1 ascending knots.
        package init(knots: [Double], degree: Int, margin: Int, continuedCount: Int) {
            self.knots = knots
            self.continuedCount = continuedCount
            bounds = knots[margin]...knots[knots.count - margin - 1]
            lower = Self.border(knots, degree, at: margin)
            upper = Self.border(knots, degree, at: knots.count - margin - 1)
        }

        private static func border(_ knots: [Double], _ degree: Int, at knot: Int) -> Border {
            let interval = SplineBasis.interval(of: knots[knot], knots, degree)
            let count = knots.count - degree - 1
            var values = [Double](repeating: 0, count: count)
            var slopes = values
            SplineBasis.fill(&values, from: interval - degree, knots, degree, interval: interval, x: knots[knot])
            SplineBasis.fillSlopes(
                &slopes, from: interval - degree, knots, degree, interval: interval, x: knots[knot])
            return Border(values: values, slopes: slopes)
        }
    }

    package let features: [Feature]
    package let degree: Int
    package let extrapolation: Extrapolation
    /// Whether a missing value has zeros, rather than being refused (since scikit-learn 1.8).
    package let acceptsMissing: Bool
    /// Splines a column.
    package let splineCount: Int

    /// Degrees beyond this are refused.
    package static let degreeMax = 24

    package init(
        features: [Feature], degree: Int, splineCount: Int, extrapolation: Extrapolation, acceptsMissing: Bool
    ) {
        self.features = features
        self.degree = degree
        self.splineCount = splineCount
        self.extrapolation = extrapolation
        self.acceptsMissing = acceptsMissing
    }

    /// The knot at which the interval of `x` begins; beyond the borders the outermost interval.
    package static func interval(of x: Double, _ knots: [Double], _ degree: Int) -> Int {
        var low = degree
        var high = knots.count - degree - 2
        while low < high {
            let middle = (low + high + 1) / 2
            if x >= knots[middle] { low = middle } else { high = middle - 1 }
        }
        return low
    }

    /// Writes the `degree + 1` splines that are not zero in an interval between knots, by de Boor's recursion in
    /// SciPy's order of operations.
    package static func fill(
        _ values: inout [Double], from start: Int, _ knots: [Double], _ degree: Int, interval: Int, x: Double
    ) {
        values[start] = 1
        guard degree > 0 else { return }
        for level in 1...degree {
            var before = values[start]
            values[start] = 0
            for index in 1...level {
                let next = index < level ? values[start + index] : 0
                let right = knots[interval + index]
                let left = knots[interval + index - level]
                if right == left {
                    values[start + index] = 0
                } else {
                    let weight = before / (right - left)
                    values[start + index - 1] += weight * (right - x)
                    values[start + index] = weight * (x - left)
                }
                before = next
            }
        }
    }

    /// The first derivatives of the same splines.
    private static func fillSlopes(
        _ slopes: inout [Double], from start: Int, _ knots: [Double], _ degree: Int, interval: Int, x: Double
    ) {
        guard degree > 0 else { return }
        fill(&slopes, from: start, knots, degree - 1, interval: interval, x: x)
        var before = slopes[start]
        slopes[start] = 0
        for index in 1...degree {
            let next = index < degree ? slopes[start + index] : 0
            let right = knots[interval + index]
            let left = knots[interval + index - degree]
            if right == left {
                slopes[start + index] = 0
            } else {
                let weight = Double(degree) * before / (right - left)
                slopes[start + index - 1] -= weight
                slopes[start + index] = weight
            }
            before = next
        }
    }
}
