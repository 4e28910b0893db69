internal import ModelIR
internal import TensorCore

/// A `.npy` file: an array with its description (NumPy Enhancement Proposal 1, versions 1.0 to 3.0).
///
///     93 "NUMPY"   u8 major   u8 minor   header length: u16 (version 1) or u32   header   elements
///
/// The header is a Python literal: `{'descr': '<f8', 'fortran_order': False, 'shape': (3, 4), }`; a structure's descr
/// is a list of (name, type[, shape]), padding included.
struct NumPyFile {
    let dataType: NumPyDataType
    let shape: Shape
    let order: NumPyArray.Order
    /// Where the elements lie in the bytes that were given.
    let elements: Range<Int>

    private static let magic: [UInt8] = [0x93] + Array("NUMPY".utf8)
    private static let headerBytesMax = 1 << 16

    /// - Parameters:
    ///   - bytes: a document's.
    ///   - range: the file in it.
    ///   - place: the file's name, for messages.
    init(_ bytes: Span<UInt8>, _ range: Range<Int>, place: String) throws(ImportError) {
        func malformed(_ found: String, _ expected: String) -> ImportError {
            ImportError(.malformed, at: place, found: found, expected: expected)
        }
        guard range.count >= 10, Self.magic.indices.allSatisfy({ bytes[range.lowerBound + $0] == Self.magic[$0] })
        else {
            throw malformed("something else", "a .npy file")
        }
        let version = bytes[range.lowerBound + 6]
        guard (1...3).contains(version) else {
            throw ImportError(
                .unsupported, at: place, found: "version \(version) of .npy", expected: "version 1, 2 or 3")
        }
        let lengthBytes = version == 1 ? 2 : 4
        guard range.count >= 8 + lengthBytes else { throw malformed("\(range.count) bytes", "a header") }
        var length = 0
        for index in 0..<lengthBytes { length |= Int(bytes[range.lowerBound + 8 + index]) << (8 * index) }
        let start = range.lowerBound + 8 + lengthBytes
        guard length <= Self.headerBytesMax, length <= range.upperBound - start else {
            throw malformed("a header of \(length) bytes", "one within the file")
        }

        var reader = PythonLiteralReader(bytes, start..<start + length)
        guard let header = reader.readWhole(), case .dictionary(let pairs) = header else {
            throw malformed("a header that is not a dict", "descr, fortran_order and shape")
        }
        func value(_ key: String) -> PythonLiteral? { pairs.last { $0.key == .text(key) }?.value }
        guard let descr = value("descr"), case .boolean(let isFortran)? = value("fortran_order"),
            case .sequence(let items)? = value("shape")
        else { throw malformed("a header without its parts", "descr, fortran_order and shape") }
        var extents: [Int] = []
        for item in items {
            guard case .integer(let extent) = item else { throw malformed("a shape of other than integers", "extents") }
            extents.append(extent)
        }
        guard extents.count <= PickleLimits().rankMax, let shape = Shape(extents) else {
            throw malformed("the shape \(extents)", "extents of at least zero whose product fits 63 bits")
        }
        guard let dataType = Self.dataType(descr, depth: 0) else {
            throw malformed("a type that NumPy does not have", "the description of a type")
        }
        guard dataType.kind != .object else {
            throw ImportError(.unsupported, at: place, found: "an array of Python objects", expected: "numbers or text")
        }
        let (count, overflow) = shape.elementCount.multipliedReportingOverflow(by: dataType.itemBytes)
        let elements = start + length..<range.upperBound
        guard !overflow, count == elements.count, dataType.itemBytes > 0 || shape.elementCount == 0 else {
            throw malformed(
                "\(elements.count) bytes", "those of an array of \(dataType.description) of shape \(shape)")
        }
        self.dataType = dataType
        self.shape = shape
        self.order = isFortran ? .fortran : .c
        self.elements = elements
    }

    /// Where the elements lie, as a document refers to them.
    var array: NumPyArray {
        NumPyArray(dataType: dataType, shape: shape, order: order, storage: .bytes(PickleSlice(elements, .latin1)))
    }

    private static func dataType(_ descr: PythonLiteral, depth: Int) -> NumPyDataType? {
        switch descr {
        case .text(let code): return NumPyDataType(code: code)
        case .sequence(let items):
            guard items.count <= 4 * NumPyDataType.fieldsMax, depth < 4 else { return nil }
            var fields: [NumPyDataType.Field] = []
            var offset = 0
            for item in items {
                guard case .sequence(let parts) = item, parts.count == 2 || parts.count == 3,
                    let type = dataType(parts[1], depth: depth + 1)
                else { return nil }
                var count = 1
                if parts.count == 3 {
                    guard case .sequence(let extents) = parts[2] else { return nil }
                    for extent in extents {
                        guard case .integer(let extent) = extent, extent >= 0, extent <= NumPyDataType.itemBytesMax,
                            count <= NumPyDataType.itemBytesMax
                        else { return nil }
                        count *= extent
                    }
                }
                // A name may have a title before it: (title, name).
                let name: String
                switch parts[0] {
                case .text(let text): name = text
                case .sequence(let both):
                    guard both.count == 2, case .text(let text) = both[1] else { return nil }
                    name = text
                default: return nil
                }
                if parts.count == 2, type.isNumber, !name.isEmpty {
                    fields.append(NumPyDataType.Field(name: name, offset: offset, dataType: type))
                }
                guard count <= NumPyDataType.itemBytesMax else { return nil }
                offset += type.itemBytes * count
                guard offset <= NumPyDataType.itemBytesMax else { return nil }
            }
            guard fields.count <= NumPyDataType.fieldsMax, var structure = NumPyDataType(code: "V1") else { return nil }
            structure.itemBytes = offset
            structure.fields = fields
            return structure
        default: return nil
        }
    }
}
