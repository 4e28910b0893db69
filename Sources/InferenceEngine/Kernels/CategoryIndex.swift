internal import CKernels
internal import ModelIR
internal import TensorCore

/// Finds the categories of a column, many rows at a time: a hash table whose entries hold what tells a short text, so
/// that an exact comparison takes no look elsewhere.
///
/// Unchecked access: the initialiser makes the table, at most half full; `find` checks that the rows and the results
/// lie within the batch and the array, and C checks each text's place against the arena.
struct CategoryIndex: Sendable {
    private let places: [vencejo_category]
    /// Texts of more than 16 bytes, one after the other.
    private let texts: [UInt8]
    /// Whether the categories are texts, and not numbers.
    let isText: Bool
    /// -1 if there is none.
    let greatestCategory: Int
    /// The first category that is the missing value.
    let missingCategory: Int?

    /// Places that one category may have to look at: hashes of categories that were chosen to collide go beyond.
    private static let probesMax = 1024

    /// - Returns: nil if the texts do not fit 31-bit offsets, or too many have one hash.
    init?(_ categories: OneHotEncoder.Categories) {
        let count = categories.count
        guard count <= 1 << 26 else { return nil }
        var size = 4
        while size < count * 2 { size *= 2 }
        let empty = vencejo_category(first: 0, last: 0, length: 0, start: 0, category: -1, unused: 0)
        var places = [vencejo_category](repeating: empty, count: size)
        var texts: [UInt8] = []
        var missingCategory: Int?
        /// Of equal categories the first is kept. False if it would take too many looks.
        func insert(_ key: vencejo_category, hash: UInt64, category: Int) -> Bool {
            var place = Int(truncatingIfNeeded: hash) & (size - 1)
            for _ in 0..<Self.probesMax {
                if places[place].category < 0 {
                    places[place] = key
                    places[place].category = Int32(category)
                    return true
                }
                if places[place].isEqual(to: key, texts: texts) { return true }
                place = (place + 1) & (size - 1)
            }
            return false
        }
        var hash: UInt64 = 0
        switch categories {
        case .strings(let strings):
            isText = true
            for (index, string) in strings.enumerated() {
                guard let string else {
                    if missingCategory == nil { missingCategory = index }
                    continue
                }
                let bytes = Array(string.utf8)
                guard texts.count + bytes.count <= Int(Int32.max) else { return nil }
                var key = empty
                unsafe bytes.withUnsafeBufferPointer { bytes in
                    unsafe vencejo_text_key(bytes.baseAddress, bytes.count, &key, &hash)
                }
                key.start = UInt32(texts.count)
                if bytes.count > 16 { texts += bytes }
                guard insert(key, hash: hash, category: index) else { return nil }
            }
        case .numbers(let numbers):
            isText = false
            for (index, number) in numbers.enumerated() {
                if number.isNaN {
                    if missingCategory == nil { missingCategory = index }
                    continue
                }
                var key = empty
                unsafe vencejo_number_key(number, &key, &hash)
                guard insert(key, hash: hash, category: index) else { return nil }
            }
        }
        greatestCategory = count - 1
        self.places = places
        self.texts = texts
        self.missingCategory = missingCategory
    }

    var byteCount: Int { places.count * MemoryLayout<vencejo_category>.stride + texts.count }

    /// The table as C reads it, in memory that stays.
    @unsafe func store(in memory: inout KernelMemory, missing: Int32, unknown: Int32) -> vencejo_categories {
        unsafe vencejo_categories(
            places: memory.store(places), mask: UInt64(places.count - 1), texts: memory.store(texts),
            missing: missing, unknown: unknown)
    }

    /// The category of each row's value in a column of the record, whose kind is the categories', into
    /// `found[offset...]`.
    func find(
        column: Int, firstRow: Int, rowCount: Int, of rows: borrowing RowBatch, missing: Int32, unknown: Int32,
        into found: inout [Int32], at offset: Int
    ) {
        let layout = rows.layout
        let width = layout.width
        let words = layout.missingWordsPerRow
        let (isString, isDouble, isInteger) =
            switch layout.columns[column].kind {
            case .string: (true, false, false)
            case .float64: (false, true, false)
            case .int64: (false, false, true)
            }
        precondition(column >= 0 && firstRow >= 0 && firstRow + rowCount <= rows.rowCount, "rows of the batch")
        precondition(offset >= 0 && rowCount >= 0 && offset + rowCount <= found.count, "room for what is found")
        precondition(isString == isText && (isDouble || words > column >> 6), "a column of this kind")
        unsafe rows.slotSpan.withUnsafeBufferPointer { slots in
            unsafe rows.missingSpan.withUnsafeBufferPointer { missingWords in
                unsafe rows.arenaSpan.withUnsafeBufferPointer { arena in
                    guard let slots = slots.baseAddress else { return }
                    let bitmap = unsafe missingWords.baseAddress.map { unsafe $0 + firstRow * words + (column >> 6) }
                    var source = unsafe vencejo_column(
                        slots: slots + firstRow * width + column, stride: width,
                        missing: isDouble ? nil : bitmap, missing_stride: words,
                        missing_bit: UInt32(column & 63), is_integer: isInteger ? 1 : 0)
                    unsafe search(
                        &source, arena, rowCount: rowCount, missing: missing, unknown: unknown, into: &found, at: offset
                    )
                }
            }
        }
    }

    /// The same for numbers that stand `stride` apart in `numbers`, from `start` on.
    func find(
        numbers: [Double], start: Int, stride: Int, rowCount: Int, missing: Int32, unknown: Int32,
        into found: inout [Int32], at offset: Int
    ) {
        guard rowCount > 0 else { return }
        precondition(!isText && start >= 0 && stride >= 0 && start + (rowCount - 1) * stride < numbers.count)
        precondition(offset >= 0 && offset + rowCount <= found.count, "room for what is found")
        unsafe numbers.withUnsafeBytes { bytes in
            guard let base = bytes.baseAddress else { return }
            var source = unsafe vencejo_column(
                slots: base.assumingMemoryBound(to: UInt64.self) + start, stride: stride, missing: nil,
                missing_stride: 0, missing_bit: 0, is_integer: 0)
            unsafe search(
                &source, UnsafeBufferPointer(start: nil, count: 0), rowCount: rowCount, missing: missing,
                unknown: unknown, into: &found, at: offset)
        }
    }

    @unsafe
    private func search(
        _ column: inout vencejo_column, _ arena: UnsafeBufferPointer<UInt8>, rowCount: Int, missing: Int32,
        unknown: Int32, into found: inout [Int32], at offset: Int
    ) {
        unsafe places.withUnsafeBufferPointer { places in
            unsafe texts.withUnsafeBufferPointer { texts in
                unsafe found.withUnsafeMutableBufferPointer { found in
                    guard let found = found.baseAddress else { return }
                    var table = unsafe vencejo_categories(
                        places: places.baseAddress, mask: UInt64(places.count - 1), texts: texts.baseAddress,
                        missing: missing, unknown: unknown)
                    if isText {
                        unsafe vencejo_find_texts(
                            &table, &column, arena.baseAddress, arena.count, rowCount, found + offset)
                    } else {
                        unsafe vencejo_find_numbers(&table, &column, rowCount, found + offset)
                    }
                }
            }
        }
    }
}

extension vencejo_category {
    /// Whether it is the same text or number; both texts of more than 16 bytes stand in `texts`.
    fileprivate func isEqual(to other: vencejo_category, texts: [UInt8]) -> Bool {
        guard first == other.first, last == other.last, length == other.length else { return false }
        guard length > 16 else { return true }
        let count = Int(length)
        return texts[Int(start)..<Int(start) + count].elementsEqual(texts[Int(other.start)..<Int(other.start) + count])
    }
}
