/// What a pickle may cost. Every bound is far above what the library's own files need; at a bound the file is refused, and
/// the message names the bound.
struct PickleLimits: Sendable {
    /// Bytes of the file after decompression; offsets into it are kept in 32 bits.
    var fileBytesMax = 1 << 31
    /// How many times larger than the file its decompressed content may be.
    var inflationRatioMax = 200
    /// Values on the stack, and marks beside them.
    var stackDepthMax = 1 << 20
    var memoEntriesMax = 10_000_000
    /// Lists, tuples, dictionaries, records, arrays and globals of one file.
    var nodesMax = 1 << 23
    /// Pickles inside pickles: joblib writes arrays of objects so.
    var nestedStreamsMax = 8
    /// Bytes of the module or the name of a global.
    var nameBytesMax = 512
    /// Characters of a number written as text.
    var numberBytesMax = 4300
    /// Dimensions of an array; NumPy's own bound.
    var rankMax = 64
    /// Array elements that are read in one import, over all arrays; a file may name one array many times.
    var elementsMax = 1 << 26
}
