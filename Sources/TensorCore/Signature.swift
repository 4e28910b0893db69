/// What a model takes and gives: the columns of a row and the named outputs.
package struct Signature: Sendable, Hashable {
    package let inputs: [Column]
    package let outputs: [OutputField]
    package let recordPolicy: RecordPolicy
    /// A record to show, one value a column; nil if none is known.
    package let example: [CellValue]?

    package init(
        inputs: [Column], outputs: [OutputField], recordPolicy: RecordPolicy = RecordPolicy(),
        example: [CellValue]? = nil
    ) {
        self.inputs = inputs
        self.outputs = outputs
        self.recordPolicy = recordPolicy
        self.example = example
    }

    /// Whether records may be sent by name: every column has one.
    package var isNamed: Bool { !inputs.isEmpty && inputs.allSatisfy { $0.name != nil } }
}
