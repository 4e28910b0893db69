package import TensorCore

/// A model ready to predict: what it takes and gives, and what computes it.
package struct CompiledModel: Sendable {
    package let signature: Signature
    /// Where each column lies in a row; every batch for this model is made with it.
    package let layout: RowLayout
    package let predictor: any Predictor
}
