internal import ModelIR
internal import TensorCore

/// Arrays of structures, such as the nodes of scikit-learn's trees. The layout is the file's own: it differs between
/// versions and between platforms.
extension PickleDocument {
    /// Whether the array has a field of numbers of this name.
    func hasField(_ name: String, in array: NumPyArray) -> Bool {
        array.dataType.fields.contains { $0.name == name }
    }

    /// One field of all elements of an array of structures. 64-bit integers beyond 2^53 are rounded. `budget` is how
    /// many elements may still be read in this import; it is counted down.
    func field(
        _ name: String, of array: NumPyArray, place: String, budget: inout Int
    ) throws(ImportError) -> [Double] {
        guard array.shape.rank == 1, case .bytes(let slice) = array.storage, !array.dataType.fields.isEmpty else {
            throw ImportError(
                .malformed, at: place, found: "an array of \(array.dataType.description) of shape \(array.shape)",
                expected: "a list of structures")
        }
        guard let field = array.dataType.fields.first(where: { $0.name == name }) else {
            throw ImportError(
                .malformed, at: place,
                found: "the fields " + array.dataType.fields.map(\.name).joined(separator: ", "),
                expected: "a field \(name)")
        }
        let count = array.shape.elementCount
        guard count <= budget else {
            throw ImportError(
                .limit, at: place, found: "an array of shape \(array.shape)",
                expected: "arrays that together are no larger than the file")
        }
        budget -= count
        var values: [Double] = []
        try withBytes(of: array, slice, place: place) { data throws(ImportError) in
            NumPyElement.append(
                count, of: field.dataType, data, from: field.offset, stride: array.dataType.itemBytes, to: &values)
        }
        return values
    }
}
