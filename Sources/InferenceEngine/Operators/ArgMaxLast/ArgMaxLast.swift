/// The index of the last maximum of a row, as a class.
struct ArgMaxLast: Sendable {}
