internal import ModelIR
internal import TensorCore

/// Scalers.
extension GraphBuilder {
    /// In the order of scikit-learn's own operations: (x - offset) / scale, for MinMaxScaler x * scale + offset.
    mutating func scale(_ estimator: EstimatorRecord, _ frame: Frame) throws(ImportError) -> Frame {
        let count = frame.count
        let zeros = [Double](repeating: 0, count: count)
        let ones = [Double](repeating: 1, count: count)
        let scaler: Scaler
        switch estimator.className {
        case "MinMaxScaler":
            scaler = Scaler(
                form: .multiplyAdd, offset: try vector(estimator, "min_", count: count),
                scale: try vector(estimator, "scale_", count: count), clip: try clip(estimator))
        case "MaxAbsScaler":
            // `clip` since 1.9.
            scaler = Scaler(
                form: .subtractDivide, offset: zeros, scale: try vector(estimator, "scale_", count: count),
                clip: flag(estimator, "clip", default: false) ? -1...1 : nil)
        default:
            let isStandard = estimator.className == "StandardScaler"
            let centers = flag(estimator, isStandard ? "with_mean" : "with_centering", default: true)
            let scales = flag(estimator, isStandard ? "with_std" : "with_scaling", default: true)
            scaler = Scaler(
                form: .subtractDivide,
                offset: centers ? try vector(estimator, isStandard ? "mean_" : "center_", count: count) : zeros,
                scale: scales ? try vector(estimator, "scale_", count: count) : ones)
        }
        try note(estimator, "\(count) columns")
        let input = try matrix(frame, as: .number, path: estimator.path)
        let value = add(.scaler(scaler), [input], width: count, path: estimator.path)
        return Frame(value, width: count, kind: .number, names: frame.columns.map(\.name))
    }

    private func clip(_ estimator: EstimatorRecord) throws(ImportError) -> ClosedRange<Double>? {
        guard flag(estimator, "clip", default: false) else { return nil }
        let value = try required(estimator, "feature_range")
        guard let bounds = document.sequence(value), bounds.count == 2,
            let low = document.scalar(bounds[0]).number, let high = document.scalar(bounds[1]).number, low <= high
        else {
            throw wrongType(value, place: estimator.path + ".feature_range", expected: "two numbers in ascending order")
        }
        return low...high
    }
}
