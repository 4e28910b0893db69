internal import CLZMA

/// The one owner of an lzma decompressor: every call into C and every pointer of it is here.
@safe package struct LZMAStream: ~Copyable, DecompressionStream {
    /// What stands around the compressed data.
    enum Container {
        case xz
        /// The old `.lzma` file: 13 bytes of header, no checksum.
        case alone
    }

    /// Bytes that a decoder may allocate: twice what the highest of xz's own presets needs.
    package static let memoryBytesMax = 130 << 20

    private let state: UnsafeMutablePointer<lzma_stream>
    private let container: Container

    /// - Throws: `CompressionError` where there is no memory for it.
    init(_ container: Container) throws(CompressionError) {
        let state = UnsafeMutablePointer<lzma_stream>.allocate(capacity: 1)
        unsafe state.initialize(to: lzma_stream())
        unsafe self.state = unsafe state
        self.container = container
        try restart()
    }

    deinit {
        unsafe lzma_end(state)
        unsafe state.deinitialize(count: 1)
        unsafe state.deallocate()
    }

    /// Takes an opened state again and keeps what memory it can.
    mutating func restart() throws(CompressionError) {
        let memory = UInt64(Self.memoryBytesMax)
        let code =
            switch container {
            case .xz: unsafe lzma_stream_decoder(state, memory, 0)
            case .alone: unsafe lzma_alone_decoder(state, memory)
            }
        guard code == LZMA_OK else { throw CompressionError(offset: 0, reason: .outOfMemory) }
    }

    mutating func decompress(
        _ input: Span<UInt8>, into output: inout OutputSpan<UInt8>, bytesMax: Int
    ) -> (consumed: Int, status: DecompressionStatus) {
        let code = unsafe input.withUnsafeBufferPointer { source in
            unsafe output.withUnsafeMutableBufferPointer { buffer, initializedCount in
                let room = min(buffer.count - initializedCount, bytesMax)
                unsafe state.pointee.next_in = source.baseAddress
                unsafe state.pointee.avail_in = input.count
                unsafe state.pointee.next_out = buffer.baseAddress.map { unsafe $0 + initializedCount }
                unsafe state.pointee.avail_out = room
                let code = unsafe lzma_code(state, LZMA_RUN)
                unsafe initializedCount += room - state.pointee.avail_out
                unsafe state.pointee.next_in = nil
                unsafe state.pointee.next_out = nil
                return code
            }
        }
        let consumed = unsafe input.count - state.pointee.avail_in
        let isFull = unsafe state.pointee.avail_out == 0
        switch code {
        case LZMA_STREAM_END: return (consumed, .ended)
        case LZMA_OK, LZMA_BUF_ERROR: return (consumed, isFull || consumed < input.count ? .goesOn : .starved)
        case LZMA_MEMLIMIT_ERROR: return (consumed, .failed(.windowTooLarge(bytesMax: Self.memoryBytesMax)))
        case LZMA_MEM_ERROR: return (consumed, .failed(.outOfMemory))
        default: return (consumed, .failed(.corrupt))
        }
    }
}
