internal import CZlib

/// The one owner of a zlib compressor: every call into C and every pointer of it is here.
///
/// Its memory is all taken when it is made; ``restart()`` keeps it, so that one serves any number of streams.
@safe package struct DeflateStream: ~Copyable {
    /// What a step does when it has used its input.
    package enum Flush: Sendable {
        /// Keeps what does not fill a block yet.
        case none
        /// Gives all out, so that the peer can read everything up to here: 4 to 6 bytes more.
        case sync
        /// Ends the stream.
        case finish
    }

    /// On the heap, because zlib keeps its address and refuses to go on when it has changed.
    private let state: UnsafeMutablePointer<z_stream>

    /// Makes a compressor at the start of a stream.
    ///
    /// - Parameters:
    ///   - wrapping: of this and all further streams.
    ///   - level: 1 (fast) to 9.
    ///   - windowBits: it looks back `2^windowBits` bytes, 9...15, and needs four times as many.
    ///   - memoryLevel: 1...9; it needs `2^(memoryLevel + 9)` bytes more.
    /// - Throws: `CompressionError` where there is no memory for it.
    package init(
        _ wrapping: DeflateWrapping, level: Int32, windowBits: Int32 = 15, memoryLevel: Int32 = 8
    ) throws(CompressionError) {
        precondition(1...9 ~= level && 9...15 ~= windowBits && 1...9 ~= memoryLevel, "not one of zlib's numbers")
        let state = UnsafeMutablePointer<z_stream>.allocate(capacity: 1)
        unsafe state.initialize(to: z_stream())
        let size = unsafe Int32(MemoryLayout<z_stream>.size)
        let code = unsafe deflateInit2_(
            state, level, Z_DEFLATED, wrapping.windowBits(windowBits), memoryLevel, Z_DEFAULT_STRATEGY, ZLIB_VERSION,
            size)
        guard code == Z_OK else {
            unsafe state.deallocate()
            throw CompressionError(offset: 0, reason: .outOfMemory)
        }
        unsafe self.state = unsafe state
    }

    deinit {
        unsafe deflateEnd(state)
        unsafe state.deinitialize(count: 1)
        unsafe state.deallocate()
    }

    /// Begins anew, whatever came of the last stream. Allocates nothing.
    package mutating func restart() {
        let code = unsafe deflateReset(state)
        precondition(code == Z_OK, "an open zlib stream can be reset")
    }

    /// Compresses from the front of `input` to the end of `output`.
    ///
    /// To be called again with the rest of the input, and room, until it is done. A `sync` needs room for 7 bytes each
    /// time: with less zlib would write its mark, 6 bytes, again and again.
    ///
    /// - Returns: the bytes of input used, and whether all of it was, with all output that `flush` asks for.
    package mutating func deflate(
        _ input: Span<UInt8>, into output: inout OutputSpan<UInt8>, flush: Flush
    ) -> (consumed: Int, isDone: Bool) {
        precondition(output.freeCapacity >= (flush == .sync ? 7 : 1), "there has to be room")
        // zlib counts in 32 bits; what is cut off must not be ended behind.
        let inputCount = UInt32(clamping: input.count)
        let mode =
            switch flush {
            case _ where Int(inputCount) < input.count: Z_NO_FLUSH
            case .none: Z_NO_FLUSH
            case .sync: Z_SYNC_FLUSH
            case .finish: Z_FINISH
            }
        let code = unsafe input.withUnsafeBufferPointer { source in
            unsafe output.withUnsafeMutableBufferPointer { buffer, initializedCount in
                let room = UInt32(clamping: buffer.count - initializedCount)
                unsafe state.pointee.next_in = UnsafeMutablePointer(mutating: source.baseAddress)
                unsafe state.pointee.avail_in = inputCount
                unsafe state.pointee.next_out = buffer.baseAddress.map { unsafe $0 + initializedCount }
                unsafe state.pointee.avail_out = room
                let code = unsafe CZlib.deflate(state, mode)
                unsafe initializedCount += Int(room - state.pointee.avail_out)
                unsafe state.pointee.next_in = nil
                unsafe state.pointee.next_out = nil
                return code
            }
        }
        // Z_BUF_ERROR: there was nothing to do, or no room to do it.
        precondition(code == Z_OK || code == Z_STREAM_END || code == Z_BUF_ERROR, "zlib's state is its own")
        let consumed = unsafe Int(inputCount - state.pointee.avail_in)
        let hasRoom = unsafe state.pointee.avail_out > 0
        let isDone = flush == .finish ? code == Z_STREAM_END : hasRoom && consumed == input.count
        return (consumed, isDone)
    }
}
