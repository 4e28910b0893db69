/// Where a value lies in the reference's workspace: in `doubles`, `floats`, `texts` or `integers`, by its kind.
struct ValuePlace: Sendable {
    let kind: ElementKind
    let offset: Int
    let width: Int
    /// The input column behind each column, for faults; nil where columns were mixed.
    let inputColumns: [Int?]

    var range: Range<Int> { offset..<offset + width }
}

/// The inputs and the output of one operator within a row.
struct ReferenceOperands: Sendable {
    let inputs: [ValuePlace]
    let output: ValuePlace
    /// Where the operator's scratch begins in `doubles`; what is there is left from the row before.
    var scratch = 0

    var input: ValuePlace { inputs[0] }
}
