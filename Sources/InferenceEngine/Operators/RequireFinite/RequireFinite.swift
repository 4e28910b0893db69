/// Numbers as they are; a row with NaN or an infinity has no prediction. It stands where a library checks its input
/// before it hands it on.
struct RequireFinite: Sendable {}
