internal import ModelIR
internal import TensorCore

/// What an operator's typing rule sees of the model around it, and what it tells about the input columns.
struct TypingContext {
    let columns: [Column]
    /// The node's place in the saved object.
    private(set) var path = ""
    private var operatorName = ""
    /// What this node refuses that only shows when the row is computed.
    private(set) var inputCheck = InputCheck.none
    /// Input columns in which some operator cannot take a missing value.
    private var columnsRefusingMissing: Set<Int> = []
    /// The categories that the first encoder of an input column knows.
    private var categories: [Int: [String]] = [:]

    /// Columns that one value may have: it bounds what a small file can make us allocate.
    static let widthMax = 1 << 22

    init(columns: [Column]) {
        self.columns = columns
    }

    /// Goes to the next node.
    mutating func enter(path: String, operatorName: String) {
        self.path = path
        self.operatorName = operatorName
        inputCheck = .none
    }

    /// The input columns with what the operators told about them. A column that nobody refuses to miss may be missing.
    var describedColumns: [Column] {
        var described = columns
        for index in described.indices {
            described[index].acceptsMissing = !columnsRefusingMissing.contains(index)
            if described[index].categories.isEmpty, let known = categories[index] {
                described[index].categories = known
            }
        }
        return described
    }

    /// Says that this column of a value must not be missing.
    mutating func refuseMissing(_ origin: ValueOrigin) {
        guard origin.mayBeMissing else { return }
        if origin.isUnsettled { inputCheck = .finite }
        guard let column = origin.inputColumn else { return }
        columnsRefusingMissing.insert(column)
    }

    /// Says that this column of a value may be missing, but not infinite.
    mutating func refuseInfinity(_ origin: ValueOrigin) {
        if origin.isUnsettled, inputCheck == .none { inputCheck = .notInfinite }
    }

    /// Says which strings an encoder knows in this column of a value.
    mutating func note(categories: [String], of origin: ValueOrigin) {
        guard let column = origin.inputColumn, self.categories[column] == nil else { return }
        self.categories[column] = categories
    }

    // MARK: Checks

    /// A refusal at this node.
    func refusal(_ found: String, _ expected: String) -> ImportError {
        ImportError(.malformed, at: "\(path) (\(operatorName))", found: found, expected: expected)
    }

    /// The only input.
    func single(_ inputs: [ValueType]) throws(ImportError) -> ValueType {
        guard inputs.count == 1 else { throw refusal("\(inputs.count) inputs", "one input") }
        return inputs[0]
    }

    /// The only input, which must be numbers.
    func singleNumber(_ inputs: [ValueType]) throws(ImportError) -> ValueType {
        let input = try single(inputs)
        guard input.kind.isNumber else { throw refusal(input.text, "numbers") }
        return input
    }

    /// The only input, which must be of this kind and, if given, width.
    func single(_ inputs: [ValueType], _ kind: ElementKind, width: Int? = nil) throws(ImportError) -> ValueType {
        let input = try single(inputs)
        guard input.kind == kind, width == nil || input.width == width else {
            throw refusal(input.text, width.map { "\(kind.rawValue) of width \($0)" } ?? kind.rawValue)
        }
        return input
    }

    /// The sum of widths, within the bound.
    func totalWidth(_ widths: some Sequence<Int>) throws(ImportError) -> Int {
        var total = 0
        for width in widths {
            guard width >= 0, width <= Self.widthMax, total + width <= Self.widthMax else {
                throw refusal("more than \(Self.widthMax) columns", "at most \(Self.widthMax) columns in one value")
            }
            total += width
        }
        return total
    }
}
