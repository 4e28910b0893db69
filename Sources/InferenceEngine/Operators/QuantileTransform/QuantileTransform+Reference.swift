internal import ModelIR
internal import TensorCore

extension QuantileTransform: ReferenceEvaluation {
    /// How near to the outermost quantiles an element counts as one of them, for the normal distribution.
    private static let boundary = 1e-7

    func evaluate(
        _ operands: ReferenceOperands, row: Int, of rows: borrowing RowBatch, in workspace: Workspace
    ) throws(RowFault) {
        for column in quantiles.indices {
            let value = workspace.doubles[operands.input.offset + column]
            workspace.doubles[operands.output.offset + column] =
                value.isNaN ? value : transformed(value, quantiles[column])
        }
    }

    private func transformed(_ value: Double, _ quantiles: [Double]) -> Double {
        let lowest = quantiles[0]
        let highest = quantiles[quantiles.count - 1]
        // From below and from above: an element that is several quantiles gets their middle.
        var place =
            0.5
            * (Self.interpolate(value, quantiles, references, isMirrored: false)
                - Self.interpolate(-value, quantiles, references, isMirrored: true))
        // The lower bound comes last, as in the library, where both are met.
        if isNormal ? value + Self.boundary > highest : value == highest { place = 1 }
        if isNormal ? value - Self.boundary < lowest : value == lowest { place = 0 }
        guard isNormal else { return place }
        let inside = Self.boundary - Double.ulpOfOne
        let result = NormalDistribution.quantile(place)
        return max(NormalDistribution.quantile(inside), min(NormalDistribution.quantile(1 - inside), result))
    }

    /// `numpy.interp` over the points, or over the points turned round and negated.
    private static func interpolate(
        _ value: Double, _ points: [Double], _ values: [Double], isMirrored: Bool
    ) -> Double {
        let last = points.count - 1
        func x(_ index: Int) -> Double { isMirrored ? -points[last - index] : points[index] }
        func y(_ index: Int) -> Double { isMirrored ? -values[last - index] : values[index] }
        if value > x(last) { return y(last) }
        if value < x(0) { return y(0) }
        var low = 0
        var high = points.count
        while low < high {
            let middle = (low + high) / 2
            if x(middle) <= value { low = middle + 1 } else { high = middle }
        }
        let index = max(0, low - 1)
        if index == last || x(index) == value { return y(index) }
        let slope = (y(index + 1) - y(index)) / (x(index + 1) - x(index))
        let result = slope * (value - x(index)) + y(index)
        guard result.isNaN else { return result }
        let fromAbove = slope * (value - x(index + 1)) + y(index + 1)
        return fromAbove.isNaN && y(index) == y(index + 1) ? y(index) : fromAbove
    }
}
