/// What stands around a deflate stream (RFC 1951), and tells whether it arrived whole.
package enum DeflateWrapping: Sendable {
    /// RFC 1952: a header of at least 10 bytes, a CRC-32 and the length.
    case gzip
    /// RFC 1950: a header of 2 bytes, an Adler-32.
    case zlib
    /// Nothing: the stream's own end is all there is.
    case none

    /// zlib's number for it with a window of `2^windowBits` bytes.
    func windowBits(_ windowBits: Int32) -> Int32 {
        switch self {
        case .gzip: windowBits + 16
        case .zlib: windowBits
        case .none: -windowBits
        }
    }
}
