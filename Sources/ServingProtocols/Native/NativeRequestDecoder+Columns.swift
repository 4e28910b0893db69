internal import InferenceAPI
internal import TensorCore

// The columns that a frame or a table names, and the order in which it gives them.
extension NativeRequestDecoder {
    /// Columns that the model does not have and that one body may name all the same, where the model's policy passes
    /// them over.
    static let unknownColumnsMax = 10_000

    mutating func beginColumns(_ layout: RowLayout) {
        order.removeAll(keepingCapacity: true)
        seen.begin(layout)
    }

    /// Takes the next column.
    /// - Parameters:
    ///   - column: the model's; nil for a name that it does not have.
    ///   - pointer: to the name.
    /// - Returns: false for an unknown name that the model's policy does not pass over.
    mutating func addColumn(
        _ column: Int?, in layout: RowLayout, pointer: String
    ) throws(InferenceError) -> Bool {
        guard let column else {
            guard layout.recordPolicy.unknownFields == .ignore else { return false }
            guard order.count < layout.width + Self.unknownColumnsMax else {
                throw .tooLarge(limit: "\(layout.width + Self.unknownColumnsMax) columns for this model")
            }
            order.append(-1)
            return true
        }
        guard seen.mark(column) else {
            throw .invalid(InferenceProblem(pointer: pointer, detail: "the column is named twice"))
        }
        order.append(column)
        return true
    }

    /// Refuses columns without one that the model needs, by the same rule as a record.
    func endColumns(_ layout: RowLayout, pointer: String) throws(InferenceError) {
        guard let (column, misfit) = seen.absent(in: layout) else { return }
        throw .invalid(
            InferenceProblem(
                pointer: pointer, detail: "a column is missing, and \(misfit.detail)",
                expected: "\"\(layout.columns[column].name ?? "\(column + 1)")\"", found: "no such column"))
    }
}
