/// The hash of each text, as CatBoost knows its categories: the low 32 bits of CityHash64 (version 1.0) with their
/// sign.
struct CategoryHash: Sendable {}
