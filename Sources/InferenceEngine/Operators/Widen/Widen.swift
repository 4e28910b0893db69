/// Numbers of float32 as float64.
struct Widen: Sendable {}
