internal import ModelIR

/// What a column of a frame holds.
enum FrameKind: String, Hashable {
    case number = "numbers"
    case text
}

/// One column on its way through the transformers.
struct FrameColumn {
    enum Source: Hashable {
        /// A column of the record, not yet selected: what first reads it decides whether it holds numbers or text.
        case input(Int)
        /// A column of a node's value.
        case value(ValueID, column: Int)
    }

    let source: Source
    /// Nil for a column of the record.
    let kind: FrameKind?
    /// The name by which a ColumnTransformer can ask for it.
    var name: String?
}

/// The table that one step hands to the next.
struct Frame {
    var columns: [FrameColumn]
    /// Whether the library keeps it as a sparse matrix, which some steps treat otherwise.
    var isSparse = false

    var count: Int { columns.count }

    init(_ columns: [FrameColumn]) {
        self.columns = columns
    }

    /// The columns of a node's value.
    init(_ value: ValueID, width: Int, kind: FrameKind, names: [String?]? = nil) {
        columns = []
        columns.reserveCapacity(width)
        for index in 0..<width {
            columns.append(
                FrameColumn(source: .value(value, column: index), kind: kind, name: names.flatMap { $0[index] }))
        }
    }

    subscript(_ range: Range<Int>) -> Frame { Frame(Array(columns[range])) }
}
