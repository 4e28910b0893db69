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

    // A hashing vectorizer makes a million of these, hence 16 bytes each: -1 for a column of the record or the node,
    // the column with the kind in its two low bits, and the name behind a reference.
    private let node: Int32
    private let columnAndKind: UInt32
    private var namePlace: Name?

    private final class Name: Sendable {
        let text: String
        init(_ text: String) { self.text = text }
    }

    /// - Parameter kind: nil for a column of the record.
    init(source: Source, kind: FrameKind?, name: String? = nil) {
        let place: Int
        switch source {
        case .input(let column): (node, place) = (-1, column)
        case .value(let value, let column): (node, place) = (Int32(value.index), column)
        }
        let code: UInt32 =
            switch kind {
            case nil: 0
            case .number: 1
            case .text: 2
            }
        columnAndKind = UInt32(place) << 2 | code
        namePlace = name.map { Name($0) }
    }

    var source: Source {
        let column = Int(columnAndKind >> 2)
        return node < 0 ? .input(column) : .value(ValueID(index: Int(node)), column: column)
    }

    var kind: FrameKind? {
        switch columnAndKind & 3 {
        case 1: .number
        case 2: .text
        default: nil
        }
    }

    /// The name by which a ColumnTransformer can ask for it.
    var name: String? {
        get { namePlace?.text }
        set { namePlace = newValue.map { Name($0) } }
    }
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
