internal import TensorCore

/// An array of a pickle: its shape, and where its elements lie. They are read when something asks for them.
struct NumPyArray: Sendable {
    enum Order: Sendable, Hashable {
        /// Row-major.
        case c
        /// Column-major.
        case fortran
        /// Row-major of a shape whose axes are then permuted so (NumPy 2.3 and later).
        case permuted([Int])
    }

    enum Storage: Sendable {
        case bytes(PickleSlice)
        /// The items of a list, for arrays of objects.
        case values(PickleHandle)
    }

    let dataType: NumPyDataType
    /// The shape as the array's owner sees it.
    let shape: Shape
    let order: Order
    let storage: Storage
}
