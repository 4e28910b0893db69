/// What a pickle may cost. Every bound is far above what the library's own files need; at a bound the file is
/// refused, and the message names the bound.
struct PickleLimits: Sendable {
    /// Bytes of the file after decompression; offsets into it are kept in 32 bits.
    var fileBytesMax = 1 << 31
    /// How many times larger than the file its decompressed content may be.
    var inflationRatioMax = 200
    /// Decompressed content that needs no proportion to the file: the weights of hashed text are nearly all zeros.
    var freeInflatedBytes = 64 << 20
    /// Values on the stack, and marks beside them.
    var stackDepthMax = 1 << 20
    var memoEntriesMax = 10_000_000
    /// Lists, tuples, dictionaries, records, arrays and globals of one file.
    var nodesMax = 1 << 21
    /// Bytes of the file as it came, where its content was compressed; nil if the content is the file.
    var packedBytes: Int?
    /// Bytes that the values of any file may take, however small it is.
    var freeMemory = 16 << 20
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
    /// Array elements that need no proportion to the compressed file, only to its content.
    var freePackedElements = 1 << 23

    /// Array elements that one import of a file of that many bytes may read.
    func elementsMax(fileBytes: Int) -> Int {
        freeElements + min(2 * fileBytes, max(freePackedElements, 64 * (packedBytes ?? fileBytes)))
    }

    /// Bytes that the values of a file of that many bytes may take, by what `PickleDocument` charges for each: far more
    /// than those of a library's own files, most of whose bytes are arrays and text, which stay where they are.
    func memoryMax(fileBytes: Int) -> Int { freeMemory + min(32 * fileBytes, 64 * (packedBytes ?? fileBytes)) }
}
