internal import CZlib

/// The one owner of a zlib decompressor: every call into C and every pointer of it is here.
///
/// About 7 KB from the start and 32 KB more from the first call on; ``restart(_:)`` keeps them for the next stream.
@safe package struct InflateStream: ~Copyable {
    /// Why a step stopped.
    package typealias Status = DecompressionStatus

    /// On the heap, because zlib keeps its address and refuses to go on when it has changed.
    private let state: UnsafeMutablePointer<z_stream>
    private let wrapping: DeflateWrapping

    /// Makes a decompressor at the start of a stream.
    ///
    /// - Throws: `CompressionError` where there is no memory for it.
    package init(_ wrapping: DeflateWrapping) throws(CompressionError) {
        let state = UnsafeMutablePointer<z_stream>.allocate(capacity: 1)
        unsafe state.initialize(to: z_stream())
        let size = unsafe Int32(MemoryLayout<z_stream>.size)
        guard unsafe inflateInit2_(state, wrapping.windowBits(MAX_WBITS), ZLIB_VERSION, size) == Z_OK else {
            unsafe state.deallocate()
            throw CompressionError(offset: 0, reason: .outOfMemory)
        }
        unsafe self.state = unsafe state
        self.wrapping = wrapping
    }

    deinit {
        unsafe inflateEnd(state)
        unsafe state.deinitialize(count: 1)
        unsafe state.deallocate()
    }

    /// Begins anew, for the next stream or gzip member, whatever came of the last. Allocates nothing.
    package mutating func restart(_ wrapping: DeflateWrapping) {
        let code = unsafe inflateReset2(state, wrapping.windowBits(MAX_WBITS))
        precondition(code == Z_OK, "an open zlib stream can be reset")
    }

    /// Decompresses from the front of `input` to the end of `output`, at most `bytesMax` bytes.
    ///
    /// - Returns: the bytes of input used, and why it stopped.
    package mutating func inflate(
        _ input: Span<UInt8>, into output: inout OutputSpan<UInt8>, bytesMax: Int
    ) -> (consumed: Int, status: Status) {
        // zlib counts in 32 bits.
        let inputCount = UInt32(clamping: input.count)
        let code = unsafe input.withUnsafeBufferPointer { source in
            unsafe output.withUnsafeMutableBufferPointer { buffer, initializedCount in
                let room = UInt32(clamping: min(buffer.count - initializedCount, bytesMax))
                unsafe state.pointee.next_in = UnsafeMutablePointer(mutating: source.baseAddress)
                unsafe state.pointee.avail_in = inputCount
                unsafe state.pointee.next_out = buffer.baseAddress.map { unsafe $0 + initializedCount }
                unsafe state.pointee.avail_out = room
                let code = unsafe CZlib.inflate(state, Z_NO_FLUSH)
                unsafe initializedCount += Int(room - state.pointee.avail_out)
                unsafe state.pointee.next_in = nil
                unsafe state.pointee.next_out = nil
                return code
            }
        }
        let consumed = unsafe Int(inputCount - state.pointee.avail_in)
        let isFull = unsafe state.pointee.avail_out == 0
        switch code {
        case Z_STREAM_END: return (consumed, .ended)
        case Z_OK, Z_BUF_ERROR:
            // Without room left there may be output that is only waiting for some.
            return (consumed, isFull || consumed < input.count ? .goesOn : .starved)
        case Z_NEED_DICT: return (consumed, .failed(.needsDictionary))
        case Z_MEM_ERROR: return (consumed, .failed(.outOfMemory))
        default: return (consumed, .failed(.corrupt))
        }
    }
}

extension InflateStream: DecompressionStream {
    mutating func decompress(
        _ input: Span<UInt8>, into output: inout OutputSpan<UInt8>, bytesMax: Int
    ) -> (consumed: Int, status: DecompressionStatus) {
        inflate(input, into: &output, bytesMax: bytesMax)
    }

    mutating func restart() { restart(wrapping) }
}
