internal import Glibc
internal import ModelIR
internal import TensorCore

extension PowerTransform: ReferenceEvaluation {
    func evaluate(
        _ operands: ReferenceOperands, row: Int, of rows: borrowing RowBatch, in workspace: Workspace
    ) throws(RowFault) {
        for (column, lambda) in lambdas.enumerated() {
            let value = workspace.doubles[operands.input.offset + column]
            let result: Double
            switch method {
            case .boxCox:
                guard !(value <= 0) else {
                    throw RowFault(row: row, column: operands.input.inputColumns[column] ?? 0, reason: .missingValue)
                }
                result = Self.boxCox(value, lambda)
            case .yeoJohnson: result = Self.yeoJohnson(value, lambda)
            case .yeoJohnsonExpm1: result = Self.yeoJohnsonExpm1(value, lambda)
            }
            workspace.doubles[operands.output.offset + column] = result
        }
    }

    /// `scipy.special.boxcox`.
    private static func boxCox(_ value: Double, _ lambda: Double) -> Double {
        if abs(lambda) < 1e-19 { return log(value) }
        let exponent = lambda * log(value)
        if exponent < 709.78 || exponent.isNaN { return expm1(exponent) / lambda }
        return (lambda > 0 ? 1 : -1) * exp(exponent - log(abs(lambda))) - 1 / lambda
    }

    private static func yeoJohnson(_ value: Double, _ lambda: Double) -> Double {
        if value >= 0 {
            if abs(lambda) < Double.ulpOfOne { return log1p(value) }
            return (pow(value + 1, lambda) - 1) / lambda
        }
        if abs(lambda - 2) > Double.ulpOfOne { return -(pow(-value + 1, 2 - lambda) - 1) / (2 - lambda) }
        return -log1p(-value)
    }

    private static func yeoJohnsonExpm1(_ value: Double, _ lambda: Double) -> Double {
        if value >= 0 {
            if abs(lambda) < Double.ulpOfOne { return log1p(value) }
            return expm1(lambda * log1p(value)) / lambda
        }
        if abs(lambda - 2) > Double.ulpOfOne { return -expm1((2 - lambda) * log1p(-value)) / (2 - lambda) }
        return -log1p(-value)
    }
}
