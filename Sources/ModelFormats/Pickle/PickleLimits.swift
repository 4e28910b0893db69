/// What a pickle may cost. Every bound is far above what the library's own files need; at a bound the file is
/// refused, and the message names the bound.
struct PickleLimits: Sendable {
    /// Bytes of the file after decompression; offsets into it are kept in 32 bits.
    var fileBytesMax = 1 << 31
    /// How many times larger than the file its decompressed content may be.
    var inflationRatioMax = 200
    /// Values on the stack, and marks beside them.
    var stackDepthMax = 1 << 20
    var memoEntriesMax = 10_000_000
    /// Lists, tuples, dictionaries, records, arrays and globals of one file.
    /// Each costs some 50 bytes, and growing doubles that: this bounds an import to a few hundred megabytes.
    var nodesMax = 1 << 21
    /// Pickles inside pickles: joblib writes arrays of objects so.
    var nestedStreamsMax = 8
    /// Bytes of the module or the name of a global.
    var nameBytesMax = 256
    /// Characters of a number written as text.
    var numberBytesMax = 4300
    /// Dimensions of an array; NumPy's own bound.
    var rankMax = 64
    /// Attributes of one object; scikit-learn's have fewer than a hundred.
    var attributesMax = 1024
    /// Bytes of a text that is the value of an attribute, such as a solver's name.
    var attributeTextBytesMax = 4096

    /// Array elements that are read in one import, beside twice the file's bytes: a file may name one array many times.
    var freeElements = 1 << 16

    /// Array elements that one import of a file of that many bytes may read.
    func elementsMax(fileBytes: Int) -> Int { freeElements + 2 * fileBytes }
}
