internal import ModelIR

/// Reads FlatBuffers tables by their slots. Every offset is checked against the bytes before it is followed.
///
/// Offsets may share what they lead to, so that a small file can ask for the same elements over and over: `spend`
/// bounds what is read in all.
struct FlatBuffer: ~Escapable {
    let bytes: Span<UInt8>
    /// Bytes of elements that may still be read. A writer shares little: the combinations of statistics.
    private var budget: Int

    /// Bytes of elements that may be read, for each byte there is.
    private static let readingsMax = 4

    @_lifetime(copy bytes)
    init(_ bytes: Span<UInt8>) {
        self.bytes = bytes
        budget = Self.readingsMax * bytes.count
    }

    /// A table: where it lies.
    struct Table {
        let start: Int
    }

    func root() throws(ImportError) -> Table { Table(start: try reference(at: 0, place: "root")) }

    // MARK: Fields

    func integer(_ table: Table, _ slot: Int, default standard: Int32) throws(ImportError) -> Int32 {
        guard let place = try field(table, slot) else { return standard }
        return Int32(bitPattern: try word(at: place))
    }

    func byte(_ table: Table, _ slot: Int) throws(ImportError) -> UInt8 {
        guard let place = try field(table, slot) else { return 0 }
        guard place < bytes.count else { throw beyond(place) }
        return bytes[place]
    }

    func float(_ table: Table, _ slot: Int, default standard: Float = 0) throws(ImportError) -> Float {
        guard let place = try field(table, slot) else { return standard }
        return Float(bitPattern: try word(at: place))
    }

    func double(_ table: Table, _ slot: Int, default standard: Double) throws(ImportError) -> Double {
        guard let place = try field(table, slot) else { return standard }
        return Double(bitPattern: try long(at: place))
    }

    func table(_ table: Table, _ slot: Int) throws(ImportError) -> Table? {
        guard let place = try field(table, slot) else { return nil }
        return Table(start: try reference(at: place, place: "slot \(slot)"))
    }

    /// Where the elements of a vector lie, and how many there are.
    func vector(_ table: Table, _ slot: Int, bytesEach: Int) throws(ImportError) -> (start: Int, count: Int) {
        guard let place = try field(table, slot) else { return (0, 0) }
        let start = try reference(at: place, place: "slot \(slot)")
        let count = Int(try word(at: start))
        guard count <= (bytes.count - start - 4) / bytesEach else {
            throw ImportError(
                .truncated, at: "slot \(slot) (byte \(start))", found: "\(count) elements",
                expected: "at most \((bytes.count - start - 4) / bytesEach), which the file has room for")
        }
        return (start + 4, count)
    }

    /// A vector whose elements are about to be read.
    mutating func elements(
        _ table: Table, _ slot: Int, bytesEach: Int
    ) throws(ImportError) -> (start: Int, count: Int) {
        let (start, count) = try vector(table, slot, bytesEach: bytesEach)
        try spend(count * bytesEach, at: "slot \(slot) (byte \(start))")
        return (start, count)
    }

    mutating func tables(_ table: Table, _ slot: Int) throws(ImportError) -> [Table] {
        let (start, count) = try elements(table, slot, bytesEach: 4)
        var tables: [Table] = []
        for index in 0..<count {
            tables.append(Table(start: try reference(at: start + 4 * index, place: "slot \(slot)[\(index)]")))
        }
        return tables
    }

    mutating func integers(_ table: Table, _ slot: Int) throws(ImportError) -> [Int32] {
        let (start, count) = try elements(table, slot, bytesEach: 4)
        var values: [Int32] = []
        values.reserveCapacity(count)
        for index in 0..<count { values.append(Int32(bitPattern: try word(at: start + 4 * index))) }
        return values
    }

    mutating func floats(_ table: Table, _ slot: Int) throws(ImportError) -> [Float] {
        try integers(table, slot).map { Float(bitPattern: UInt32(bitPattern: $0)) }
    }

    mutating func doubles(_ table: Table, _ slot: Int) throws(ImportError) -> [Double] {
        let (start, count) = try elements(table, slot, bytesEach: 8)
        var values: [Double] = []
        values.reserveCapacity(count)
        for index in 0..<count { values.append(Double(bitPattern: try long(at: start + 8 * index))) }
        return values
    }

    mutating func string(_ table: Table, _ slot: Int) throws(ImportError) -> String {
        let (start, count) = try elements(table, slot, bytesEach: 1)
        var storage: [UInt8] = []
        storage.reserveCapacity(count)
        for index in start..<start + count { storage.append(bytes[index]) }
        return String(decoding: storage, as: UTF8.self)
    }

    // MARK: Bytes

    func half(at place: Int) throws(ImportError) -> UInt16 {
        guard place >= 0, place + 2 <= bytes.count else { throw beyond(place) }
        return UInt16(bytes[place]) | UInt16(bytes[place + 1]) << 8
    }

    func word(at place: Int) throws(ImportError) -> UInt32 {
        guard place >= 0, place + 4 <= bytes.count else { throw beyond(place) }
        var value: UInt32 = 0
        for index in 0..<4 { value |= UInt32(bytes[place + index]) << UInt32(8 * index) }
        return value
    }

    func long(at place: Int) throws(ImportError) -> UInt64 {
        UInt64(try word(at: place)) | UInt64(try word(at: place + 4)) << 32
    }

    /// Follows an offset forwards.
    private func reference(at place: Int, place name: String) throws(ImportError) -> Int {
        let target = place + Int(try word(at: place))
        guard target + 4 <= bytes.count else { throw beyond(target) }
        return target
    }

    /// Where a field lies; nil if the table leaves it out.
    private func field(_ table: Table, _ slot: Int) throws(ImportError) -> Int? {
        let directory = table.start - Int(Int32(bitPattern: try word(at: table.start)))
        let size = Int(try half(at: directory))
        let entry = 4 + 2 * slot
        guard entry + 2 <= size else { return nil }
        let offset = Int(try half(at: directory + entry))
        return offset == 0 ? nil : table.start + offset
    }

    private mutating func spend(_ count: Int, at place: String) throws(ImportError) {
        guard count <= budget else {
            throw ImportError(
                .limit, at: place, found: "\(count) bytes more to read",
                expected: "at most \(budget): \(bytes.count) bytes, each \(Self.readingsMax) times in all")
        }
        budget -= count
    }

    private func beyond(_ place: Int) -> ImportError {
        ImportError(
            .malformed, at: "core (byte \(place))", found: "an offset beyond the end", expected: "0..<\(bytes.count)")
    }
}
