/// Two values of one shape, combined element by element (ONNX `Add`, `Mul`).
package enum Elementwise: String, Sendable, Hashable {
    case add = "Add"
    case multiply = "Mul"
}
