/// One number of a typed tensor, whatever wire it came by.
enum TensorElement {
    /// NaN is a missing value.
    case float(Double)
    case integer(Int64)
    /// Above what an `Int64` holds.
    case unsigned(UInt64)
    case bool(Bool)
    case missing
}
