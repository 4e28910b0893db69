internal import ModelIR
internal import TensorCore

/// Turns the records of a pickle into a graph: walks the saved object from its root, adds a node for each step, and
/// finds out on the way what each input column holds.
struct GraphBuilder: ~Escapable {
    /// What one column of the record was first read as, and where.
    struct ColumnUse {
        let kind: FrameKind
        let path: String
        /// Whether the one step that reads it takes whole numbers for text.
        var takesWholeNumbersAsText = false
        /// Whether that step knows the name with underscores for blanks.
        var takesBlanksForUnderscores = false
    }

    let document: PickleDocument
    private var nodes: [Node] = []
    private var outputs: [GraphOutput] = []
    private var widths: [Int] = []
    /// Whether each node's numbers are float32.
    private var areNarrow: [Bool] = []
    private var inputNames: [String]?
    private var uses: [ColumnUse?] = []
    private var steps: [ModelStep] = []
    /// Array elements that may still be read: a file may name one array many times.
    var budget: Int
    /// Columns that may still be made, over all steps: a file may name one list of columns many times.
    private var columnBudget = columnsInAllMax
    /// The library's version, major and minor; 0.0 if the file does not tell.
    private(set) var version = (major: 0, minor: 0)
    private var producer = "scikit-learn"
    private let options: ImportOptions
    /// Boosters that took the option's rounds.
    private var iterationRangeUses = 0

    /// Pipelines in pipelines.
    static let nestingMax = 16
    /// Steps of one model, all branches together; a file may name one pipeline many times.
    static let stepsMax = 10_000
    /// Columns of a record.
    static let columnsMax = 1 << 18
    /// Columns of all steps together.
    static let columnsInAllMax = 1 << 22

    @_lifetime(copy document)
    init(_ document: consuming PickleDocument, options: ImportOptions = ImportOptions()) {
        self.options = options
        budget = document.limits.elementsMax(fileBytes: document.bytes.count)
        self.document = document
    }

    // MARK: The whole

    mutating func build() throws(ImportError) {
        let root = try self.root()
        readVersion(root)
        try refuseUnsupported(root)
        try makeInputs(root)
        var frame: [FrameColumn] = []
        for index in uses.indices {
            frame.append(FrameColumn(source: .input(index), kind: nil, name: inputNames.map { $0[index] }))
        }
        let whole = Frame(frame)
        if try isTransformer(root) {
            outputs = [try transformOutput(transform(root, whole), path: root.path)]
        } else {
            outputs = try methods(root, whole).outputs
        }
    }

    /// The boosting rounds that whoever sent the model chose, for the booster that asks.
    mutating func takeIterationRange() -> Range<Int>? {
        iterationRangeUses += 1
        return options.iterationRange
    }

    /// Refuses an option that no step took, or more than one.
    func checkOptions() throws(ImportError) {
        guard let range = options.iterationRange, iterationRangeUses != 1 else { return }
        throw ImportOptions.refusal(
            of: range,
            found: iterationRangeUses == 0 ? "a model without a booster" : "a model of \(iterationRangeUses) boosters",
            expected: "one booster of XGBoost, LightGBM or CatBoost")
    }

    /// Whether the saved object only transforms: it is a transformer, or a pipeline or search that ends with one.
    private func isTransformer(_ estimator: EstimatorRecord) throws(ImportError) -> Bool {
        switch estimator.className {
        case "Pipeline":
            guard let last = try parts(of: estimator).last else { return false }
            if last.isPassthrough { return true }
            return try isTransformer(self.estimator(last, in: estimator))
        case _ where EstimatorClass.searches.contains(estimator.className):
            return try isTransformer(member("best_estimator_", of: estimator))
        case "FrozenEstimator": return try isTransformer(wrapped(estimator))
        default: return EstimatorClass.of(estimator)?.methods == nil
        }
    }

    private mutating func transformOutput(_ frame: Frame, path: String) throws(ImportError) -> GraphOutput {
        let value = try matrix(frame, as: .number, path: path)
        return GraphOutput(name: OutputField.transformName, value: value, meaning: .values, isVector: true)
    }

    /// The model, once `build` has run.
    consuming func finish(format: String) throws(ImportError) -> ImportedModel {
        var columns: [Column] = []
        for index in uses.indices {
            var column = Column(
                name: inputNames.map { $0[index] }, kind: uses[index]?.kind == .text ? .string : .float64,
                isUsed: uses[index] != nil)
            column.takesWholeNumbersAsText = uses[index]?.takesWholeNumbersAsText == true
            column.takesBlanksForUnderscores = uses[index]?.takesBlanksForUnderscores == true
            columns.append(column)
        }
        var graph = ImportedGraph(columns: columns)
        for node in nodes { _ = graph.append(node.operation, node.inputs, path: node.path) }
        for output in outputs { graph.addOutput(output) }
        return ImportedModel(graph: graph, format: format, producer: producer, steps: steps)
    }

    private func root() throws(ImportError) -> EstimatorRecord {
        guard let root = estimator(document.root, path: "", depth: 0) else {
            throw ImportError(
                .unsupported, at: "pickle", found: document.describe(document.root),
                expected: "a scikit-learn estimator",
                remedy: "save the fitted estimator or pipeline itself, as in joblib.dump(model, \"model.joblib\")")
        }
        let path =
            switch root.className {
            case "Pipeline": "pipeline"
            case _ where EstimatorClass.searches.contains(root.className): "search"
            default: "model"
            }
        return EstimatorRecord(
            record: root.record, className: root.className, fullName: root.fullName, path: path, depth: 0)
    }

    private mutating func readVersion(_ root: EstimatorRecord) {
        guard case .text(let text)? = scalarAttribute(root, "_sklearn_version"), text.utf8.count <= 40 else { return }
        producer = "scikit-learn \(text)"
        let parts = text.split(separator: ".").map { Int($0.prefix { $0.isNumber }) ?? 0 }
        if parts.count >= 2 { version = (parts[0], parts[1]) }
    }

    /// Says which library wrote the saved object, where it is not scikit-learn.
    mutating func setProducer(_ text: String, of estimator: EstimatorRecord) {
        if estimator.depth == 0 { producer = text }
    }

    /// Whether the file is of this version or a later one.
    func isAtLeast(_ major: Int, _ minor: Int) -> Bool { version >= (major, minor) }

    // MARK: Nodes

    /// Adds a node whose value has `width` columns.
    mutating func add(_ operation: Operator, _ inputs: [ValueID] = [], width: Int, path: String) -> ValueID {
        nodes.append(Node(path: path, operation: operation, inputs: inputs))
        widths.append(width)
        areNarrow.append(isNarrow(operation, inputs))
        return ValueID(index: nodes.count - 1)
    }

    /// Whether a value's numbers are float32.
    func isNarrow(_ value: ValueID) -> Bool { areNarrow[value.index] }

    /// Whether a value's numbers were float32.
    func isWidened(_ value: ValueID) -> Bool {
        if case .widen = nodes[value.index].operation { true } else { false }
    }

    func width(of value: ValueID) -> Int { widths[value.index] }

    /// The values that were joined into one; only itself if it was not made so.
    func joinedValues(_ value: ValueID) -> [ValueID] {
        if case .concat = nodes[value.index].operation { nodes[value.index].inputs } else { [value] }
    }

    /// Who makes numbers of float32, and who hands them on.
    private func isNarrow(_ operation: Operator, _ inputs: [ValueID]) -> Bool {
        switch operation {
        case .treeEnsemble(let ensemble): ensemble.precision == .float32
        case .sparseLinear: true
        case .activation, .binaryProbabilities, .gatherColumns, .concat: inputs.contains { areNarrow[$0.index] }
        default: false
        }
    }

    mutating func note(_ estimator: EstimatorRecord, _ detail: String) throws(ImportError) {
        guard steps.count < Self.stepsMax else { throw tooManySteps(estimator.path) }
        steps.append(ModelStep(path: estimator.path, className: estimator.className, detail: detail))
    }

    /// Steps told so far.
    var stepCount: Int { steps.count }

    /// Forgets the steps told since, which are like others before them.
    mutating func dropSteps(after count: Int) { steps.removeLast(steps.count - count) }

    func tooManySteps(_ path: String) -> ImportError {
        ImportError(
            .limit, at: path, found: "more than \(Self.stepsMax) steps", expected: "at most that many in one model")
    }

    /// Counts columns against `columnsInAllMax`.
    mutating func spend(_ count: Int, path: String) throws(ImportError) {
        guard count <= columnBudget else {
            throw ImportError(
                .limit, at: path, found: "\(count) more columns",
                expected: "at most \(Self.columnsInAllMax) in all steps together")
        }
        columnBudget -= count
    }

    // MARK: Inputs

    private mutating func makeInputs(_ root: EstimatorRecord) throws(ImportError) {
        let first = try firstStep(root)
        if EstimatorClass.textVectorizers.contains(first.className) {
            // A vectorizer that sees the record first takes texts, one a record, without a name.
            inputNames = ["text"]
            uses = [nil]
            return
        }
        inputNames = try names(of: first)
        if inputNames == nil { inputNames = try names(of: root) }
        var width = try inputWidth(of: first) ?? inputNames?.count
        if let columns = try EstimatorClass.of(first)?.columnNames?(self, first) {
            width = columns.count
            let names = columns.compactMap { $0 }
            inputNames = names.count == columns.count ? names : inputNames
        }
        guard let width, width > 0 else {
            throw ImportError(
                .malformed, at: first.path, found: "a step that is not fitted",
                expected: "n_features_in_, which fit sets",
                remedy: "call fit before saving")
        }
        guard width <= Self.columnsMax else {
            throw ImportError(
                .limit, at: first.path, found: "\(width) features", expected: "at most \(Self.columnsMax)")
        }
        if let count = inputNames?.count, count != width {
            throw ImportError(
                .malformed, at: "\(first.path).feature_names_in_", found: "\(count) names", expected: "\(width)")
        }
        if let names = inputNames, Set(names).count != names.count { inputNames = nil }
        uses = [ColumnUse?](repeating: nil, count: width)
    }

    /// Says that a column of the record is read as numbers or as text.
    private mutating func use(_ column: Int, as kind: FrameKind, path: String) throws(ImportError) {
        guard let use = uses[column] else {
            uses[column] = ColumnUse(kind: kind, path: path)
            return
        }
        guard use.kind == kind else {
            let name = inputNames.map { "\"\($0[column])\"" } ?? String(column)
            throw ImportError(
                .unsupported, at: path,
                found: "column \(name) read as \(kind.rawValue), and as \(use.kind.rawValue) by "
                    + use.path,
                expected: "one type a column",
                remedy: "give the two branches columns of their own, or convert the column before training")
        }
        // Another step may look at the value in another way.
        uses[column]?.takesWholeNumbersAsText = false
        uses[column]?.takesBlanksForUnderscores = false
    }

    /// Says how a booster that reads columns of the record takes their values and names.
    mutating func describe(_ columns: some Sequence<FrameColumn>, _ change: (inout ColumnUse) -> Void) {
        for case .input(let index) in columns.lazy.map(\.source) where uses[index] != nil {
            if var use = uses[index] {
                change(&use)
                uses[index] = use
            }
        }
    }

    // MARK: Frames

    /// The columns as one matrix, in their order. Columns of the record become numbers or text here.
    mutating func matrix(_ frame: Frame, as kind: FrameKind, path: String) throws(ImportError) -> ValueID {
        var parts: [ValueID] = []
        var index = 0
        while index < frame.count {
            let start = index
            switch frame.columns[start].source {
            case .input:
                var columns: [Int] = []
                while index < frame.count, case .input(let column) = frame.columns[index].source {
                    try use(column, as: kind, path: path)
                    columns.append(column)
                    index += 1
                }
                parts.append(add(.selectColumns(columns), width: columns.count, path: path))
            case .value(let value, _):
                var isWhole = true
                while index < frame.count, case .value(value, let column) = frame.columns[index].source {
                    guard frame.columns[index].kind == kind else {
                        throw ImportError(
                            .unsupported, at: path, found: "text in column \(index)", expected: "numbers",
                            remedy: "encode text columns with OneHotEncoder first")
                    }
                    isWhole = isWhole && column == index - start
                    index += 1
                }
                guard !isWhole || index - start != widths[value.index] else {
                    parts.append(value)
                    continue
                }
                var columns: [Int] = []
                for case .value(_, let column) in frame.columns[start..<index].lazy.map(\.source) {
                    columns.append(column)
                }
                parts.append(add(.gatherColumns(columns), [value], width: columns.count, path: path))
            }
        }
        guard let first = parts.first else {
            throw ImportError(.malformed, at: path, found: "no columns", expected: "at least one")
        }
        return parts.count == 1 ? first : add(.concat, parts, width: frame.count, path: path)
    }

    /// The kind of a frame's column: what it was computed as or, for a column of the record, `wanted`.
    func kind(of column: FrameColumn, wanted: FrameKind) -> FrameKind { column.kind ?? wanted }

    /// Whether a column of the record has been read as text before.
    func isText(_ column: FrameColumn) -> Bool {
        switch column.source {
        case .input(let index): uses[index]?.kind == .text
        case .value: column.kind == .text
        }
    }
}
