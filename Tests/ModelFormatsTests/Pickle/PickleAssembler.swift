/// Writes pickles by hand, opcode by opcode.
struct PickleAssembler {
    var bytes: [UInt8] = [0x80, 4]

    init() {}

    mutating func op(_ codes: UInt8...) { bytes += codes }

    mutating func text(_ text: String) {
        bytes += [0x58] + Self.little(text.utf8.count, bytes: 4) + Array(text.utf8)
    }

    mutating func global(_ module: String, _ name: String) {
        bytes += Array("c\(module)\n\(name)\n".utf8)
    }

    mutating func integer(_ value: Int) { bytes += [0x4a] + Self.little(value, bytes: 4) }

    mutating func raw(_ data: [UInt8]) { bytes += [0x42] + Self.little(data.count, bytes: 4) + data }

    static func little(_ value: Int, bytes count: Int) -> [UInt8] {
        (0..<count).map { UInt8(truncatingIfNeeded: value >> ($0 * 8)) }
    }

    /// `numpy.dtype(code)` with its state, on the stack.
    mutating func dataType(_ code: String, order: String = "<", size: Int = -1, flags: Int = 0) {
        global("numpy", "dtype")
        text(code)
        op(0x89, 0x88, 0x87, 0x52)  // False, True, TUPLE3, REDUCE
        op(0x28)
        integer(3)
        text(order)
        op(0x4e, 0x4e, 0x4e)
        integer(size)
        integer(-1)
        integer(flags)
        op(0x74, 0x62)  // TUPLE, BUILD
    }

    /// `numpy.dtype` of a structure with its state, on the stack.
    mutating func structure(_ fields: [(name: String, code: String, offset: Int)], itemBytes: Int) {
        global("numpy", "dtype")
        text("V\(itemBytes)")
        op(0x89, 0x88, 0x87, 0x52, 0x28)
        integer(3)
        text("|")
        op(0x4e, 0x28)
        for field in fields { text(field.name) }
        op(0x74, 0x7d, 0x28)
        for field in fields {
            text(field.name)
            op(0x28)
            dataType(field.code)
            integer(field.offset)
            op(0x74)
        }
        op(0x75)
        integer(itemBytes)
        integer(1)
        integer(16)
        op(0x74, 0x62)  // TUPLE, BUILD
    }

    /// An array by `_reconstruct` and BUILD, on the stack.
    mutating func array(_ code: String, shape: [Int], isFortran: Bool = false, data: [UInt8]) {
        global("numpy.core.multiarray", "_reconstruct")
        global("numpy", "ndarray")
        op(0x4b, 0, 0x85)
        raw([0x62])
        op(0x87, 0x52)
        op(0x28, 0x4b, 1, 0x28)
        for extent in shape { integer(extent) }
        op(0x74)
        dataType(code)
        op(isFortran ? 0x88 : 0x89)
        raw(data)
        op(0x74, 0x62)
    }

    /// The program with STOP.
    var finished: [UInt8] { bytes + [0x2e] }
}
