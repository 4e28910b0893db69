internal import ModelIR
internal import TensorCore

/// Multiplication of rows with matrices of an estimator.
extension GraphBuilder {
    /// A matrix with one row a number that comes out.
    struct Projection {
        /// Row-major [height, width].
        var weights: [Double]
        let height: Int
        let width: Int
    }

    /// An attribute of shape [components, width].
    mutating func rows(
        _ estimator: EstimatorRecord, _ name: String, width: Int
    ) throws(ImportError) -> Projection {
        let elements = try numbers(estimator, name)
        let place = "\(estimator.path).\(name)"
        guard elements.shape.rank == 2, elements.shape.extents[0] > 0 else {
            throw ImportError(
                .malformed, at: place, found: "shape \(elements.shape)", expected: "[components, \(width)]")
        }
        try check(elements.shape, [elements.shape.extents[0], width], place: place)
        return Projection(weights: elements.values, height: elements.shape.extents[0], width: width)
    }

    /// An attribute of shape [height, components], turned round.
    mutating func columns(
        _ estimator: EstimatorRecord, _ name: String, height: Int, limit: Int = .max
    ) throws(ImportError) -> Projection {
        let place = "\(estimator.path).\(name)"
        return try columns(numbers(estimator, name), height: height, limit: limit, place: place)
    }

    /// A matrix of shape [height, components], turned round; the first `limit` components.
    func columns(
        _ elements: PickleElements<Double>, height: Int, limit: Int = .max, place: String
    ) throws(ImportError) -> Projection {
        guard elements.shape.rank == 2, elements.shape.extents[1] > 0, limit > 0 else {
            throw ImportError(
                .malformed, at: place, found: "shape \(elements.shape)", expected: "[\(height), components]")
        }
        let width = elements.shape.extents[1]
        try check(elements.shape, [height, width], place: place)
        var weights: [Double] = []
        let kept = min(width, limit)
        weights.reserveCapacity(kept * height)
        for column in 0..<kept {
            for row in 0..<height { weights.append(elements.values[row * width + column]) }
        }
        return Projection(weights: weights, height: kept, width: height)
    }

    /// The product of a value's rows with each row of a projection, plus the bias.
    mutating func project(
        _ input: ValueID, _ projection: Projection, bias: [Double]? = nil, path: String
    ) -> EstimatorMethods.Numbers {
        let gemm = Gemm(
            weights: projection.weights, bias: bias ?? [Double](repeating: 0, count: projection.height),
            inputWidth: projection.width)
        return EstimatorMethods.Numbers(
            value: add(.gemm(gemm), [input], width: projection.height, path: path), width: projection.height)
    }

    /// A value's columns less these means.
    mutating func subtract(_ means: [Double], from input: ValueID, path: String) -> ValueID {
        let scaler = Scaler(
            form: .subtractDivide, offset: means, scale: [Double](repeating: 1, count: means.count))
        return add(.scaler(scaler), [input], width: means.count, path: path)
    }
}
