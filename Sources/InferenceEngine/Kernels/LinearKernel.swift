internal import CKernels
internal import TensorCore

/// A folded linear model over records: weighed numbers less their centres, and a row of weights for each category.
///
/// Unchecked access: every index of the tables is checked once, in `init`, against the others and against the records'
/// columns; `run` checks that the records are of those columns, and the ranges of the arrays.
@safe final class LinearKernel: Sendable {
    /// The numeric part, one entry a term.
    struct Terms: Sendable {
        /// The row's column of each term, and whether they are the row's first columns in order.
        var columns: [Int32] = []
        var areInOrder = false
        /// What is taken from a number before it is weighed.
        var centers: [Double] = []
        /// What takes the place of the centred number where it is missing; NaN where it must not be.
        var missing: [Double] = []
        /// Bounds of the centred number; both empty if no term has any.
        var lowerBounds: [Double] = []
        var upperBounds: [Double] = []
        /// Terms whose column holds 64-bit integers.
        var integerTerms: [Int] = []
        /// Row-major [outputs, terms].
        var weights: [Double] = []

        var count: Int { columns.count }
    }

    /// Where the kernel's scratch lies in the workspace: doubles, and integers.
    struct Scratch: Sendable {
        let centred: Int
        let refused: Int
    }

    private let tables: KernelTables<vencejo_linear>
    private let outputCount: Int
    private let recordWidth: Int
    private let recordWords: Int
    private let centredCount: Int
    private let encodedColumns: [Int]

    /// Numbers of a block of rows that pass many outputs together: they stay in the first cache.
    private static let blockNumbers = 2048

    /// - Parameters:
    ///   - bias: one an output.
    ///   - panels: the terms' weights, where the outputs are many; nil for a sum an output.
    ///   - inputs: the records' columns.
    init(
        _ terms: Terms, bias: [Double], panels: PackedPanels?, encodings: [LinearFold.Encoding], of inputs: [Column],
        rowCountMax: Int
    ) {
        let count = terms.count
        let layout = RowLayout(columns: inputs)
        outputCount = bias.count
        recordWidth = layout.width
        recordWords = layout.missingWordsPerRow
        encodedColumns = encodings.map(\.inputColumn)
        let blockRowCount = panels == nil ? 1 : min(rowCountMax, max(Self.blockNumbers / max(count, 1), 1))
        centredCount = count * blockRowCount
        Self.check(terms, bias, panels, encodings, inputs)

        var memory = KernelMemory()
        let isBounded = !terms.lowerBounds.isEmpty
        let nativeTerms = unsafe vencejo_terms(
            columns: terms.areInOrder ? nil : memory.store(terms.columns), centers: memory.store(terms.centers),
            missing: memory.store(terms.missing), lower: isBounded ? memory.store(terms.lowerBounds) : nil,
            upper: isBounded ? memory.store(terms.upperBounds) : nil, count: count,
            integer_terms: memory.store(terms.integerTerms.map { Int32($0) }), integer_count: terms.integerTerms.count)
        var nativeEncodings: [vencejo_encoding] = unsafe []
        for encoding in encodings {
            let table = unsafe encoding.table.store(
                in: &memory, missing: Int32(encoding.missingRow ?? -1), unknown: Int32(encoding.unknownRow ?? -1))
            let cells =
                switch inputs[encoding.inputColumn].kind {
                case .string: VENCEJO_TEXTS
                case .float64: VENCEJO_DOUBLES
                case .int64: VENCEJO_INTEGERS
                }
            unsafe nativeEncodings.append(
                vencejo_encoding(
                    table: table, weights: memory.store(encoding.weights), column: UInt32(encoding.inputColumn),
                    cells: cells))
        }
        let native = unsafe vencejo_linear(
            level: CPULevel.current.native, terms: nativeTerms,
            weights: memory.store(panels == nil ? terms.weights : []),
            panels: panels.map { unsafe memory.store(Array($0.numbers[$0.start...])) }, block_rows: blockRowCount,
            bias: memory.store(bias), outputs: bias.count, encodings: memory.store(nativeEncodings),
            encoding_count: encodings.count)
        unsafe tables = KernelTables(native, in: memory)
    }

    private static func check(
        _ terms: Terms, _ bias: [Double], _ panels: PackedPanels?, _ encodings: [LinearFold.Encoding],
        _ inputs: [Column]
    ) {
        let count = terms.count
        precondition(!bias.isEmpty, "an output")
        let boundCount = terms.lowerBounds.count
        precondition(terms.centers.count == count && terms.missing.count == count, "a centre for each term")
        precondition(boundCount == terms.upperBounds.count && (boundCount == 0 || boundCount == count), "bounds")
        precondition(terms.weights.count == count * bias.count, "a weight for each term and output")
        precondition(!terms.areInOrder || terms.columns.elementsEqual(0..<Int32(count)), "columns in order")
        for column in terms.columns { precondition(inputs.indices.contains(Int(column)), "columns of the record") }
        for term in terms.integerTerms {
            precondition(term >= 0 && term < count && inputs[Int(terms.columns[term])].kind == .int64, "integers")
        }
        if let panels {
            precondition(panels.count == bias.count && panels.width == count, "panels of the weights")
            precondition(panels.numbers.count >= panels.start + panels.panelCount * panels.panelStride, "whole panels")
        }
        for encoding in encodings {
            precondition(inputs.indices.contains(encoding.inputColumn), "a column of the record")
            precondition(
                encoding.table.isText == (inputs[encoding.inputColumn].kind == .string), "a column of the table's kind")
            let rows = encoding.weights.count / bias.count
            let last = max(encoding.table.greatestCategory, encoding.unknownRow ?? -1, encoding.missingRow ?? -1)
            precondition(last < rows, "a row of weights for each category")
        }
    }

    /// Rows of a tile that are not as others, a bit each.
    struct Findings {
        /// With a category that is refused.
        var refused: UInt64 = 0
        /// Whose first score is NaN.
        var nan: UInt64 = 0
    }

    /// Takes the scratch of `run` from the plan of the memory.
    func takeScratch(_ memory: inout MemoryPlan) -> Scratch {
        Scratch(centred: memory.take(centredCount, of: \.doubles), refused: memory.take(Tile.rowsMax, of: \.integers))
    }

    /// The scores of a tile's rows, row after row from `offset` on.
    func run(
        firstRow: Int, rowCount: Int, of rows: borrowing RowBatch, into numbers: inout [Double], at offset: Int,
        refused: inout [Int32], scratch: Scratch
    ) -> Findings {
        let layout = rows.layout
        precondition(
            layout.width == recordWidth && layout.missingWordsPerRow == recordWords, "records of the model's columns")
        precondition(firstRow >= 0 && rowCount >= 0 && firstRow + rowCount <= rows.rowCount, "rows of the batch")
        precondition(rowCount <= Tile.rowsMax, "rows of a tile")
        precondition(offset >= 0 && offset + rowCount * outputCount <= numbers.count, "room for the scores")
        precondition(scratch.centred >= 0 && scratch.centred + centredCount <= numbers.count, "room for the numbers")
        precondition(scratch.refused >= 0 && scratch.refused + Tile.rowsMax <= refused.count, "room for the refused")
        return unsafe rows.slotSpan.withUnsafeBufferPointer { slots in
            unsafe rows.missingSpan.withUnsafeBufferPointer { missing in
                unsafe rows.arenaSpan.withUnsafeBufferPointer { arena in
                    unsafe numbers.withUnsafeMutableBufferPointer { numbers in
                        unsafe refused.withUnsafeMutableBufferPointer { refused in
                            var findings = Findings()
                            guard let numbers = numbers.baseAddress, let refused = refused.baseAddress else {
                                return findings
                            }
                            var records = unsafe vencejo_records(
                                slots: slots.baseAddress.map { unsafe $0 + firstRow * recordWidth },
                                stride: recordWidth,
                                missing: missing.baseAddress.map { unsafe $0 + firstRow * recordWords },
                                missing_stride: recordWords, arena: arena.baseAddress, arena_count: arena.count)
                            findings.refused = unsafe vencejo_linear_run(
                                tables.native, &records, rowCount, numbers + scratch.centred, numbers + offset,
                                refused + scratch.refused, &findings.nan)
                            return findings
                        }
                    }
                }
            }
        }
    }

    /// The input column whose category `run` refused in a row of the tile.
    func refusedColumn(tileRow: Int, in refused: [Int32], scratch: Scratch) -> Int {
        encodedColumns[Int(refused[scratch.refused + tileRow])]
    }
}
