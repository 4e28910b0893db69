internal import Compression

/// Codes the bodies of answers, one after the other. From ``ContentCoders``, and given back to it.
package final class BodyEncoder {
    /// What zlib is set to: the least effort. Two thousand predictions in JSON become 47 % of their length at 15 us a
    /// KiB, a list of columns 5 % at 2; level 6 reaches 45 % and 5 % in three times as long.
    private static let level: Int32 = 1
    /// Room that is offered at once.
    private static let roomBytes = 16 << 10

    let coding: ContentCoding
    private var stream: DeflateStream
    private let tally: CoderTally

    init?(_ coding: ContentCoding, tally: CoderTally) {
        precondition(coding != .identity, "nothing is to be done for identity")
        do throws(CompressionError) {
            stream = try DeflateStream(coding == .gzip ? .gzip : .zlib, level: BodyEncoder.level)
        } catch {
            return nil
        }
        self.coding = coding
        self.tally = tally
        tally.encoders += 1
    }

    deinit { tally.encoders -= 1 }

    /// Begins with the next body.
    func begin() { stream.restart() }

    /// Codes a whole body into an empty buffer.
    ///
    /// - Returns: false where the result would not be shorter than the body by at least `savedMin` bytes; what is in
    ///   the buffer then is of no use.
    package func encode(whole body: Span<UInt8>, into output: inout OutputBuffer, savedMin: Int) -> Bool {
        guard body.count > savedMin else { return false }
        stream.restart()
        return output.append(addingCapacity: body.count - savedMin) { target in
            stream.deflate(body, into: &target, flush: .finish).isDone
        }
    }

    /// Codes the next bytes of a body, so that the peer can read all of them at once.
    package func encode(_ bytes: Span<UInt8>, into output: inout OutputBuffer) {
        if !bytes.isEmpty { run(bytes, .sync, &output) }
    }

    /// Writes what ends the body.
    package func finish(into output: inout OutputBuffer) {
        let nothing: [UInt8] = []
        run(nothing.span, .finish, &output)
    }

    private func run(_ bytes: Span<UInt8>, _ flush: DeflateStream.Flush, _ output: inout OutputBuffer) {
        var position = 0
        var isDone = false
        while !isDone {
            let rest = bytes.extracting(position..<bytes.count)
            let step = output.append(addingCapacity: BodyEncoder.roomBytes) { target in
                stream.deflate(rest, into: &target, flush: flush)
            }
            position += step.consumed
            isDone = step.isDone
        }
    }
}
