internal import Glibc
internal import ModelIR
internal import TensorCore

/// Decompositions by kernels.
extension GraphBuilder {
    /// KernelPCA: the centred kernel times the eigenvectors over the roots of their eigenvalues.
    ///
    /// Centring subtracts from each kernel value the training row's mean and the new row's mean, and adds the mean of
    /// all: it is linear, and so becomes part of the matrix. `eigenvalues_` and `eigenvectors_` were `lambdas_` and
    /// `alphas_` before 1.0.
    mutating func projectByKernel(_ estimator: EstimatorRecord, _ frame: Frame) throws(ImportError) -> Frame {
        let path = estimator.path
        let kernel = try kernel(
            estimator, frame, references: numbers(estimator, "X_fit_"), place: path + ".X_fit_",
            gammaName: attribute(estimator, "gamma_") == nil ? "gamma" : "gamma_")
        let isOld = attribute(estimator, "eigenvectors_") == nil
        var axes = try columns(
            estimator, isOld ? "alphas_" : "eigenvectors_", height: kernel.width)
        let values = try vector(estimator, isOld ? "lambdas_" : "eigenvalues_", count: axes.height)
        let centerer = try member("_centerer", of: estimator)
        let rowMeans = try vector(centerer, "K_fit_rows_", count: kernel.width)
        let meanOfAll = try number(centerer, "K_fit_all_")
        var bias = [Double](repeating: 0, count: axes.height)
        for axis in 0..<axes.height {
            let range = axis * kernel.width..<(axis + 1) * kernel.width
            let factor = values[axis] == 0 ? 0 : 1 / values[axis].squareRoot()
            var sum = 0.0
            for place in range {
                axes.weights[place] *= factor
                sum += axes.weights[place]
                bias[axis] += (meanOfAll - rowMeans[place - range.lowerBound]) * axes.weights[place]
            }
            for place in range { axes.weights[place] -= sum / Double(kernel.width) }
        }
        let value = project(kernel.value, axes, bias: bias, path: path)
        try note(estimator, "\(frame.count) features, \(kernel.width) training rows, \(value.width) components")
        return Frame(value.value, width: value.width, kind: .number)
    }

    /// Nystroem: the kernel with its components times normalization_ᵀ.
    mutating func approximateKernel(_ estimator: EstimatorRecord, _ frame: Frame) throws(ImportError) -> Frame {
        let kernel = try kernel(
            estimator, frame, references: numbers(estimator, "components_"), place: estimator.path + ".components_",
            gammaName: "gamma")
        let normalization = try rows(estimator, "normalization_", width: kernel.width)
        let value = project(kernel.value, normalization, path: estimator.path)
        try note(estimator, "\(frame.count) features, \(value.width) components")
        return Frame(value.value, width: value.width, kind: .number)
    }

    /// RBFSampler: cos(X · random_weights_ + random_offset_) √(2 / components).
    mutating func sampleKernel(_ estimator: EstimatorRecord, _ frame: Frame) throws(ImportError) -> Frame {
        let path = estimator.path
        let weights = try columns(estimator, "random_weights_", height: frame.count)
        let offsets = try vector(estimator, "random_offset_", count: weights.height)
        let angles = project(try matrix(frame, as: .number, path: path), weights, bias: offsets, path: path)
        let cosines = add(.activation(.cosine), [angles.value], width: angles.width, path: path)
        let factor = (2 / Double(angles.width)).squareRoot()
        let scaler = Scaler(
            form: .multiplyAdd, offset: [Double](repeating: 0, count: angles.width),
            scale: [Double](repeating: factor, count: angles.width))
        let value = add(.scaler(scaler), [cosines], width: angles.width, path: path)
        try note(estimator, "\(frame.count) features, \(angles.width) components")
        return Frame(value, width: angles.width, kind: .number)
    }
}
