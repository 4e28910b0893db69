internal import ModelIR

/// Pulls values out of a model document, whichever of the two encodings it is written in.
///
/// `place` says where the value stands, for errors only. Whatever an array announces, no memory is taken beyond what
/// the remaining bytes can fill.
protocol XGBoostSource: ~Escapable {
    mutating func beginObject(_ place: @autoclosure () -> String) throws(ImportError)
    /// The next key of the object; nil at its end.
    mutating func nextKey(_ place: @autoclosure () -> String) throws(ImportError) -> String?
    mutating func beginArray(_ place: @autoclosure () -> String) throws(ImportError)
    /// Whether another element is to be read; false at the array's end.
    mutating func nextElement(_ place: @autoclosure () -> String) throws(ImportError) -> Bool
    mutating func string(_ place: @autoclosure () -> String) throws(ImportError) -> String
    /// A whole array of integers of 32 bits. Truth values count as 0 and 1.
    mutating func integers(_ place: @autoclosure () -> String) throws(ImportError) -> [Int32]
    /// A whole array of integers of 64 bits.
    mutating func longIntegers(_ place: @autoclosure () -> String) throws(ImportError) -> [Int64]
    /// A whole array of numbers, each rounded to a float once.
    mutating func floats(_ place: @autoclosure () -> String) throws(ImportError) -> [Float]
    /// Passes a value of any kind.
    mutating func skip(_ place: @autoclosure () -> String) throws(ImportError)
    /// Checks that nothing follows the document.
    mutating func finish() throws(ImportError)
}
