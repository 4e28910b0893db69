/// What a model takes and gives: the columns of a row and the named outputs.
package struct Signature: Sendable, Hashable {
    package let inputs: [Column]
    package let outputs: [OutputField]

    package init(inputs: [Column], outputs: [OutputField]) {
        self.inputs = inputs
        self.outputs = outputs
    }

    /// Whether records may be sent by name: every column has one.
    package var isNamed: Bool { !inputs.isEmpty && inputs.allSatisfy { $0.name != nil } }
}
