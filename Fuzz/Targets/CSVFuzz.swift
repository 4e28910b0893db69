// modules: ByteCoding
internal import ByteCoding

/// Feeds any bytes to the CSV reader. It must not trap; a table that is read whole, written again and read again must
/// have the same cells; and numbers must come out the same cell by cell and in one go.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzCSV(_ start: UnsafePointer<UInt8>, _ count: Int) -> CInt {
    let text = unsafe Array(UnsafeBufferPointer(start: start, count: count))
    if let once = cells(text) {
        var writer = CSVWriter()
        for record in once {
            for cell in record { writer.text(cell) }
            writer.endLine()
        }
        precondition(cells(writer.take()) == once, "written and read again, it changed")
    }
    for (fast, slow) in zip(rowsOfNumbers(text, atOnce: true), rowsOfNumbers(text, atOnce: false)) {
        precondition(slow.starts(with: fast), "numbers are read in two ways")
    }
    return 0
}

/// The text of each cell; nil where one is malformed.
private func cells(_ text: [UInt8]) -> [[String]]? {
    var reader = CSVReader(text.span)
    var records: [[String]] = []
    while reader.nextRecord() {
        var record: [String] = []
        do throws(CSVError) {
            while let cell = try reader.nextCell() {
                guard cell.fault == nil else { return nil }
                var bytes: [UInt8] = []
                reader.append(cell, to: &bytes)
                guard let text = String(validating: bytes, as: UTF8.self) else { preconditionFailure("not UTF-8") }
                record.append(text)
            }
        } catch {
            return nil
        }
        records.append(record)
    }
    return records
}

/// The numbers with which each record begins; at once, ordinary ones only and four at most.
private func rowsOfNumbers(_ text: [UInt8], atOnce: Bool) -> [[UInt64]] {
    var reader = CSVReader(text.span)
    var rows: [[UInt64]] = []
    while reader.nextRecord() {
        var row: [UInt64] = []
        do throws(CSVError) {
            if atOnce {
                var bits: [UInt64] = [0, 0, 0, 0]
                var target = bits.mutableSpan
                let count = reader.readDoubles(bits: &target, at: 0..<4)
                row = Array(bits[..<count])
            } else {
                while let cell = try reader.nextCell(), cell.fault == nil,
                    let value = CSVNumber.double(reader.bytes(of: cell))
                {
                    row.append(value.bitPattern)
                }
            }
            try reader.skipRecord()
        } catch {
            return rows
        }
        rows.append(row)
    }
    return rows
}
