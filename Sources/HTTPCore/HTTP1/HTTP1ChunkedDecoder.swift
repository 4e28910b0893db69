/// Takes a chunked body apart (RFC 9112 7.1), byte by byte but for the data itself, and keeps none of it.
///
///     1*16HEX [";" extension] CRLF  data CRLF  ...  "0" [";" extension] CRLF  *( trailer CRLF )  CRLF
///
/// Extensions and trailers are checked, counted and thrown away: a trailer never becomes a field, so it cannot change
/// the framing or the credentials of a request.
struct HTTP1ChunkedDecoder {
    /// What the bytes came to.
    enum Outcome {
        case needInput
        /// Bytes of the body, at that place in the input.
        case data(Range<Int>)
        case end
        case failed(RequestFailure)
    }

    private enum State {
        case size, sizeDigits, extensions, sizeLineFeed
        case data, dataCarriageReturn, dataLineFeed
        case trailerStart, trailerName, trailerValue, trailerLineFeed, lastLineFeed
        case done
    }

    private var state = State.size
    private var size = 0
    /// Bytes of the chunk's data still to come.
    var chunkRest: Int { size }
    private var digits = 0
    private var extensionBytes = 0
    private var trailerBytes = 0
    private var trailerCount = 0

    /// Makes a decoder at the start of a body.
    init() {}

    /// Goes on at `input[position...]` and moves `position` behind what it has used.
    ///
    /// At most `dataMax` bytes of data, at least 1, are given at once.
    mutating func next(
        _ input: Span<UInt8>, at position: inout Int, dataMax: Int, limits: HTTPLimits
    ) -> Outcome {
        while position < input.count {
            if state == .data {
                let count = min(size, input.count - position, max(1, dataMax))
                let range = position..<position + count
                position += count
                size -= count
                if size == 0 { state = .dataCarriageReturn }
                return .data(range)
            }
            let byte = input[position]
            position += 1
            if let failure = take(byte, limits) { return .failed(failure) }
            if state == .done { return .end }
        }
        return .needInput
    }

    private mutating func take(_ byte: UInt8, _ limits: HTTPLimits) -> RequestFailure? {
        switch state {
        case .size, .sizeDigits: return takeSize(byte)
        case .extensions:
            if byte == 0x0D {
                state = .sizeLineFeed
                return nil
            }
            guard byte >= 0x20 || byte == 0x09, byte != 0x7F else { return .malformedChunk }
            extensionBytes += 1
            return extensionBytes > limits.chunkExtensionBytesMax ? .chunkExtensionsTooLong : nil
        case .sizeLineFeed:
            state = size == 0 ? .trailerStart : .data
            return byte == 0x0A ? nil : .malformedChunk
        case .dataCarriageReturn:
            state = .dataLineFeed
            return byte == 0x0D ? nil : .malformedChunk
        case .dataLineFeed:
            state = .size
            digits = 0
            return byte == 0x0A ? nil : .malformedChunk
        case .trailerStart, .trailerName, .trailerValue, .trailerLineFeed, .lastLineFeed:
            return takeTrailer(byte, limits)
        case .data, .done: return nil
        }
    }

    private mutating func takeSize(_ byte: UInt8) -> RequestFailure? {
        let digit: Int
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): digit = Int(byte) - 0x30
        case UInt8(ascii: "a")...UInt8(ascii: "f"): digit = Int(byte) - 0x57
        case UInt8(ascii: "A")...UInt8(ascii: "F"): digit = Int(byte) - 0x37
        case 0x0D where state == .sizeDigits:
            state = .sizeLineFeed
            return nil
        case UInt8(ascii: ";") where state == .sizeDigits:
            state = .extensions
            return nil
        default: return .malformedChunk
        }
        if state == .size { size = 0 }
        state = .sizeDigits
        digits += 1
        // 16 digits hold 64 bits; a size must stay below 2^59 so that the next digit cannot overflow.
        guard digits <= 16, size >> 59 == 0 else { return .malformedChunk }
        size = size << 4 | digit
        return nil
    }

    private mutating func takeTrailer(_ byte: UInt8, _ limits: HTTPLimits) -> RequestFailure? {
        trailerBytes += 1
        if trailerBytes > limits.headBytesMax { return .trailersTooLarge }
        switch state {
        case .trailerStart:
            if byte == 0x0D {
                state = .lastLineFeed
                return nil
            }
            trailerCount += 1
            if trailerCount > limits.fieldsMax { return .trailersTooLarge }
            state = .trailerName
            return TokenBytes.contains(byte) ? nil : .malformedTrailer
        case .trailerName:
            if byte == UInt8(ascii: ":") {
                state = .trailerValue
                return nil
            }
            return TokenBytes.contains(byte) ? nil : .malformedTrailer
        case .trailerValue:
            if byte == 0x0D {
                state = .trailerLineFeed
                return nil
            }
            return (byte >= 0x20 || byte == 0x09) && byte != 0x7F ? nil : .malformedTrailer
        case .trailerLineFeed:
            state = .trailerStart
            return byte == 0x0A ? nil : .malformedTrailer
        default:
            state = .done
            return byte == 0x0A ? nil : .malformedTrailer
        }
    }
}
