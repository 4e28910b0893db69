internal import ModelIR
internal import TensorCore

/// SciPy's sparse matrices, read as dense ones: an estimator keeps its coefficients so after `sparsify()`, its support
/// vectors if it was fitted on sparse data, and its term weights on a diagonal.
///
///     csr, csc      `indptr` [rows or columns + 1], `indices`, `data`
///     coo           `row`, `col`, or `coords` (SciPy 1.13 and later), `data`
///     dia           `data` [diagonals, columns], `offsets`
///
/// Entries that are given twice add up, as in SciPy.
extension GraphBuilder {
    mutating func sparseMatrix(_ record: PickleRecord, place: String) throws(ImportError) -> PickleElements<Double> {
        let name = document.fullName(record)
        let format = name.split(separator: ".").last.map { $0.prefix { $0 != "_" } } ?? ""
        guard name.hasPrefix("scipy.sparse"), ["csr", "csc", "coo", "dia"].contains(format) else {
            throw ImportError(.unsupported, at: place, found: name, expected: "numbers")
        }
        let shape = try sparseShape(record, place: place)
        // Zeros cost the file nothing: beyond what the file's size allows they are counted like columns.
        if shape.elementCount <= budget {
            budget -= shape.elementCount
        } else {
            try spend(shape.elementCount, path: place)
        }
        var dense = [Double](repeating: 0, count: shape.elementCount)
        switch format {
        case "coo": try scatterCoordinates(record, shape, into: &dense, place: place)
        case "dia": try scatterDiagonals(record, shape, into: &dense, place: place)
        default: try scatterRows(record, shape, isByRow: format == "csr", into: &dense, place: place)
        }
        return PickleElements(shape: shape, values: dense)
    }

    private func sparseShape(_ record: PickleRecord, place: String) throws(ImportError) -> Shape {
        guard let value = document.attribute("_shape", of: record), let extents = document.sequence(value) else {
            throw ImportError(.malformed, at: place, found: "no _shape", expected: "that of a sparse matrix")
        }
        var sizes: [Int] = []
        for extent in extents {
            guard case .integer(let size) = document.scalar(extent) else {
                throw wrongType(extent, place: place, expected: "an extent")
            }
            sizes.append(Int(size))
        }
        guard sizes.count == 2, let shape = Shape(sizes) else {
            throw wrongType(value, place: place, expected: "a shape of two extents")
        }
        return shape
    }

    private mutating func part(
        _ name: String, of record: PickleRecord, place: String
    ) throws(ImportError) -> PickleElements<Double> {
        guard let value = document.attribute(name, of: record) else {
            throw ImportError(
                .malformed, at: place, found: "no \(name)", expected: "a whole \(document.fullName(record))")
        }
        return try numbers(value, place: place + "." + name)
    }

    private mutating func scatterRows(
        _ record: PickleRecord, _ shape: Shape, isByRow: Bool, into dense: inout [Double], place: String
    ) throws(ImportError) {
        let values = try part("data", of: record, place: place).values
        let minors = try part("indices", of: record, place: place).values
        let starts = try part("indptr", of: record, place: place).values
        let majorCount = shape.extents[isByRow ? 0 : 1]
        let minorCount = shape.extents[isByRow ? 1 : 0]
        let major = isByRow ? "row" : "column"
        // The arrays may be longer than what is used of them, as SciPy allows.
        guard values.count == minors.count, starts.count == majorCount + 1, starts.first == 0,
            let last = starts.last, last <= Double(values.count)
        else {
            throw ImportError(
                .malformed, at: place,
                found: "\(values.count) values, \(minors.count) indices, \(starts.count) \(major) starts",
                expected: "a sparse matrix of shape \(shape)")
        }
        for index in 0..<majorCount {
            guard starts[index] <= starts[index + 1], starts[index] >= 0, starts[index + 1] <= last else {
                throw ImportError(
                    .malformed, at: place + ".indptr", found: "\(major)s out of order", expected: "ascending starts")
            }
            for entry in Int(starts[index])..<Int(starts[index + 1]) {
                let minor = try position(minors[entry], below: minorCount, place: "\(place).indices[\(entry)]")
                dense[isByRow ? index * minorCount + minor : minor * majorCount + index] += values[entry]
            }
        }
    }

    private mutating func scatterCoordinates(
        _ record: PickleRecord, _ shape: Shape, into dense: inout [Double], place: String
    ) throws(ImportError) {
        let values = try part("data", of: record, place: place).values
        var rows: [Double]
        var columns: [Double]
        if let value = document.attribute("coords", of: record), let pair = document.sequence(value), pair.count == 2 {
            rows = try numbers(pair[0], place: place + ".coords[0]").values
            columns = try numbers(pair[1], place: place + ".coords[1]").values
        } else {
            rows = try part("row", of: record, place: place).values
            columns = try part("col", of: record, place: place).values
        }
        guard rows.count == values.count, columns.count == values.count else {
            throw ImportError(
                .malformed, at: place, found: "\(values.count) values, \(rows.count) rows, \(columns.count) columns",
                expected: "as many of each")
        }
        for entry in values.indices {
            let row = try position(rows[entry], below: shape.extents[0], place: "\(place).row[\(entry)]")
            let column = try position(columns[entry], below: shape.extents[1], place: "\(place).col[\(entry)]")
            dense[row * shape.extents[1] + column] += values[entry]
        }
    }

    /// The value of column j on the diagonal of offset k stands in row j - k.
    private mutating func scatterDiagonals(
        _ record: PickleRecord, _ shape: Shape, into dense: inout [Double], place: String
    ) throws(ImportError) {
        let data = try part("data", of: record, place: place)
        let offsets = try part("offsets", of: record, place: place).values
        let (rows, columns) = (shape.extents[0], shape.extents[1])
        guard data.shape.rank == 2, data.shape.extents[0] == offsets.count else {
            throw ImportError(
                .malformed, at: place, found: "diagonals of shape \(data.shape) at \(offsets.count) offsets",
                expected: "one row a diagonal")
        }
        let width = data.shape.extents[1]
        for (diagonal, value) in offsets.enumerated() {
            guard let offset = Int(exactly: value), abs(offset) <= Int(Int32.max) else {
                throw ImportError(
                    .malformed, at: "\(place).offsets[\(diagonal)]", found: "\(value)", expected: "an integer")
            }
            for column in 0..<min(width, columns) {
                let row = column - offset
                if row >= 0, row < rows { dense[row * columns + column] += data.values[diagonal * width + column] }
            }
        }
    }

    private func position(_ value: Double, below count: Int, place: String) throws(ImportError) -> Int {
        guard value >= 0, value < Double(count), let position = Int(exactly: value) else {
            throw ImportError(.malformed, at: place, found: "the index \(value)", expected: "0..<\(count)")
        }
        return position
    }
}
