package import TensorCore

/// A model ready to predict: what it takes and gives, and the predictor that was chosen.
package struct CompiledModel: Sendable {
    package let signature: Signature
    /// Where each column lies in a row; every batch for this model is made with it.
    package let layout: RowLayout
    package let predictor: any Predictor
    /// Every predictor that was considered, in the order of the list.
    package let candidates: [PredictorCandidate]
}

/// What the compiler thought of one predictor.
package struct PredictorCandidate: Sendable, Hashable {
    package let name: String
    package let isChosen: Bool
    /// Why it can run the model, or why not, in one sentence.
    package let reason: String

    package init(name: String, isChosen: Bool, reason: String) {
        self.name = name
        self.isChosen = isChosen
        self.reason = reason
    }
}
