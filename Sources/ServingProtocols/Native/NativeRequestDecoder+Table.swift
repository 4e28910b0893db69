internal import ByteCoding
internal import InferenceAPI
internal import TensorCore

// CSV: `text/csv`, with or without a line of names.
extension NativeRequestDecoder {
    /// With a header the columns come in its order, by the same rules as the fields of a record; without one, all of
    /// the model's in its own order. A model without names takes them in its order always.
    ///
    /// Where rows have their own outcomes, so has a line with the wrong number of cells or a bad one. An open quote
    /// fails the body, since nobody can tell where the rows behind it begin.
    mutating func decodeTable(
        _ body: Span<UInt8>, _ header: NativeFormat.TableHeader, into batch: inout RowBatch
    ) throws(InferenceError) -> NativeRequest {
        let layout = batch.layout
        var reader = CSVReader(body)
        var hasHeader = header == .present
        if header == .untold {
            var ahead = CSVReader(body)
            hasHeader = try namesColumns(&ahead, layout)
        }
        var isOrdered = false
        if hasHeader, reader.nextRecord() { isOrdered = try readHeader(&reader, layout) }
        var firstLine = hasHeader ? 2 : 1
        while reader.nextRecord() {
            let row = rowsRead(batch)
            if reader.recordLine != row + firstLine { firstLine = 0 }
            let mark = batch.mark()
            do throws(InferenceError) {
                try readCells(&reader, isOrdered: isOrdered, into: &batch)
            } catch {
                // The rest of the line may hold what fails the body.
                do throws(CSVError) { try reader.skipRecord() } catch { throw Self.malformed(error) }
                try isolate(error.placed(.line(reader.recordLine)), row: row, mark, &batch)
            }
        }
        guard rowsRead(batch) > 0 else {
            throw Self.noRows(expected: hasHeader ? "a line of values below the names" : "a line of values")
        }
        return NativeRequest(
            form: .table, hasArrayRows: true, rowCount: batch.rowCount - firstRow, firstLine: firstLine)
    }

    // MARK: Header

    /// Whether the first line names columns; see ``NativeFormat/TableHeader/untold``.
    private mutating func namesColumns(
        _ reader: inout CSVReader, _ layout: RowLayout
    ) throws(InferenceError) -> Bool {
        guard layout.columns.contains(where: { $0.name != nil }), reader.nextRecord() else { return false }
        var cells = 0
        var names = 0
        while let cell = try next(&reader) {
            cells += 1
            guard cell.fault == nil, CSVNumber.double(reader.bytes(of: cell)) == nil else { continue }
            if column(of: cell, reader, in: layout, hint: cells - 1) != nil { names += 1 }
        }
        return names * 2 >= cells
    }

    /// Takes the names of the first line into `order`.
    /// - Returns: whether the columns come in another order than the model's.
    private mutating func readHeader(_ reader: inout CSVReader, _ layout: RowLayout) throws(InferenceError) -> Bool {
        do throws(InferenceError) {
            guard layout.columns.contains(where: { $0.name != nil }) else {
                while try next(&reader) != nil {}
                return false
            }
            beginColumns(layout)
            while let cell = try next(&reader) {
                if let fault = cell.fault { throw Self.malformed(fault) }
                let column = column(of: cell, reader, in: layout, hint: order.count)
                guard try addColumn(column, in: layout, pointer: "") else {
                    throw unknownField(text(of: cell, reader), in: layout, pointer: "", place: "")
                }
            }
            try endColumns(layout, pointer: "")
        } catch {
            throw error.placed(.line(reader.recordLine))
        }
        return order.count != layout.width || order.indices.contains { order[$0] != $0 }
    }

    // MARK: Rows

    private mutating func readCells(
        _ reader: inout CSVReader, isOrdered: Bool, into batch: inout RowBatch
    ) throws(InferenceError) {
        try beginRow(&batch)
        let row = batch.rowCount - 1
        let count = isOrdered ? order.count : batch.layout.width
        var position = 0
        if !isOrdered, batch.layout.isAllDoubles {
            // The ordinary row. What is not a plain number is left to the rules below.
            var slots = batch.doubleSlots
            position = reader.readDoubles(bits: &slots, at: row * count..<(row + 1) * count)
        }
        while let cell = try next(&reader) {
            guard position < count else { throw wrongCount("more than \(count) values", count, batch.layout, "") }
            let column = isOrdered ? order[position] : position
            position += 1
            if var fault = cell.fault.map({ Self.problem($0) }) {
                fault.column = column < 0 ? "\(position)" : name(of: column, batch.layout)
                throw .malformed(fault)
            }
            guard column >= 0 else { continue }
            if let misfit = try read(cell, reader, into: &batch, row: row, column: column) {
                throw .invalid(
                    InferenceProblem(
                        pointer: "", detail: misfit.detail, expected: misfit.expected, found: misfit.found,
                        column: name(of: column, batch.layout)))
            }
        }
        guard position == count else { throw wrongCount("\(position) values", count, batch.layout, "") }
    }

    private mutating func read(
        _ cell: CSVCell, _ reader: borrowing CSVReader, into batch: inout RowBatch, row: Int, column: Int
    ) throws(InferenceError) -> ColumnValue.Misfit? {
        guard cell.hasDoubledQuotes else {
            return try ColumnValue.read(text: reader.bytes(of: cell), into: &batch, row: row, column: column)
        }
        scratch.removeAll(keepingCapacity: true)
        reader.append(cell, to: &scratch)
        return try ColumnValue.read(text: scratch.span, into: &batch, row: row, column: column)
    }

    // MARK: Cells

    private func next(_ reader: inout CSVReader) throws(InferenceError) -> CSVCell? {
        do { return try reader.nextCell() } catch { throw Self.malformed(error) }
    }

    private mutating func column(
        of cell: CSVCell, _ reader: borrowing CSVReader, in layout: RowLayout, hint: Int
    ) -> Int? {
        guard cell.hasDoubledQuotes else { return layout.index(ofName: reader.bytes(of: cell), hint: hint) }
        scratch.removeAll(keepingCapacity: true)
        reader.append(cell, to: &scratch)
        return layout.index(ofName: scratch.span, hint: hint)
    }

    private func text(of cell: CSVCell, _ reader: borrowing CSVReader) -> String {
        var bytes: [UInt8] = []
        reader.append(cell, to: &bytes)
        return String(decoding: bytes, as: UTF8.self)
    }

    private func name(of column: Int, _ layout: RowLayout) -> String {
        layout.columns[column].name ?? "\(column + 1)"
    }

    private static func problem(_ error: CSVError) -> InferenceProblem {
        InferenceProblem(
            pointer: "", detail: "the body is not valid CSV: \(error.reason)", line: .line(error.line))
    }

    private static func malformed(_ error: CSVError) -> InferenceError { .malformed(problem(error)) }
}
