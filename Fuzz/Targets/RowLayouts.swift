internal import TensorCore

/// The rows of the models that requests are decoded for: of each kind of column, of any fields, and without names.
let layouts = [
    RowLayout(columns: [
        Column(name: "x", kind: .float64), Column(name: "n", kind: .int64, acceptsMissing: true),
        Column(name: "z", kind: .string, acceptsMissing: true, categories: ["a"]),
    ]),
    RowLayout(
        columns: [
            Column(name: "x", kind: .float64, acceptsMissing: true),
            Column(name: "y", kind: .float64, acceptsMissing: true),
        ], recordPolicy: RecordPolicy(unknownFields: .ignore)),
    RowLayout(columns: [Column(name: nil, kind: .float64)]),
]
