internal import CLZ4

/// The one owner of an lz4 frame decompressor: every call into C and every pointer of it is here. At most 8 MB, twice
/// the largest block of a frame.
@safe struct LZ4Stream: ~Copyable, DecompressionStream {
    private let state: OpaquePointer

    /// - Throws: `CompressionError` where there is no memory for it.
    init() throws(CompressionError) {
        var state: OpaquePointer?
        let code = unsafe LZ4F_createDecompressionContext(&state, UInt32(LZ4F_VERSION))
        guard LZ4F_isError(code) == 0, let state = unsafe state else {
            throw CompressionError(offset: 0, reason: .outOfMemory)
        }
        unsafe self.state = unsafe state
    }

    deinit {
        unsafe LZ4F_freeDecompressionContext(state)
    }

    mutating func restart() throws(CompressionError) {
        unsafe LZ4F_resetDecompressionContext(state)
    }

    /// Whether the bytes begin with a frame that holds no data: its magic number is 18 4D 2A 5x, little-endian.
    static func isSkippable(_ bytes: Span<UInt8>) -> Bool {
        bytes.count >= 4 && bytes[0] >> 4 == 5 && bytes[1] == 0x2A && bytes[2] == 0x4D && bytes[3] == 0x18
    }

    mutating func decompress(
        _ input: Span<UInt8>, into output: inout OutputSpan<UInt8>, bytesMax: Int
    ) -> (consumed: Int, status: DecompressionStatus) {
        var consumed = input.count
        var isFull = false
        let code = unsafe input.withUnsafeBufferPointer { source in
            unsafe output.withUnsafeMutableBufferPointer { buffer, initializedCount in
                let room = min(buffer.count - initializedCount, bytesMax)
                var written = room
                let target = unsafe buffer.baseAddress.map { unsafe $0 + initializedCount }
                let code = unsafe LZ4F_decompress(state, target, &written, source.baseAddress, &consumed, nil)
                initializedCount += written
                isFull = written == room
                return code
            }
        }
        guard LZ4F_isError(code) == 0 else { return (consumed, .failed(.corrupt)) }
        // Zero: the frame has ended, and nothing of it waits for room.
        if code == 0 { return (consumed, .ended) }
        return (consumed, isFull || consumed < input.count ? .goesOn : .starved)
    }
}
