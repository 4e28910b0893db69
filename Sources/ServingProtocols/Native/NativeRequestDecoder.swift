internal import ByteCoding
package import InferenceAPI
package import TensorCore

/// Decodes the native protocol's bodies straight into a model's row batch, with no tree of values between.
///
/// | body | form |
/// |---|---|
/// | `{"CRIM": 0.15, "RM": 5.45}` | a record by name |
/// | `[0.15, 5.45]` | a row in column order |
/// | `[{...}, {...}]`, `[[...], [...]]` | a list of either |
/// | `{"instances": [...]}` | the same list |
/// | `{"columns": ["RM", "CRIM"], "data": [[...], ...]}` | a frame; its two keys in any order |
/// | a record or a row a line | lines; a line is a document by itself |
/// | `RM,CRIM` and a row a line | CSV |
///
/// The last two only where the request's head says so (``NativeFormat``).
///
/// `instances`, `columns` and `data` are taken for a form only if their value is an array and the model has no column
/// of that name; a model that has one is sent `{"instances": [{...}]}`.
///
/// One instance serves one loop; its scratch is reused, so that decoding does not allocate in the steady state.
package struct NativeRequestDecoder {
    /// Numbers that one request may come to: rows times the columns or the outputs of a row, whichever are more. Bounds
    /// the batch, the outputs and the answer.
    package let numbersMax: Int

    /// The columns seen in the record, or named by the table, that is being read.
    var seen = SeenFields()
    /// For the split form and tables: the model's column at each position, -1 for one that is passed over.
    var order: [Int] = []
    var scratch: [UInt8] = []
    /// Of the request being read.
    private(set) var firstRow = 0
    private var rowsMax = 0
    /// Whether the body, as far as it has been read, is one row.
    private var isOneRow = false
    /// Not nil where each row has its own outcome.
    var isolation: RowIsolation?

    package init(numbersMax: Int = 1 << 22) {
        self.numbersMax = numbersMax
    }

    /// Appends the body's rows to the batch.
    /// - Parameters:
    ///   - body: the whole body.
    ///   - format: how it is written, and how the answer is to be.
    ///   - outputsPerRow: numbers that the model answers for a row.
    ///   - batch: the model's batch; rows of other requests may stand in it.
    /// - Throws: `.malformed` for what is not JSON or CSV or not one of the forms, `.invalid` for a value that does not
    ///   fit the model, `.tooLarge`; the batch is then as it was.
    package mutating func decode(
        _ body: Span<UInt8>, as format: NativeFormat = NativeFormat(), outputsPerRow: Int = 1,
        into batch: inout RowBatch
    ) throws(InferenceError) -> NativeRequest {
        let mark = batch.mark()
        firstRow = batch.rowCount
        rowsMax = numbersMax / max(1, batch.layout.width, outputsPerRow)
        do {
            var request: NativeRequest
            switch format.body {
            case .json: request = try decodeBody(body, into: &batch)
            case .lines: request = try decodeLines(body, into: &batch)
            case .table(let header): request = try decodeTable(body, header, into: &batch)
            }
            request.answer = format.answer
            return request
        } catch {
            batch.rollback(to: mark)
            throw error
        }
    }

    /// The same, where rows may fail by themselves.
    /// - Parameter isolation: not nil to have rows whose values do not fit left out of the batch and told there. What
    ///   is wrong with the body as a whole is thrown all the same.
    package mutating func decode(
        _ body: Span<UInt8>, as format: NativeFormat = NativeFormat(), outputsPerRow: Int = 1,
        isolation: inout RowIsolation?, into batch: inout RowBatch
    ) throws(InferenceError) -> NativeRequest {
        guard isolation != nil else { return try decode(body, as: format, outputsPerRow: outputsPerRow, into: &batch) }
        self.isolation = isolation
        defer {
            isolation = self.isolation
            self.isolation = nil
        }
        isOneRow = false
        do {
            return try decode(body, as: format, outputsPerRow: outputsPerRow, into: &batch)
        } catch {
            guard isOneRow, case .invalid(let problem) = error else { throw error }
            try self.isolation?.append(0, problem)
            return NativeRequest(form: .record, hasArrayRows: false, rowCount: 0, answer: format.answer)
        }
    }

    /// Rows of this request so far, those that failed by themselves among them.
    func rowsRead(_ batch: borrowing RowBatch) -> Int {
        batch.rowCount - firstRow + (isolation?.failures.count ?? 0)
    }

    /// What an element of a list of rows comes to: a row of the batch, or its own error.
    private mutating func isolate(
        _ reader: inout RequestReader, into batch: inout RowBatch,
        _ decode: (
            inout NativeRequestDecoder, inout RequestReader, inout RowBatch
        ) throws(InferenceError) -> Void
    ) throws(InferenceError) {
        guard isolation != nil else { return try decode(&self, &reader, &batch) }
        let row = rowsRead(batch)
        let mark = batch.mark()
        var ahead = reader
        do throws(InferenceError) {
            try decode(&self, &ahead, &batch)
            reader = ahead
        } catch {
            guard case .invalid(let problem) = error else { throw error }
            batch.rollback(to: mark)
            try append(problem, row: row, batch)
            try reader.skipValue()
        }
    }

    private mutating func decodeBody(
        _ body: Span<UInt8>, into batch: inout RowBatch
    ) throws(InferenceError) -> NativeRequest {
        var reader = RequestReader(body)
        let request: NativeRequest
        switch try Self.kind(of: &reader) {
        case .object: request = try decodeObject(&reader, body, into: &batch)
        case .array: request = try decodeArray(&reader, into: &batch)
        case let kind:
            throw .malformed(
                InferenceProblem(
                    pointer: "", detail: kind == .end ? "the body is empty" : "the body is not a request",
                    expected: "an object or an array", found: ColumnValue.describe(kind)))
        }
        do throws(InferenceError) {
            try reader.finish()
        } catch {
            throw Self.hinting("a document a line comes with Content-Type: application/x-ndjson", error)
        }
        return request
    }

    /// What the body is. What is not JSON at all is told as that, with its offset.
    private static func kind(of reader: inout RequestReader) throws(InferenceError) -> JSONKind {
        do throws(InferenceError) {
            let kind = try reader.peek()
            guard kind != .object, kind != .array else { return kind }
            if kind != .end { try reader.skipValue() }
            try reader.finish()
            return kind
        } catch {
            throw hinting("rows in CSV come with Content-Type: text/csv", error)
        }
    }

    /// A syntax error that another `Content-Type` would most likely have spared, with that said.
    private static func hinting(_ hint: String, _ error: InferenceError) -> InferenceError {
        guard case .malformed(let problem) = error, problem.expected == nil else { return error }
        return .malformed(
            InferenceProblem(
                pointer: problem.pointer, detail: problem.detail, expected: "one JSON document; \(hint)",
                found: problem.found, nearest: problem.nearest, offset: problem.offset))
    }

    // MARK: Forms

    private mutating func decodeObject(
        _ reader: inout RequestReader, _ body: Span<UInt8>, into batch: inout RowBatch
    ) throws(InferenceError) -> NativeRequest {
        var instances: NativeRequest?
        var isRecord = false
        isOneRow = true
        var columnsRange: Range<Int>?
        var dataOffset: Int?
        var hint = 0
        try reader.beginObject()
        while let key = try reader.nextKey() {
            if let column = column(of: key, reader, in: batch.layout, hint: hint) {
                if !isRecord {
                    try refuse(instances != nil || columnsRange != nil || dataOffset != nil, mixing: key, reader)
                    isRecord = true
                    try beginRecord(&batch)
                }
                try readField(&reader, key, column, into: &batch, place: .whole)
                hint = column + 1
                continue
            }
            let form = try reader.peekValue() == .array && !isRecord ? formKey(key, reader) : nil
            switch form {
            case .instances:
                isOneRow = false
                try refuse(instances != nil || columnsRange != nil || dataOffset != nil, mixing: key, reader)
                instances = try decodeList(&reader, form: .instances, into: &batch)
            case .columns:
                isOneRow = false
                try refuse(instances != nil || columnsRange != nil, mixing: key, reader)
                columnsRange = try reader.skipValue()
            case .data:
                isOneRow = false
                try refuse(instances != nil || dataOffset != nil, mixing: key, reader)
                dataOffset = try reader.skipValue().lowerBound
            case nil:
                try passUnknownField(&reader, key, in: batch.layout, pointer: "")
            }
        }
        if let instances { return instances }
        if columnsRange != nil || dataOffset != nil {
            return try decodeSplit(body, columns: columnsRange, data: dataOffset, into: &batch)
        }
        if !isRecord { try beginRecord(&batch) }
        try endRecord(&batch, place: .whole)
        return NativeRequest(form: .record, hasArrayRows: false, rowCount: 1)
    }

    /// A top-level array: one row if it begins with a value, a list if with an array or an object.
    private mutating func decodeArray(
        _ reader: inout RequestReader, into batch: inout RowBatch
    ) throws(InferenceError) -> NativeRequest {
        var ahead = reader
        try ahead.beginArray()
        if try ahead.nextElement() {
            switch try ahead.peekValue() {
            case .array, .object: break
            default:
                isOneRow = true
                try beginRow(&batch)
                try readRow(&reader, into: &batch, place: .whole, isOrdered: false)
                return NativeRequest(form: .row, hasArrayRows: true, rowCount: 1)
            }
        }
        return try decodeList(&reader, form: .list, into: &batch)
    }

    /// Rows or records, all of one kind.
    private mutating func decodeList(
        _ reader: inout RequestReader, form: NativeRequest.Form, into batch: inout RowBatch
    ) throws(InferenceError) -> NativeRequest {
        var rowKind: JSONKind?
        try reader.beginArray()
        while try reader.nextElement() {
            try isolate(&reader, into: &batch) { (decoder, reader, batch) throws(InferenceError) in
                try decoder.decodeElement(&reader, form, &rowKind, into: &batch)
            }
        }
        guard rowsRead(batch) > 0 else {
            throw .invalid(
                InferenceProblem(
                    pointer: form == .instances ? "/instances" : "", detail: "there are no rows",
                    expected: "at least one row", found: "an empty array"))
        }
        return NativeRequest(form: form, hasArrayRows: rowKind == .array, rowCount: batch.rowCount - firstRow)
    }

    /// A row or a record, of the kind of those before it.
    mutating func decodeElement(
        _ reader: inout RequestReader, _ form: NativeRequest.Form, _ rowKind: inout JSONKind?,
        into batch: inout RowBatch
    ) throws(InferenceError) {
        let kind = try reader.peekValue()
        let place = Place(form: form, row: rowsRead(batch))
        guard kind == .array || kind == .object, rowKind == nil || rowKind == kind else {
            // What is not JSON at all is told as that, with its offset.
            var ahead = reader
            try ahead.skipValue()
            if form == .lines { try ahead.finish() }
            let expected = rowKind == nil ? "a record or an array of values" : "the same form as the first row"
            throw .invalid(
                InferenceProblem(
                    pointer: place.pointer, detail: "this is not a row", expected: expected,
                    found: ColumnValue.describe(kind)))
        }
        rowKind = kind
        if kind == .array {
            try beginRow(&batch)
            try readRow(&reader, into: &batch, place: place, isOrdered: false)
        } else {
            try beginRecord(&batch)
            try readRecord(&reader, into: &batch, place: place)
        }
    }

    private mutating func decodeSplit(
        _ body: Span<UInt8>, columns: Range<Int>?, data: Int?, into batch: inout RowBatch
    ) throws(InferenceError) -> NativeRequest {
        guard let columns, let data else {
            let missing = columns == nil ? "columns" : "data"
            throw .invalid(
                InferenceProblem(
                    pointer: "", detail: "a frame needs both columns and data", expected: "the key \"\(missing)\"",
                    found: "only \"\(columns == nil ? "data" : "columns")\""))
        }
        try readColumnNames(body, at: columns.lowerBound, layout: batch.layout)
        var reader = RequestReader(body, at: data)
        try reader.beginArray()
        while try reader.nextElement() {
            try isolate(&reader, into: &batch) { (decoder, reader, batch) throws(InferenceError) in
                try decoder.decodeSplitRow(&reader, into: &batch)
            }
        }
        guard rowsRead(batch) > 0 else {
            throw .invalid(
                InferenceProblem(
                    pointer: "/data", detail: "there are no rows", expected: "at least one row", found: "an empty array"
                ))
        }
        return NativeRequest(form: .split, hasArrayRows: true, rowCount: batch.rowCount - firstRow)
    }

    private mutating func decodeSplitRow(
        _ reader: inout RequestReader, into batch: inout RowBatch
    ) throws(InferenceError) {
        let place = Place(form: .split, row: rowsRead(batch))
        guard try reader.peekValue() == .array else {
            throw .invalid(
                InferenceProblem(
                    pointer: place.pointer, detail: "this is not a row",
                    expected: "an array of \(order.count) values",
                    found: ColumnValue.describe(try reader.peek())))
        }
        try beginRow(&batch)
        try readRow(&reader, into: &batch, place: place, isOrdered: true)
    }

    // MARK: Rows

    /// Where a row stands in the body. Its pointer is only spelled out for an error.
    private struct Place {
        let form: NativeRequest.Form
        let row: Int

        /// The body itself is the row.
        static let whole = Place(form: .record, row: 0)

        var pointer: String { NativeRequest(form: form, hasArrayRows: false, rowCount: 0).pointer(row: row) }
    }

    /// Rows that have failed count as well: each has its place in the answer.
    private func checkRoom(_ batch: borrowing RowBatch) throws(InferenceError) {
        guard rowsRead(batch) < rowsMax else { throw .tooLarge(limit: "\(rowsMax) rows for this model") }
    }

    /// A row has failed by itself, and is not in the batch.
    mutating func append(_ problem: InferenceProblem, row: Int, _ batch: borrowing RowBatch) throws(InferenceError) {
        try checkRoom(batch)
        try isolation?.append(row, problem)
    }

    mutating func beginRow(_ batch: inout RowBatch) throws(InferenceError) {
        try checkRoom(batch)
        batch.appendRow()
    }

    private mutating func beginRecord(_ batch: inout RowBatch) throws(InferenceError) {
        try beginRow(&batch)
        seen.begin(batch.layout)
    }

    private mutating func readRecord(
        _ reader: inout RequestReader, into batch: inout RowBatch, place: Place
    ) throws(InferenceError) {
        var hint = 0
        try reader.beginObject()
        while let key = try reader.nextKey() {
            guard let column = column(of: key, reader, in: batch.layout, hint: hint) else {
                try passUnknownField(&reader, key, in: batch.layout, pointer: place.pointer)
                continue
            }
            try readField(&reader, key, column, into: &batch, place: place)
            hint = column + 1
        }
        try endRecord(&batch, place: place)
    }

    /// One field of the batch's last row.
    private mutating func readField(
        _ reader: inout RequestReader, _ key: JSONStringToken, _ column: Int, into batch: inout RowBatch,
        place: Place
    ) throws(InferenceError) {
        guard seen.mark(column) else {
            throw .invalid(
                InferenceProblem(
                    pointer: place.pointer + JSONPointer.token(reader.string(key)), detail: "the field is given twice",
                    expected: "each field once"))
        }
        let row = batch.rowCount - 1
        if let misfit = try ColumnValue.read(&reader, into: &batch, row: row, column: column, scratch: &scratch) {
            throw invalid(misfit, place.pointer + JSONPointer.token(reader.string(key)))
        }
    }

    /// A field that the model does not have: refused, or passed over where the model's policy says so.
    private func passUnknownField(
        _ reader: inout RequestReader, _ key: JSONStringToken, in layout: RowLayout, pointer: String
    ) throws(InferenceError) {
        guard layout.recordPolicy.unknownFields == .ignore else {
            throw unknownField(reader.string(key), in: layout, pointer: pointer)
        }
        try reader.skipValue()
    }

    /// Refuses a record in which a column is absent that has no rule for missing values, or any column where the
    /// model's policy says so.
    private func endRecord(_ batch: inout RowBatch, place: Place) throws(InferenceError) {
        guard let (column, misfit) = seen.absent(in: batch.layout) else { return }
        guard let name = batch.layout.columns[column].name else { throw unnamed(pointer: place.pointer) }
        throw .invalid(
            InferenceProblem(
                pointer: place.pointer + JSONPointer.token(name),
                detail: "the field is missing, and \(misfit.detail)",
                expected: misfit.expected, found: "no such field"))
    }

    /// The values of one row. - Parameter isOrdered: whether `order` tells the columns; else they come in the model's
    /// order.
    private mutating func readRow(
        _ reader: inout RequestReader, into batch: inout RowBatch, place: Place, isOrdered: Bool
    ) throws(InferenceError) {
        let row = batch.rowCount - 1
        let count = isOrdered ? order.count : batch.layout.width
        var position = 0
        try reader.beginArray()
        if !isOrdered, batch.layout.isAllDoubles {
            // The ordinary row. What is not a plain number is left to the rules below.
            var slots = batch.doubleSlots
            position = reader.readDoubles(bits: &slots, at: row * count..<(row + 1) * count)
        }
        while try reader.nextElement() {
            guard position < count else {
                throw wrongCount("more than \(count) values", count, batch.layout, place.pointer)
            }
            let column = isOrdered ? order[position] : position
            guard column >= 0 else {
                try reader.skipValue()
                position += 1
                continue
            }
            if let misfit = try ColumnValue.read(&reader, into: &batch, row: row, column: column, scratch: &scratch) {
                throw invalid(misfit, place.pointer + JSONPointer.token(position))
            }
            position += 1
        }
        guard position == count else { throw wrongCount("\(position) values", count, batch.layout, place.pointer) }
    }

    /// The names of the split form, into `order`.
    private mutating func readColumnNames(
        _ body: Span<UInt8>, at offset: Int, layout: RowLayout
    ) throws(InferenceError) {
        beginColumns(layout)
        var reader = RequestReader(body, at: offset)
        try reader.beginArray()
        while try reader.nextElement() {
            let place = "/columns" + JSONPointer.token(order.count)
            guard try reader.peekValue() == .string else {
                throw .invalid(
                    InferenceProblem(
                        pointer: place, detail: "this is not a column name", expected: "a string",
                        found: ColumnValue.describe(try reader.peek())))
            }
            let token = try reader.readString()
            let column = column(of: token, reader, in: layout, hint: order.count)
            guard try addColumn(column, in: layout, pointer: place) else {
                throw unknownField(reader.string(token), in: layout, pointer: "/columns", place: place)
            }
        }
        try endColumns(layout, pointer: "/columns")
    }

    // MARK: Keys

    private enum FormKey {
        case instances, columns, data
    }

    private func formKey(_ key: JSONStringToken, _ reader: borrowing RequestReader) -> FormKey? {
        if reader.equals(key, "instances") { return .instances }
        if reader.equals(key, "columns") { return .columns }
        if reader.equals(key, "data") { return .data }
        return nil
    }

    private mutating func column(
        of key: JSONStringToken, _ reader: borrowing RequestReader, in layout: RowLayout, hint: Int
    ) -> Int? {
        guard key.hasEscapes else { return layout.index(ofName: reader.bytes(of: key), hint: hint) }
        scratch.removeAll(keepingCapacity: true)
        reader.append(key, to: &scratch)
        return layout.index(ofName: scratch.span, hint: hint)
    }

    private func refuse(
        _ isMixed: Bool, mixing key: JSONStringToken, _ reader: borrowing RequestReader
    ) throws(InferenceError) {
        guard isMixed else { return }
        throw .invalid(
            InferenceProblem(
                pointer: JSONPointer.token(reader.string(key)), detail: "the body mixes two forms of request",
                expected: "one record, or \"instances\", or \"columns\" and \"data\""))
    }

    // MARK: Errors

    private func invalid(_ misfit: ColumnValue.Misfit, _ pointer: String) -> InferenceError {
        .invalid(
            InferenceProblem(
                pointer: pointer, detail: misfit.detail, expected: misfit.expected, found: misfit.found))
    }

    private func unnamed(pointer: String) -> InferenceError {
        .invalid(
            InferenceProblem(
                pointer: pointer, detail: "this model was trained without column names, so it takes rows",
                expected: "an array of values in training order", found: "a record by name"))
    }

    func unknownField(
        _ name: String, in layout: RowLayout, pointer: String, place: String? = nil
    ) -> InferenceError {
        guard layout.columns.contains(where: { $0.name != nil }) else { return unnamed(pointer: pointer) }
        let nearest = NearestName.find(name, among: layout.columns.lazy.compactMap(\.name))
        return .invalid(
            InferenceProblem(
                pointer: place ?? pointer + JSONPointer.token(name), detail: "the model has no such field",
                expected: "one of the model's \(layout.width) fields", found: "\"\(JSONPointer.shortened(name))\"",
                nearest: nearest))
    }

    func wrongCount(_ found: String, _ count: Int, _ layout: RowLayout, _ pointer: String) -> InferenceError {
        let names = layout.columns.prefix(8).compactMap(\.name).joined(separator: ", ")
        let order = names.isEmpty ? "" : " in the order \(names)\(layout.width > 8 ? ", ..." : "")"
        return .invalid(
            InferenceProblem(
                pointer: pointer, detail: "the row has the wrong number of values",
                expected: "\(count) values\(count == layout.width ? order : "")", found: found))
    }
}
