/// The index of the first maximum of a row, as a class.
struct ArgMax: Sendable {}
