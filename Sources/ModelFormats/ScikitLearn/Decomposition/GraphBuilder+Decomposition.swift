internal import ModelIR
internal import TensorCore

/// Linear decompositions.
extension GraphBuilder {
    private mutating func finish(
        _ estimator: EstimatorRecord, _ frame: Frame, _ value: EstimatorMethods.Numbers
    ) throws(ImportError) -> Frame {
        try note(estimator, "\(frame.count) features, \(value.width) components")
        return Frame(value.value, width: value.width, kind: .number)
    }

    /// (X - mean_) · components_ᵀ, and with `whiten` over the root of the explained variance. Since 1.5 the mean is
    /// projected on its own, and a root is not below the spacing of doubles at one.
    mutating func projectOnComponents(
        _ estimator: EstimatorRecord, _ frame: Frame
    ) throws(ImportError) -> Frame {
        let path = estimator.path
        let components = try rows(estimator, "components_", width: frame.count)
        var input = try matrix(frame, as: .number, path: path)
        var bias = [Double](repeating: 0, count: components.height)
        if let value = attribute(estimator, "mean_"), value != .none {
            let mean = try vector(estimator, "mean_", count: frame.count)
            if isAtLeast(1, 5) {
                for target in 0..<components.height {
                    for column in 0..<frame.count {
                        bias[target] -= mean[column] * components.weights[target * frame.count + column]
                    }
                }
            } else {
                input = subtract(mean, from: input, path: path)
            }
        }
        var value = project(input, components, bias: bias, path: path)
        if flag(estimator, "whiten", default: false) {
            var roots = try vector(estimator, "explained_variance_", count: components.height)
            for index in roots.indices {
                roots[index] = roots[index].squareRoot()
                if isAtLeast(1, 5) { roots[index] = max(roots[index], Double.ulpOfOne) }
            }
            let scaler = Scaler(
                form: .subtractDivide, offset: [Double](repeating: 0, count: roots.count), scale: roots)
            value = EstimatorMethods.Numbers(
                value: add(.scaler(scaler), [value.value], width: value.width, path: path), width: value.width)
        }
        return try finish(estimator, frame, value)
    }

    /// X · components_ᵀ.
    mutating func projectPlainly(_ estimator: EstimatorRecord, _ frame: Frame) throws(ImportError) -> Frame {
        let components = try rows(estimator, "components_", width: frame.count)
        let input = try matrix(frame, as: .number, path: estimator.path)
        return try finish(estimator, frame, project(input, components, path: estimator.path))
    }

    /// FastICA: less the mean where it whitens; `whiten` may be a word, or False.
    mutating func unmix(_ estimator: EstimatorRecord, _ frame: Frame) throws(ImportError) -> Frame {
        let components = try rows(estimator, "components_", width: frame.count)
        var input = try matrix(frame, as: .number, path: estimator.path)
        let name = attribute(estimator, "_whiten") == nil ? "whiten" : "_whiten"
        if text(estimator, name) != nil || flag(estimator, name, default: true) {
            input = subtract(try vector(estimator, "mean_", count: frame.count), from: input, path: estimator.path)
        }
        return try finish(estimator, frame, project(input, components, path: estimator.path))
    }

    /// FactorAnalysis: (X - mean_) · Wᵀ · (I + W · components_ᵀ)⁻¹, with W the components over the noise's variance.
    mutating func findFactors(_ estimator: EstimatorRecord, _ frame: Frame) throws(ImportError) -> Frame {
        let path = estimator.path
        let components = try rows(estimator, "components_", width: frame.count)
        let variances = try vector(estimator, "noise_variance_", count: frame.count)
        let means = try vector(estimator, "mean_", count: frame.count)
        let count = components.height
        guard count <= frame.count, count <= Self.factorsMax else {
            throw ImportError(
                .limit, at: path + ".components_", found: "\(count) components",
                expected: "at most \(min(frame.count, Self.factorsMax))")
        }
        var weighted = components
        for index in weighted.weights.indices { weighted.weights[index] /= variances[index % frame.count] }
        var gram = [Double](repeating: 0, count: count * count)
        for row in 0..<count {
            for column in 0..<count {
                var sum = row == column ? 1.0 : 0
                for index in 0..<frame.count {
                    sum +=
                        weighted.weights[row * frame.count + index]
                        * components.weights[column * frame.count + index]
                }
                gram[row * count + column] = sum
            }
        }
        guard let inverse = MatrixInverse.inverse(of: gram, size: count) else {
            throw ImportError(
                .malformed, at: path + ".components_", found: "a singular matrix", expected: "a fitted FactorAnalysis")
        }
        let input = subtract(means, from: try matrix(frame, as: .number, path: path), path: path)
        let first = project(input, weighted, path: path)
        // The inverse is symmetric but for its last bits: column by column, as it is multiplied from the right.
        var turned = Projection(weights: inverse, height: count, width: count)
        for row in 0..<count {
            for column in 0..<count { turned.weights[column * count + row] = inverse[row * count + column] }
        }
        return try finish(estimator, frame, project(first.value, turned, path: path))
    }

    /// Components of a FactorAnalysis, whose matrix is inverted when it is read.
    private static var factorsMax: Int { 512 }
}
