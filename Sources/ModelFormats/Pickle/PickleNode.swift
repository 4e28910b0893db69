/// A value with parts. All nodes of a file lie in one array and refer to each other by index.
struct PickleNode: Sendable {
    enum Kind: Sendable {
        case list
        case tuple
        /// `items` holds key, value, key, value, ...; the last of equal keys counts.
        case dictionary
        case set
        case global(PickleGlobal)
        /// An object that was not made: index into the records. `items` are what APPEND added.
        case record(Int32)
        /// Index into the arrays.
        case array(Int32)
        /// Index into the data types.
        case dataType(Int32)
    }

    var kind: Kind
    var items: [PickleValue]
}

/// What a pickle says of an object: its class and what would have been handed to it. Nothing of it is run.
struct PickleRecord: Sendable {
    /// The class or function, a global's node.
    let callable: PickleHandle
    /// A tuple's node.
    let arguments: PickleHandle
    /// What BUILD set; nil if it never came.
    var state: PickleValue?
    /// Key, value, ... of SETITEM(S).
    var pairs: [PickleValue] = []
}

/// A class or function that a pickle names. Where both names lie, and what the machine makes of a call of it.
struct PickleGlobal: Sendable {
    let module: PickleSlice
    let name: PickleSlice
    let role: PickleGlobalRole
}
