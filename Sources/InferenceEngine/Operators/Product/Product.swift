/// The product of two values, element by element (ONNX `Mul`).
struct Product: Sendable {}
