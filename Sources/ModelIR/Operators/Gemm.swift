/// X · Wᵀ + b in float64 (ONNX `Gemm` with a transposed B).
package struct Gemm: Sendable, Hashable {
    /// Row-major [outputs, inputs].
    package let weights: [Double]
    /// One an output.
    package let bias: [Double]
    package let inputWidth: Int
    package var outputWidth: Int { bias.count }

    package init(weights: [Double], bias: [Double], inputWidth: Int) {
        self.weights = weights
        self.bias = bias
        self.inputWidth = inputWidth
    }
}
