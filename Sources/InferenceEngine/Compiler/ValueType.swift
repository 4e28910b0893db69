/// What the elements of a graph's value are.
package enum ElementKind: String, Sendable, Hashable {
    case float64, float32, string
    /// Classes of a classifier by their indices: one, or one a target.
    case classIndex = "class index"

    var isNumber: Bool { self == .float64 || self == .float32 }
}

/// Where one column of a value comes from.
package struct ValueOrigin: Sendable, Hashable {
    /// The input column, as long as each element depends on that column alone; nil once columns were mixed.
    package var inputColumn: Int? { column < 0 ? nil : Int(column) }
    /// The same, -1 for none: a hashing vectorizer makes a million of these.
    private let column: Int32
    /// Whether a missing input still is missing here.
    package let mayBeMissing: Bool
    /// Whether it may be missing, or infinite, though the input is a number: the result of a logarithm, or of an
    /// encoder whose code for unknown values is NaN. Who refuses missing values has to look at each row.
    package var isUnsettled = false

    init(inputColumn: Int?, mayBeMissing: Bool, isUnsettled: Bool = false) {
        column = inputColumn.map { Int32($0) } ?? -1
        self.mayBeMissing = mayBeMissing
        self.isUnsettled = isUnsettled
    }

    /// A result of several columns, which is never missing.
    package static let computed = ValueOrigin(inputColumn: nil, mayBeMissing: false)

    /// The same for a function that gives no number for some.
    var unsettled: ValueOrigin { ValueOrigin(inputColumn: inputColumn, mayBeMissing: true, isUnsettled: true) }
}

/// The type of one value of a graph: a matrix of one row a record.
package struct ValueType: Sendable, Hashable {
    package let kind: ElementKind
    /// One a column.
    package let origins: [ValueOrigin]
    /// The classes that each column's index may name; empty unless `kind` is `classIndex`.
    package let classCounts: [Int]

    package var width: Int { origins.count }

    init(_ kind: ElementKind, origins: [ValueOrigin]) {
        self.kind = kind
        self.origins = origins
        classCounts = []
    }

    /// Numbers that each depend on several columns.
    init(_ kind: ElementKind, computedWidth: Int) {
        self.init(kind, origins: [ValueOrigin](repeating: .computed, count: computedWidth))
    }

    private init(classCounts: [Int]) {
        kind = .classIndex
        origins = [ValueOrigin](repeating: .computed, count: classCounts.count)
        self.classCounts = classCounts
    }

    static func classIndex(of classCount: Int) -> ValueType { ValueType(classCounts: [classCount]) }

    /// One class index a target.
    static func classIndices(of classCounts: [Int]) -> ValueType { ValueType(classCounts: classCounts) }

    /// For messages, such as `float64 of width 13`.
    var text: String {
        guard kind == .classIndex else { return "\(kind.rawValue) of width \(width)" }
        return width == 1 ? "a class index" : "\(width) class indices"
    }
}
