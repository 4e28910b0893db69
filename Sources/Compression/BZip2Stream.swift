internal import CBZip2

/// The one owner of a bzip2 decompressor: every call into C and every pointer of it is here. About 4 MB.
@safe struct BZip2Stream: ~Copyable, DecompressionStream {
    /// On the heap, because bzip2 keeps its address and refuses to go on when it has changed.
    private let state: UnsafeMutablePointer<bz_stream>

    /// - Throws: `CompressionError` where there is no memory for it.
    init() throws(CompressionError) {
        let state = UnsafeMutablePointer<bz_stream>.allocate(capacity: 1)
        unsafe state.initialize(to: bz_stream())
        guard unsafe BZ2_bzDecompressInit(state, 0, 0) == BZ_OK else {
            unsafe state.deallocate()
            throw CompressionError(offset: 0, reason: .outOfMemory)
        }
        unsafe self.state = unsafe state
    }

    deinit {
        unsafe BZ2_bzDecompressEnd(state)
        unsafe state.deinitialize(count: 1)
        unsafe state.deallocate()
    }

    mutating func restart() throws(CompressionError) {
        // The library has no reset. An ended state that fails to begin anew is safe to end once more.
        unsafe BZ2_bzDecompressEnd(state)
        unsafe state.pointee = unsafe bz_stream()
        guard unsafe BZ2_bzDecompressInit(state, 0, 0) == BZ_OK else {
            throw CompressionError(offset: 0, reason: .outOfMemory)
        }
    }

    mutating func decompress(
        _ input: Span<UInt8>, into output: inout OutputSpan<UInt8>, bytesMax: Int
    ) -> (consumed: Int, status: DecompressionStatus) {
        // bzip2 counts in 32 bits.
        let inputCount = UInt32(clamping: input.count)
        let code = unsafe input.withUnsafeBufferPointer { source in
            unsafe output.withUnsafeMutableBufferPointer { buffer, initializedCount in
                let room = UInt32(clamping: min(buffer.count - initializedCount, bytesMax))
                unsafe state.pointee.next_in = UnsafeMutableRawPointer(mutating: source.baseAddress)?
                    .assumingMemoryBound(to: CChar.self)
                unsafe state.pointee.avail_in = inputCount
                unsafe state.pointee.next_out = buffer.baseAddress.map {
                    unsafe UnsafeMutableRawPointer($0 + initializedCount).assumingMemoryBound(to: CChar.self)
                }
                unsafe state.pointee.avail_out = room
                let code = unsafe BZ2_bzDecompress(state)
                unsafe initializedCount += Int(room - state.pointee.avail_out)
                unsafe state.pointee.next_in = nil
                unsafe state.pointee.next_out = nil
                return code
            }
        }
        let consumed = unsafe Int(inputCount - state.pointee.avail_in)
        let isFull = unsafe state.pointee.avail_out == 0
        switch code {
        case BZ_STREAM_END: return (consumed, .ended)
        case BZ_OK: return (consumed, isFull || consumed < input.count ? .goesOn : .starved)
        case BZ_MEM_ERROR: return (consumed, .failed(.outOfMemory))
        default: return (consumed, .failed(.corrupt))
        }
    }
}
