internal import ModelIR
internal import TensorCore

/// The elements of an array in row-major order.
struct PickleElements<Element> {
    let shape: Shape
    let values: [Element]
}

extension PickleDocument {
    /// A value that is not an array's, read; text that is not Unicode stays `other`.
    func scalar(_ value: PickleValue) -> PickleScalar {
        switch value {
        case .none: .none
        case .boolean(let value): .boolean(value)
        case .integer(let value): .integer(value)
        case .float(let value): .float(value)
        case .text(let slice): text(slice).map { .text($0) } ?? .other(value)
        case .node:
            // pandas' NA pickles as a name.
            global(value).map { equals($0.name, "NA") && equals($0.module, "pandas._libs.missing") } == true
                ? PickleScalar.none : .other(value)
        case .bigInteger, .bytes: .other(value)
        }
    }

    /// The elements of an array of numbers, booleans, text or objects. `budget` is how many elements may still be
    /// read in this import; it is counted down.
    func scalars(
        _ array: NumPyArray, place: String, budget: inout Int
    ) throws(ImportError) -> PickleElements<PickleScalar> {
        try spend(array, place: place, budget: &budget)
        var result: [PickleScalar] = []
        result.reserveCapacity(array.shape.elementCount)
        switch array.storage {
        case .values(let list):
            for value in items(list) { result.append(scalar(value)) }
            guard result.count == array.shape.elementCount else { throw lengthError(array, found: result.count, place) }
        case .bytes(let slice):
            try withBytes(of: array, slice, place: place) { data throws(ImportError) in
                for index in 0..<array.shape.elementCount {
                    result.append(try element(array.dataType, data, at: index * array.dataType.itemBytes, place))
                }
            }
        }
        return try rowMajor(result, array, place: place)
    }

    /// The elements of an array of numbers and booleans, also where they are kept as objects.
    func doubles(
        _ array: NumPyArray, place: String, budget: inout Int
    ) throws(ImportError) -> PickleElements<Double> {
        let type = array.dataType
        guard case .bytes(let slice) = array.storage, type.isNumber else {
            let elements = try scalars(array, place: place, budget: &budget)
            var values: [Double] = []
            values.reserveCapacity(elements.values.count)
            for scalar in elements.values {
                guard let number = scalar.number else {
                    throw ImportError(.malformed, at: place, found: scalar.description, expected: "a number")
                }
                values.append(number)
            }
            return PickleElements(shape: elements.shape, values: values)
        }
        try spend(array, place: place, budget: &budget)
        var values: [Double] = []
        try withBytes(of: array, slice, place: place) { data throws(ImportError) in
            NumPyElement.append(
                array.shape.elementCount, of: type, data, from: 0, stride: type.itemBytes, to: &values)
        }
        return try rowMajor(values, array, place: place)
    }

    private func spend(_ array: NumPyArray, place: String, budget: inout Int) throws(ImportError) {
        // Long text counts for more, and so does text that an array of objects names again and again.
        var cost = array.shape.elementCount
        switch array.storage {
        case .bytes(let slice): cost = max(cost, Int(slice.count) / 16)
        case .values(let list):
            for case .text(let slice) in items(list) { cost += Int(slice.count) / 16 }
        }
        guard cost <= budget else {
            throw ImportError(
                .limit, at: place, found: "an array of shape \(array.shape)",
                expected: "arrays that together are no larger than the file")
        }
        budget -= cost
    }

    /// Lends exactly the bytes that the array's shape and type ask for.
    func withBytes(
        of array: NumPyArray, _ slice: PickleSlice, place: String,
        _ body: (Span<UInt8>) throws(ImportError) -> Void
    ) throws(ImportError) {
        let (expected, overflow) = array.shape.elementCount.multipliedReportingOverflow(by: array.dataType.itemBytes)
        if slice.coding == .latin1 {
            guard !overflow, expected == Int(slice.count) else {
                throw lengthError(array, found: Int(slice.count), place)
            }
            return try body(bytes.extracting(slice.range))
        }
        // Protocols 0 to 2 write bytes as text.
        let decoded = byteArray(slice) ?? []
        guard !overflow, decoded.count == expected else { throw lengthError(array, found: decoded.count, place) }
        try body(decoded.span)
    }

    private func lengthError(_ array: NumPyArray, found: Int, _ place: String) -> ImportError {
        ImportError(
            .malformed, at: place, found: "\(found) bytes or elements",
            expected: "those of an array of \(array.dataType.description) of shape \(array.shape)")
    }

    private func element(
        _ dataType: NumPyDataType, _ data: Span<UInt8>, at offset: Int, _ place: String
    ) throws(ImportError) -> PickleScalar {
        switch dataType.kind {
        case .boolean, .signed, .unsigned, .float: return scalar(NumPyElement(dataType, data, at: offset).value)
        case .text:
            var text = ""
            // NumPy pads with zeros, so that zeros count only if something follows.
            var zeros = 0
            for index in 0..<dataType.itemBytes / 4 {
                let type = NumPyDataType.codePoint(isBigEndian: dataType.isBigEndian)
                guard case .integer(let point) = NumPyElement(type, data, at: offset + index * 4).value else { break }
                if point == 0 {
                    zeros += 1
                    continue
                }
                guard let scalar = Unicode.Scalar(UInt32(truncatingIfNeeded: point)) else {
                    throw ImportError(
                        .malformed, at: place, found: "the code point \(point)", expected: "text in Unicode")
                }
                while zeros > 0 {
                    text.unicodeScalars.append("\0")
                    zeros -= 1
                }
                text.unicodeScalars.append(scalar)
            }
            return .text(text)
        case .complex, .bytes, .object, .opaque:
            throw ImportError(
                .unsupported, at: place, found: "an array of \(dataType.description)",
                expected: "numbers, booleans or text")
        }
    }

    private func rowMajor<Element>(
        _ values: [Element], _ array: NumPyArray, place: String
    ) throws(ImportError) -> PickleElements<Element> {
        let axes: [Int]
        switch array.order {
        case .c: return PickleElements(shape: array.shape, values: values)
        case .fortran: axes = Array((0..<array.shape.rank).reversed())
        case .permuted(let permutation): axes = permutation
        }
        let rank = array.shape.rank
        guard rank > 1, !values.isEmpty else { return PickleElements(shape: array.shape, values: values) }
        // Axis k of the array is axis axes[k] of what is stored.
        var stored = [Int](repeating: 1, count: rank)
        for axis in 0..<rank { stored[axes[axis]] = array.shape.extents[axis] }
        var strides = [Int](repeating: 1, count: rank)
        for axis in (0..<rank - 1).reversed() { strides[axis] = strides[axis + 1] * stored[axis + 1] }
        var result: [Element] = []
        result.reserveCapacity(values.count)
        var counters = [Int](repeating: 0, count: rank)
        var offset = 0
        for _ in 0..<values.count {
            result.append(values[offset])
            var axis = rank - 1
            while axis >= 0 {
                counters[axis] += 1
                offset += strides[axes[axis]]
                if counters[axis] < array.shape.extents[axis] { break }
                offset -= strides[axes[axis]] * counters[axis]
                counters[axis] = 0
                axis -= 1
            }
        }
        return PickleElements(shape: array.shape, values: result)
    }
}
