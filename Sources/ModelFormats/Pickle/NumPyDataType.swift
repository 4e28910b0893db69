/// The type of an array's elements, as NumPy's `dtype` pickles it.
struct NumPyDataType: Sendable, Hashable {
    enum Kind: Sendable, Hashable {
        case boolean, signed, unsigned, float, complex
        /// Text of 4-byte code points.
        case text
        case bytes
        /// Python objects: the elements are values of the pickle.
        case object
        /// A structure, raw bytes, dates: counted and skipped.
        case opaque
    }

    /// One number within each element of a structured array.
    struct Field: Sendable, Hashable {
        let name: String
        /// Where it lies in the element, in bytes.
        let offset: Int
        /// A number's or a boolean's.
        let dataType: NumPyDataType
    }

    var kind: Kind
    /// Bytes of one element.
    var itemBytes: Int
    var isBigEndian = false
    /// The numbers of a structure, as the file lays them out; fields of other types are left out.
    var fields: [Field] = []

    /// Fields that a structure may have; those of the libraries have at most 14.
    static let fieldsMax = 64

    /// Bytes that one element may have; an absurd width is refused before it is multiplied.
    static let itemBytesMax = 1 << 28
    /// What an opaque type is called.
    private var opaqueName = "a structured type"

    /// Nil if NumPy has no such type.
    ///
    /// - Parameter code: such as `f8`, `<i4`, `U12` or `O`.
    init?(code: String) {
        var rest = code.utf8[...]
        if let first = rest.first,
            [UInt8(ascii: "<"), UInt8(ascii: ">"), UInt8(ascii: "|"), UInt8(ascii: "=")].contains(first)
        {
            isBigEndian = first == UInt8(ascii: ">")
            rest = rest.dropFirst()
        }
        guard let letter = rest.first else { return nil }
        var count = 0
        var digits = 0
        for byte in rest.dropFirst() {
            guard byte >= 0x30, byte <= 0x39 else {
                // "M8[ns]": the unit follows; dates are not read.
                if byte == UInt8(ascii: "["), digits > 0 { break }
                return nil
            }
            count = count * 10 + Int(byte - 0x30)
            digits += 1
            guard count <= Self.itemBytesMax / 4 else { return nil }
        }
        itemBytes = count
        switch (letter, count) {
        case (UInt8(ascii: "b"), 1), (UInt8(ascii: "?"), 0):
            kind = .boolean
            itemBytes = 1
        case (UInt8(ascii: "i"), 1), (UInt8(ascii: "i"), 2), (UInt8(ascii: "i"), 4), (UInt8(ascii: "i"), 8):
            kind = .signed
        case (UInt8(ascii: "u"), 1), (UInt8(ascii: "u"), 2), (UInt8(ascii: "u"), 4), (UInt8(ascii: "u"), 8):
            kind = .unsigned
        case (UInt8(ascii: "f"), 2), (UInt8(ascii: "f"), 4), (UInt8(ascii: "f"), 8): kind = .float
        case (UInt8(ascii: "f"), 12), (UInt8(ascii: "f"), 16):
            // The processor's own format of 80 bits, or 128 on others: no two platforms agree.
            kind = .opaque
            opaqueName = "longdouble"
        case (UInt8(ascii: "c"), _): kind = .complex
        case (UInt8(ascii: "U"), _):
            kind = .text
            itemBytes = count * 4
        case (UInt8(ascii: "S"), _), (UInt8(ascii: "a"), _): kind = .bytes
        case (UInt8(ascii: "O"), _):
            kind = .object
            itemBytes = 8
        case (UInt8(ascii: "V"), _): kind = .opaque
        case (UInt8(ascii: "M"), _), (UInt8(ascii: "m"), _):
            kind = .opaque
            opaqueName = letter == UInt8(ascii: "M") ? "datetime64" : "timedelta64"
        default: return nil
        }
    }

    private init(kind: Kind, itemBytes: Int, isBigEndian: Bool) {
        self.kind = kind
        self.itemBytes = itemBytes
        self.isBigEndian = isBigEndian
    }

    /// One code point of a text.
    static func codePoint(isBigEndian: Bool) -> NumPyDataType {
        NumPyDataType(kind: .unsigned, itemBytes: 4, isBigEndian: isBigEndian)
    }

    /// Whether an element is a number or a boolean, which `NumPyElement` reads.
    var isNumber: Bool {
        switch kind {
        case .boolean, .signed, .unsigned, .float: true
        case .complex, .text, .bytes, .object, .opaque: false
        }
    }

    /// For messages, such as `float64`.
    var description: String {
        switch kind {
        case .boolean: "bool"
        case .signed: "int\(itemBytes * 8)"
        case .unsigned: "uint\(itemBytes * 8)"
        case .float: "float\(itemBytes * 8)"
        case .complex: "complex"
        case .text: "str"
        case .bytes: "bytes"
        case .object: "object"
        case .opaque: opaqueName
        }
    }
}
