internal import ModelIR
internal import TensorCore

/// NumPy's types, scalars and arrays, in pickle's own form and in joblib's.
extension PickleMachine {
    // MARK: Types

    /// `numpy.dtype(code, align, copy)`.
    mutating func makeDataType(_ arguments: [PickleValue]) throws(ImportError) -> PickleValue {
        let code: String?
        switch arguments.first {
        case .text(let slice), .bytes(let slice): code = slice.count <= 40 ? document.text(slice) : nil
        default: code = nil
        }
        guard let code, let dataType = NumPyDataType(code: code) else {
            throw malformed(
                arguments.first.map { document.describe($0) } ?? "no code", expected: "the code of a NumPy type")
        }
        return .node(try document.addDataType(dataType))
    }

    /// The state `(version, byteorder, subdescr, names, fields, itemsize, alignment, flags)`.
    func completed(_ dataType: NumPyDataType, state: PickleValue) throws(ImportError) -> NumPyDataType {
        var dataType = dataType
        guard let items = document.tuple(state), items.count >= 6 else {
            throw malformed(document.describe(state), expected: "the state of a NumPy type")
        }
        switch items[1] {
        case .text(let order), .bytes(let order): dataType.isBigEndian = document.equals(order, ">")
        default: break
        }
        if case .integer(let size) = items[5], size >= 0 {
            guard size <= Int64(NumPyDataType.itemBytesMax) else {
                throw malformed("an element of \(size) bytes", expected: "at most \(NumPyDataType.itemBytesMax)")
            }
            switch dataType.kind {
            case .text, .bytes, .opaque: dataType.itemBytes = Int(size)
            default:
                guard Int(size) == dataType.itemBytes else {
                    throw malformed("a \(dataType.description) of \(size) bytes", expected: "\(dataType.itemBytes)")
                }
            }
        }
        if items[2] != .none || items[3] != .none { dataType.kind = .opaque }
        dataType.fields = []
        if items[2] == .none, let names = document.sequence(items[3]), let fields = document.pairs(items[4]) {
            dataType.fields = try self.fields(names, among: fields, of: dataType)
        }
        // NPY_ITEM_HASOBJECT in numpy/ndarraytypes.h: a structure with a Python object in it.
        if items.count >= 8, case .integer(let flags) = items[7], flags & 1 == 1 { dataType.kind = .object }
        return dataType
    }

    /// The numbers of a structure: `names` in order, and a dictionary of name to (type, offset[, title]).
    private func fields(
        _ names: [PickleValue], among pairs: [PickleValue], of structure: NumPyDataType
    ) throws(ImportError) -> [NumPyDataType.Field] {
        guard names.count <= NumPyDataType.fieldsMax, pairs.count <= 4 * NumPyDataType.fieldsMax else {
            throw malformed(
                "a structure of \(names.count) fields", expected: "at most \(NumPyDataType.fieldsMax)")
        }
        var fields: [NumPyDataType.Field] = []
        for value in names {
            guard case .text(let slice) = value, Int(slice.count) <= document.limits.nameBytesMax,
                let name = document.text(slice), let field = document.lookUp(name, in: pairs),
                let parts = document.sequence(field), parts.count >= 2, let type = document.dataType(parts[0]),
                case .integer(let offset) = parts[1]
            else { throw malformed(document.describe(value), expected: "a field with its type and offset") }
            guard type.isNumber else { continue }
            guard offset >= 0, offset <= Int64(structure.itemBytes - type.itemBytes) else {
                throw malformed(
                    "the field \(name) at byte \(offset)", expected: "one within \(structure.itemBytes) bytes")
            }
            fields.append(NumPyDataType.Field(name: name, offset: Int(offset), dataType: type))
        }
        return fields
    }

    /// `numpy.core.multiarray.scalar(dtype, bytes)`: the number or text itself where it is one, else a record.
    mutating func makeScalar(
        _ arguments: [PickleValue], record: (callable: PickleHandle, arguments: PickleHandle)
    ) throws(ImportError) -> PickleValue {
        guard arguments.count >= 2, let dataType = document.dataType(arguments[0]) else {
            throw malformed("\(arguments.count) arguments", expected: "a type and the bytes of a scalar")
        }
        if dataType.kind == .object { return arguments[1] }
        let slice: PickleSlice
        switch arguments[1] {
        case .text(let given), .bytes(let given): slice = given
        default: throw malformed(document.describe(arguments[1]), expected: "the bytes of a scalar")
        }
        switch dataType.kind {
        case .text where slice.coding == .latin1 && !dataType.isBigEndian:
            return .text(PickleSlice(slice.range, .ucs4))
        case .boolean, .signed, .unsigned, .float:
            guard Int(slice.count) <= 64, let bytes = document.byteArray(slice), bytes.count == dataType.itemBytes
            else {
                throw malformed("\(slice.count) bytes", expected: "a \(dataType.description)")
            }
            return NumPyElement(dataType, bytes.span, at: 0).value
        default:
            return .node(try document.addRecord(record.callable, arguments: record.arguments))
        }
    }

    // MARK: Arrays

    /// The state `(version, shape, dtype, is column-major, data)` of `numpy.core.multiarray._reconstruct`.
    func makeArray(_ state: PickleValue) throws(ImportError) -> NumPyArray {
        guard var items = document.tuple(state), items.count == 5 || items.count == 4 else {
            throw malformed(document.describe(state), expected: "the state of an array")
        }
        if items.count == 5 { items.removeFirst() }
        guard let dataType = document.dataType(items[1]) else {
            throw malformed(document.describe(items[1]), expected: "the type of an array")
        }
        let order: NumPyArray.Order =
            switch items[2] {
            case .boolean(true), .integer(1): .fortran
            default: .c
            }
        return try array(dataType, shape: takeShape(items[0]), order: order, data: items[3])
    }

    /// `_frombuffer(bytes, dtype, shape, order[, axes])`.
    mutating func makeArrayFromBuffer(_ arguments: [PickleValue]) throws(ImportError) -> PickleValue {
        guard arguments.count >= 4, let dataType = document.dataType(arguments[1]),
            case .text(let orderText) = arguments[3]
        else { throw malformed("\(arguments.count) arguments", expected: "bytes, type, shape and order of an array") }
        var shape = try takeShape(arguments[2])
        var order = NumPyArray.Order.c
        if document.equals(orderText, "F") {
            order = .fortran
        } else if document.equals(orderText, "K"), arguments.count >= 5, let axes = document.sequence(arguments[4]) {
            var permutation: [Int] = []
            for axis in axes {
                guard case .integer(let value) = axis, value >= 0, value < Int64(shape.rank),
                    !permutation.contains(Int(value))
                else { throw malformed(document.describe(arguments[4]), expected: "a permutation of the axes") }
                permutation.append(Int(value))
            }
            guard permutation.count == shape.rank else {
                throw malformed(document.describe(arguments[4]), expected: "a permutation of the axes")
            }
            order = .permuted(permutation)
            if let permuted = Shape(permutation.map { shape.extents[$0] }) { shape = permuted }
        }
        let stored = try array(dataType, shape: shape, order: order, data: arguments[0])
        return .node(try document.addArray(stored))
    }

    private func takeShape(_ value: PickleValue) throws(ImportError) -> Shape {
        var extents: [Int] = []
        if case .integer(let extent) = value {
            extents = [Int(extent)]
        } else {
            guard let items = document.sequence(value), items.count <= document.limits.rankMax else {
                throw malformed(document.describe(value), expected: "the shape of an array")
            }
            for item in items {
                guard case .integer(let extent) = item else {
                    throw malformed(document.describe(item), expected: "the extent of an axis")
                }
                extents.append(Int(extent))
            }
        }
        guard let shape = Shape(extents) else {
            throw malformed(
                "the shape [" + extents.map { String($0) }.joined(separator: ", ") + "]",
                expected: "extents of at least zero whose product fits 63 bits")
        }
        return shape
    }

    /// Checks that the data holds as many elements as the shape tells.
    private func array(
        _ dataType: NumPyDataType, shape: Shape, order: NumPyArray.Order, data: PickleValue
    ) throws(ImportError) -> NumPyArray {
        switch data {
        case .bytes(let slice), .text(let slice):
            guard dataType.kind != .object else {
                throw malformed("bytes", expected: "the elements of an array of objects")
            }
            // Text of more than one byte a character is measured when the elements are read.
            if slice.coding == .latin1 {
                let expected = try byteCount(dataType, shape)
                guard Int(slice.count) == expected else {
                    throw malformed(
                        "\(slice.count) bytes for an array of \(dataType.description) of shape \(shape)",
                        expected: "\(expected)")
                }
            }
            return NumPyArray(dataType: dataType, shape: shape, order: order, storage: .bytes(slice))
        case .node(let handle):
            guard dataType.kind == .object, let items = document.sequence(data), items.count == shape.elementCount
            else {
                throw malformed(
                    document.describe(data), expected: "\(shape.elementCount) elements of \(dataType.description)")
            }
            return NumPyArray(dataType: dataType, shape: shape, order: order, storage: .values(handle))
        default:
            throw malformed(document.describe(data), expected: "the bytes of an array")
        }
    }

    private func byteCount(_ dataType: NumPyDataType, _ shape: Shape) throws(ImportError) -> Int {
        let (count, overflow) = shape.elementCount.multipliedReportingOverflow(by: dataType.itemBytes)
        guard !overflow, dataType.itemBytes > 0 || shape.elementCount == 0 else {
            throw malformed(
                "shape \(shape) of \(dataType.itemBytes) bytes an element", expected: "an array that fits a file")
        }
        return count
    }

    // MARK: joblib

    /// The array whose bytes follow the BUILD of a `joblib.numpy_pickle.NumpyArrayWrapper`:
    ///
    ///     object types      a whole pickle, whose result is the array
    ///     else              [u8 p, p bytes of padding, if numpy_array_alignment_bytes is set] elements
    mutating func takeJoblibArray(_ wrapper: PickleRecord) throws(ImportError) -> PickleValue {
        document.hasJoblibArrays = true
        guard let type = document.attribute("dtype", of: wrapper), let dataType = document.dataType(type),
            let shapeValue = document.attribute("shape", of: wrapper)
        else { throw malformed("an array without type or shape", expected: "joblib's description of an array") }
        let shape = try takeShape(shapeValue)
        if dataType.kind == .object { return try takeNestedArray(shape) }

        if let alignment = document.attribute("numpy_array_alignment_bytes", of: wrapper), alignment != .none {
            _ = try take(takeInteger(bytes: 1))
        }
        let slice = PickleSlice(try take(byteCount(dataType, shape)), .latin1)
        var order = NumPyArray.Order.c
        if case .text(let text)? = document.attribute("order", of: wrapper), document.equals(text, "F") {
            order = .fortran
        }
        let array = NumPyArray(dataType: dataType, shape: shape, order: order, storage: .bytes(slice))
        return .node(try document.addArray(array))
    }

    /// Runs a pickle inside the pickle: own stack, own memo, same document.
    private mutating func takeNestedArray(_ shape: Shape) throws(ImportError) -> PickleValue {
        guard nesting < document.limits.nestedStreamsMax else {
            throw limit("pickles nested deeper than \(nesting)", expected: "at most that depth")
        }
        let outer = (stack, marks, memo)
        (stack, marks, memo) = ([], [], PickleMemo())
        nesting += 1
        let result = try run()
        nesting -= 1
        (stack, marks, memo) = outer
        guard let array = document.array(result), array.shape == shape else {
            throw malformed(document.describe(result), expected: "an array of shape \(shape)")
        }
        return result
    }
}
