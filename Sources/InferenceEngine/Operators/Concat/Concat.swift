/// Its inputs side by side.
struct Concat: Sendable {}
