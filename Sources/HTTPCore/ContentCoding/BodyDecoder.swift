internal import Compression

/// Decodes the body of one request as it comes, into a buffer of the caller's, no further than there is room.
///
/// What is not decoded yet stays with the caller as coded bytes (but for the few that zlib holds), so memory is bounded
/// by the room that is given, however much a body would grow. From ``ContentCoders``, and given back to it.
///
/// `deflate` is the zlib format (RFC 9110 8.4.1.2); some senders leave zlib's wrapping away. The first byte tells: its
/// low half is 8 in every zlib header, and never in what a compressor begins a bare stream with (a stored block of
/// which the padding is not zero). Bare streams have no checksum.
package final class BodyDecoder {
    /// Why it stopped.
    package enum Progress: Equatable, Sendable {
        /// All input is used, and decoded.
        case needsInput
        /// All room is used. There may be more; there may be input left.
        case full
        case failed(ContentCodingFailure)
    }

    private enum Phase {
        /// At the start of a stream or of a gzip member.
        case start
        case inside
        /// Behind a stream that was whole.
        case ended
    }

    /// The proportion of input and output is looked at whenever one of them has reached a multiple of this, so that it
    /// does not depend on the pieces in which a body comes.
    private static let stride = 64 << 10
    /// Coded bytes that may come before anything is decoded: a gzip header can hold 64 KiB, a name and a comment.
    static let paddingMax = 128 << 10
    /// The least room that is offered to zlib where the buffer has to grow.
    private static let growthMin = 4 << 10

    private var stream: InflateStream
    private let ratioMax: Int
    private let freeBytes: Int
    private let tally: CoderTally
    private var coding = ContentCoding.gzip
    private var phase = Phase.start
    /// Bytes of the body that were used and made.
    private var consumed = 0
    private var produced = 0

    /// - Parameters:
    ///   - ratioMax: a body may grow to so many times its length,
    ///   - freeBytes: or up to this, whatever its length.
    init?(ratioMax: Int, freeBytes: Int, tally: CoderTally) {
        do throws(CompressionError) {
            stream = try InflateStream(.gzip)
        } catch {
            return nil
        }
        self.ratioMax = max(1, ratioMax)
        self.freeBytes = freeBytes
        self.tally = tally
        tally.decoders += 1
    }

    deinit { tally.decoders -= 1 }

    /// Begins with the next body.
    func begin(_ coding: ContentCoding) {
        precondition(coding != .identity, "what is not coded is not decoded")
        self.coding = coding
        phase = .start
        consumed = 0
        produced = 0
    }

    /// Goes on at `input[position...]`, moves `position` behind what it has used, and appends at most `roomMax` bytes,
    /// at least 1, to `buffer`.
    ///
    /// - Complexity: O(bytes used and made). The buffer grows by doubling.
    package func decode(
        _ input: Span<UInt8>, at position: inout Int, into buffer: inout [UInt8], roomMax: Int
    ) -> Progress {
        precondition(roomMax > 0, "there has to be room")
        var room = roomMax
        while true {
            switch phase {
            case .inside:
                guard room > 0 else { return .full }
                if let progress = step(input, &position, &buffer, &room) { return progress }
            case .start:
                guard position < input.count else { return .needsInput }
                stream.restart(wrapping(input[position]))
                phase = .inside
            case .ended:
                guard position < input.count else { return .needsInput }
                // RFC 1952 2.2: a gzip file is one member or more.
                guard coding == .gzip, input[position] == 0x1F else { return .failed(.trailingBytes) }
                phase = .start
            }
        }
    }

    /// The body has ended: what is wrong with that.
    package func finish() -> ContentCodingFailure? {
        if consumed == 0 { return .empty }
        return phase == .ended ? nil : .truncated
    }

    private func wrapping(_ first: UInt8) -> DeflateWrapping {
        if coding == .gzip { return .gzip }
        return first & 0x0F == 8 ? .zlib : .none
    }

    /// One call of zlib.
    private func step(
        _ input: Span<UInt8>, _ position: inout Int, _ buffer: inout [UInt8], _ room: inout Int
    ) -> Progress? {
        if buffer.capacity == buffer.count {
            buffer.reserveCapacity(buffer.count + max(buffer.count, BodyDecoder.growthMin))
        }
        let untilCheck = BodyDecoder.stride - produced % BodyDecoder.stride
        let wanted = min(room, buffer.capacity - buffer.count, untilCheck)
        let inputMax = BodyDecoder.stride - consumed % BodyDecoder.stride
        let part = input.extracting(position..<position + min(input.count - position, inputMax))
        let before = buffer.count
        var used = 0
        var status = InflateStream.Status.goesOn
        buffer.append(addingCapacity: wanted) { target in
            (used, status) = stream.inflate(part, into: &target, bytesMax: wanted)
        }
        let made = buffer.count - before
        position += used
        consumed += used
        produced += made
        room -= made
        switch status {
        case .ended: phase = .ended
        case .failed(.outOfMemory): return .failed(.tooMany)
        case .failed: return .failed(.corrupt)
        case .goesOn, .starved: break
        }
        if made > 0, made == untilCheck, produced > freeBytes, produced / ratioMax > consumed {
            return .failed(.ratioTooLarge)
        }
        if used == inputMax, consumed > BodyDecoder.paddingMax, (consumed - BodyDecoder.paddingMax) / 2 > produced {
            return .failed(.padded)
        }
        return status == .starved && position == input.count ? .needsInput : nil
    }
}
