internal import ByteCoding
package import InferenceAPI
package import TensorCore

/// Decodes inference requests of the Open Inference Protocol straight into a model's row batch.
///
/// | inputs | rows |
/// |---|---|
/// | one of shape `[rows, columns of the model]` | a matrix in column order |
/// | each of shape `[rows, 1]` or `[rows]` | a column by its name; those left out are missing |
///
/// Data come as JSON, flat or nested in any way; as binary tensors behind the JSON; or in a gRPC message, typed or raw.
/// A matrix of `BYTES` may have text for each column, of which numbers are read by the rule for CSV.
///
/// One instance serves one loop; its scratch is reused, so that decoding does not allocate in the steady state.
package struct OpenInferenceDecoder {
    /// Numbers that one request may come to; see ``NativeRequestDecoder/numbersMax``.
    private let numbersMax: Int

    // Of the request that is being read.
    var firstRow = 0
    private var rowsMax = 0
    /// nil before the first input.
    private var rowCount: Int?
    private var hasMatrix = false
    var inputCount = 0
    /// Inputs that are no columns of the model and are passed over.
    private var passedInputs = 0
    private var seen = SeenFields()

    var scratch: [UInt8] = []
    private static let scratchBytesKeptMax = 256 << 10
    /// Of a gRPC message: where its inputs and their raw contents lie.
    var inputRanges: [Range<Int>] = []
    var rawRanges: [Range<Int>] = []
    /// Storage of identifiers, to be used again.
    private var spares: [[UInt8]] = []
    private static let sparesMax = 256
    private static let spareBytesMax = 256

    /// Bytes of a request's identifier.
    static let idBytesMax = 1024

    package init(numbersMax: Int = 1 << 22) {
        self.numbersMax = numbersMax
    }

    /// Appends a body's rows to the batch.
    /// - Parameters:
    ///   - body: the whole body.
    ///   - jsonBytes: as `Inference-Header-Content-Length` tells: how much of the body is JSON, behind which binary
    ///     tensors lie; 0 where all of it is the only input's data; nil where all of it is JSON.
    ///   - model: for the names of outputs.
    ///   - batch: the model's batch; rows of other requests may stand in it.
    /// - Throws: what is wrong; the batch is then as it was.
    package mutating func decode(
        _ body: Span<UInt8>, jsonBytes: Int?, of model: OpenInferenceModel, into batch: inout RowBatch
    ) throws(InferenceError) -> OpenInferenceRequest {
        let mark = batch.mark()
        begin(model, batch)
        do {
            if jsonBytes == 0, body.count > 0 { return try decodeRaw(body, of: model, into: &batch) }
            return try decodeDocument(body, jsonBytes: jsonBytes, of: model, into: &batch)
        } catch {
            batch.rollback(to: mark)
            throw error
        }
    }

    /// Appends the rows of a gRPC message (`ModelInferRequest`) to the batch.
    package mutating func decode(
        message: Span<UInt8>, of model: OpenInferenceModel, into batch: inout RowBatch
    ) throws(InferenceError) -> OpenInferenceRequest {
        let mark = batch.mark()
        begin(model, batch)
        do {
            return try decodeMessage(message, of: model, into: &batch)
        } catch {
            batch.rollback(to: mark)
            throw error
        }
    }

    /// Takes back the storage of a request that has been answered.
    package mutating func recycle(_ request: consuming OpenInferenceRequest) {
        var id: [UInt8] = []
        swap(&id, &request.id)
        guard id.capacity > 0, id.capacity <= Self.spareBytesMax, spares.count < Self.sparesMax else { return }
        id.removeAll(keepingCapacity: true)
        spares.append(id)
    }

    /// Room for an identifier.
    mutating func takeSpare() -> [UInt8] { spares.popLast() ?? [] }

    private mutating func begin(_ model: OpenInferenceModel, _ batch: borrowing RowBatch) {
        firstRow = batch.rowCount
        rowsMax = numbersMax / max(1, batch.layout.width, model.outputsPerRow)
        rowCount = nil
        hasMatrix = false
        inputCount = 0
        passedInputs = 0
        if scratch.capacity > Self.scratchBytesKeptMax { scratch = [] }
        seen.begin(batch.layout)
    }

    // MARK: Places

    /// Where the elements of an input go.
    enum Target {
        case matrix
        case column(Int)
        /// Nowhere: the model's policy passes over what it does not know.
        case nowhere
    }

    /// Finds the place of an input and makes room for its rows.
    /// - Parameter bytes: that its data have at most; so many elements they have at most.
    mutating func place(
        _ input: TensorInput, bytes: Int, body: Span<UInt8>, into batch: inout RowBatch
    ) throws(InferenceError) -> Target {
        guard input.elements <= bytes else { throw tooShort(input, found: "at most \(bytes)") }
        let layout = batch.layout
        let ignoresUnknown = layout.recordPolicy.unknownFields == .ignore
        let isColumn = input.rank == 1 || (input.rank == 2 && input.width == 1)
        let isMatrix =
            layout.width == 1
            ? isColumn && input.column < 0 && (!ignoresUnknown || layout.columns[0].name == nil)
            : input.rank == 2 && input.width == layout.width
        if isMatrix {
            guard rowCount == nil, passedInputs == 0 else { throw mixed(input) }
            hasMatrix = true
            try makeRows(input, &batch)
            return .matrix
        }
        guard !hasMatrix else { throw mixed(input) }
        guard isColumn else {
            let shape =
                layout.columns.contains { $0.name != nil }
                ? "[rows, \(layout.width)], or [rows, 1] a column" : "[rows, \(layout.width)]"
            throw input.invalid(
                "the shape does not fit the model", expected: shape,
                found: input.rank == 2 ? "[\(input.rows), \(input.width)]" : "\(input.rank) lengths")
        }
        guard input.column >= 0 else {
            guard ignoresUnknown else { throw unknown(input, body, layout) }
            passedInputs += 1
            guard passedInputs <= NativeRequestDecoder.unknownColumnsMax else {
                throw .tooLarge(limit: "\(NativeRequestDecoder.unknownColumnsMax) inputs that the model does not have")
            }
            return .nowhere
        }
        guard seen.mark(input.column) else {
            throw input.invalid("the input is given twice", expected: "each input once")
        }
        try makeRows(input, &batch)
        return .column(input.column)
    }

    private mutating func makeRows(_ input: TensorInput, _ batch: inout RowBatch) throws(InferenceError) {
        if let rowCount {
            guard rowCount == input.rows else {
                throw input.invalid(
                    "the inputs have different numbers of rows", expected: "\(rowCount)", found: "\(input.rows)")
            }
            return
        }
        guard input.rows <= rowsMax else { throw .tooLarge(limit: "\(rowsMax) rows for this model") }
        for _ in 0..<input.rows { batch.appendRow() }
        rowCount = input.rows
    }

    /// Checks that nothing is missing when all inputs have been read.
    func finish(_ batch: borrowing RowBatch) throws(InferenceError) {
        guard rowCount != nil else {
            throw .invalid(
                InferenceProblem(
                    pointer: "/inputs", detail: "there are no inputs of the model",
                    expected: "a matrix of shape [rows, \(batch.layout.width)], or an input a column",
                    found: "\(inputCount) inputs"))
        }
        guard !hasMatrix, let (column, misfit) = seen.absent(in: batch.layout) else { return }
        let name = batch.layout.columns[column].name ?? "\(column + 1)"
        throw .invalid(
            InferenceProblem(
                pointer: "/inputs", detail: "the input \"\(name)\" is missing, and \(misfit.detail)",
                expected: misfit.expected, found: "no such input"))
    }

    // MARK: Elements

    /// Writes a number to its place.
    @inline(__always)
    mutating func set(
        _ element: TensorElement, _ position: Int, _ target: Target, _ input: TensorInput, into batch: inout RowBatch
    ) throws(InferenceError) {
        guard let (row, column) = slot(position, target, batch.layout.width) else { return }
        if let misfit = try ColumnValue.set(element, into: &batch, row: firstRow + row, column: column) {
            throw wrong(misfit, position, target, input, batch.layout)
        }
    }

    /// Writes an element of bytes to its place.
    /// - Parameter isValid: whether it is known to be UTF-8.
    mutating func set(
        bytes text: Span<UInt8>, isValid: Bool, _ position: Int, _ target: Target, _ input: TensorInput,
        into batch: inout RowBatch
    ) throws(InferenceError) {
        guard let (row, column) = slot(position, target, batch.layout.width) else { return }
        guard isValid || UTF8Scalar.areValid(in: text) else {
            let misfit = ColumnValue.Misfit(expected: "UTF-8", found: "other bytes", detail: "the text cannot be read")
            throw wrong(misfit, position, target, input, batch.layout)
        }
        var isMatrix = false
        if case .matrix = target { isMatrix = true }
        if let misfit = try ColumnValue.set(
            bytes: text, readsNumbers: isMatrix, into: &batch, row: firstRow + row, column: column)
        {
            throw wrong(misfit, position, target, input, batch.layout)
        }
    }

    private func slot(_ position: Int, _ target: Target, _ width: Int) -> (row: Int, column: Int)? {
        switch target {
        case .matrix: (position / width, position % width)
        case .column(let column): (position, column)
        case .nowhere: nil
        }
    }

    /// The slots of a batch of doubles in which an input's numbers lie; nil where they cannot be written as they are.
    func slots(_ target: Target, _ layout: RowLayout) -> (start: Int, stride: Int)? {
        guard layout.isAllDoubles else { return nil }
        switch target {
        case .matrix: return (firstRow * layout.width, 1)
        case .column(let column): return (firstRow * layout.width + column, layout.width)
        case .nowhere: return nil
        }
    }

    /// Writes binary numbers to their places.
    /// - Parameter position: of the first.
    mutating func set(
        numbers bytes: Span<UInt8>, as type: TensorType, from position: Int, _ target: Target, _ input: TensorInput,
        into batch: inout RowBatch
    ) throws(InferenceError) {
        guard let size = type.byteCount else { preconditionFailure("bytes are no numbers") }
        let count = bytes.count / size
        if case .nowhere = target { return }
        guard let (start, stride) = slots(target, batch.layout) else {
            for index in 0..<count {
                try set(TensorBytes.element(bytes, as: type, index), position + index, target, input, into: &batch)
            }
            return
        }
        var doubles = batch.doubleSlots
        let found = TensorBytes.widen(bytes, as: type, into: &doubles, at: start + position * stride, stride: stride)
        guard found.hasNaN || found.hasInfinity else { return }
        // The rule for each value decides.
        for index in 0..<count {
            try set(TensorBytes.element(bytes, as: type, index), position + index, target, input, into: &batch)
        }
    }

    // MARK: Errors

    func wrong(
        _ misfit: ColumnValue.Misfit, _ position: Int, _ target: Target, _ input: TensorInput, _ layout: RowLayout
    ) -> InferenceError {
        var problem = InferenceProblem(
            pointer: "\(input.pointer)/data/\(position)", detail: misfit.detail, expected: misfit.expected,
            found: misfit.found)
        if let (row, column) = slot(position, target, layout.width) {
            problem.line = .row(row + 1)
            problem.column = layout.columns[column].name ?? "\(column + 1)"
        }
        return .invalid(problem)
    }

    func tooShort(_ input: TensorInput, found: String) -> InferenceError {
        input.invalid("the data are shorter than the shape", expected: "\(input.elements) elements", found: found)
    }

    func tooLong(_ input: TensorInput) -> InferenceError {
        input.invalid("the data are longer than the shape", expected: "\(input.elements) elements", found: "more")
    }

    private func mixed(_ input: TensorInput) -> InferenceError {
        input.invalid(
            "a matrix of all columns stands beside another input", expected: "one matrix, or an input a column")
    }

    private func unknown(_ input: TensorInput, _ body: Span<UInt8>, _ layout: RowLayout) -> InferenceError {
        var bytes: [UInt8] = []
        for index in input.name.prefix(1024) { bytes.append(body[index]) }
        let name = String(decoding: bytes, as: UTF8.self)
        let names = layout.columns.lazy.compactMap(\.name)
        guard !names.isEmpty else {
            return input.invalid(
                "this model was trained without column names, so it takes a matrix",
                expected: "one input of shape [rows, \(layout.width)]", found: "the shape of a column")
        }
        return .invalid(
            InferenceProblem(
                pointer: input.pointer, detail: "the model has no such input",
                expected: "one of the model's \(layout.width) columns, or a matrix of all of them",
                found: "\"\(JSONPointer.shortened(name))\"", nearest: NearestName.find(name, among: names)))
    }
}
