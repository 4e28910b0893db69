/// Finds the messages in a call's bytes, fed in pieces of any size.
///
///     byte 0       0: as it is   1: compressed with the call's encoding
///     bytes 1-4    the length, big endian
///     then         that many bytes
///
/// A message that lies whole in a piece is given as its range there; only one that is cut, or compressed, is gathered.
/// Memory is at most the bytes received of one message plus, where it is compressed, ``bytesMax``: a length alone
/// reserves nothing.
package struct GRPCMessageReader: ~Copyable {
    /// Output that a compressed message may have for each byte of it, beyond `Inflate.freeBytes`.
    package static let ratioMax = 200
    /// The buffer that is kept from message to message.
    private static let bytesKeptMax = 64 << 10
    private static let prefixBytes = 5

    package enum Step: Equatable, Sendable {
        /// All bytes are used; more are to come.
        case needInput
        /// A whole message, in the bytes that were given.
        case message(Range<Int>)
        /// A whole message, to be had by ``takeGathered()``.
        case gathered
        /// The call is to end with this; nothing is read after it.
        case failed(GRPCStatus)
    }

    private let encoding: GRPCEncoding
    private let bytesMax: Int
    /// The prefix as far as it has come.
    private var prefix: UInt64 = 0
    private var prefixCount = 0
    /// Of the message under way, whose prefix is whole.
    private var isCompressed = false
    private var messageBytes = 0
    private var gathered: [UInt8] = []

    /// A reader at the start of a call.
    ///
    /// - Parameters:
    ///   - encoding: the call's `grpc-encoding`.
    ///   - bytesMax: of one message, as it comes and decompressed.
    package init(encoding: GRPCEncoding = .identity, bytesMax: Int) {
        self.encoding = encoding
        self.bytesMax = bytesMax
    }

    /// How many bytes it holds of a message that is not whole yet.
    package var gatheredCount: Int { gathered.count }

    /// Whether the bytes so far end between two messages.
    package var isBetweenMessages: Bool { prefixCount == 0 }

    /// Reads on at `position` of `bytes`, to the end of the next message or of the bytes.
    package mutating func step(_ bytes: Span<UInt8>, at position: inout Int) -> Step {
        if prefixCount < Self.prefixBytes {
            while prefixCount < Self.prefixBytes, position < bytes.count {
                prefix = prefix << 8 | UInt64(bytes[position])
                prefixCount += 1
                position += 1
            }
            guard prefixCount == Self.prefixBytes else { return .needInput }
            if let failure = beginMessage() { return .failed(failure) }
        }
        let available = bytes.count - position
        if gathered.isEmpty, available >= messageBytes {
            let range = position..<position + messageBytes
            position = range.upperBound
            endMessage()
            return isCompressed ? decompress(bytes.extracting(range)) : .message(range)
        }
        let wanted = min(messageBytes - gathered.count, available)
        gathered.append(copying: bytes, position..<position + wanted)
        position += wanted
        guard gathered.count == messageBytes else { return .needInput }
        endMessage()
        guard isCompressed else { return .gathered }
        var compressed: [UInt8] = []
        swap(&compressed, &gathered)
        return decompress(compressed.span)
    }

    /// The message that was gathered, without a copy. Its buffer may come back by ``recycle(_:)``.
    package mutating func takeGathered() -> [UInt8] {
        var taken: [UInt8] = []
        swap(&taken, &gathered)
        return taken
    }

    /// Takes a buffer back, to gather the next message in.
    package mutating func recycle(_ buffer: consuming [UInt8]) {
        guard gathered.capacity == 0, buffer.capacity <= Self.bytesKeptMax else { return }
        buffer.removeAll(keepingCapacity: true)
        gathered = buffer
    }

    private mutating func beginMessage() -> GRPCStatus? {
        let flag = prefix >> 32
        let length = Int(prefix & 0xFFFF_FFFF)
        guard flag <= 1 else {
            return GRPCStatus(.internal, "a message begins with compressed flag \(flag), expected 0 or 1")
        }
        guard flag == 0 || encoding != .identity else {
            return GRPCStatus(.internal, "a message is marked as compressed, but the call has no grpc-encoding")
        }
        guard length <= bytesMax else {
            return GRPCStatus(.resourceExhausted, "a message has \(length) bytes, at most \(bytesMax) are taken")
        }
        isCompressed = flag == 1
        messageBytes = length
        return nil
    }

    private mutating func endMessage() {
        prefix = 0
        prefixCount = 0
    }

    private mutating func decompress(_ message: Span<UInt8>) -> Step {
        do throws(GRPCStatus) {
            gathered = try encoding.decompress(message, bytesMax: bytesMax, ratioMax: Self.ratioMax)
            return .gathered
        } catch {
            return .failed(error)
        }
    }
}
