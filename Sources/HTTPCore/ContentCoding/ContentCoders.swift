/// The decoders and encoders of one loop: made when a coded body comes, kept for the next, never more than so many.
///
/// A decoder takes 40 KB, an encoder 260 KB. One that is not given back, because its connection is gone, is freed, and
/// counted out by that.
package final class ContentCoders {
    private static let decodersKept = 16
    private static let encodersKept = 2
    /// An answer must get shorter by at least this: the fields that tell the coding take about 50 bytes.
    private static let savedMin = 64

    private let limits: HTTPLimits
    private let tally = CoderTally()
    private var decoders: [BodyDecoder] = []
    private var gzipEncoders: [BodyEncoder] = []
    private var deflateEncoders: [BodyEncoder] = []

    /// Makes an empty store.
    package init(limits: HTTPLimits) { self.limits = limits }

    /// A decoder at the start of a body; `nil` where as many as may be are at work.
    package func takeDecoder(_ coding: ContentCoding) -> BodyDecoder? {
        if let decoder = decoders.popLast() {
            decoder.begin(coding)
            return decoder
        }
        guard tally.decoders < limits.codedBodiesMax else { return nil }
        let made = BodyDecoder(ratioMax: limits.codedRatioMax, freeBytes: limits.codedFreeBytes, tally: tally)
        made?.begin(coding)
        return made
    }

    /// Takes a decoder back, whatever became of its body.
    package func giveBack(_ decoder: BodyDecoder) {
        if decoders.count < ContentCoders.decodersKept { decoders.append(decoder) }
    }

    /// An encoder at the start of a body that is sent piece by piece; `nil` where as many as may be are at work: then
    /// the answer is not coded.
    package func takeEncoder(_ coding: ContentCoding) -> BodyEncoder? {
        let spare = coding == .gzip ? gzipEncoders.popLast() : deflateEncoders.popLast()
        if let spare {
            spare.begin()
            return spare
        }
        guard tally.encoders < limits.codedAnswersMax else { return nil }
        return BodyEncoder(coding, tally: tally)
    }

    /// Takes an encoder back, whatever became of its body.
    package func giveBack(_ encoder: BodyEncoder) {
        if encoder.coding == .gzip {
            if gzipEncoders.count < ContentCoders.encodersKept { gzipEncoders.append(encoder) }
        } else if deflateEncoders.count < ContentCoders.encodersKept {
            deflateEncoders.append(encoder)
        }
    }

    /// Codes a whole body into an empty buffer.
    ///
    /// - Returns: false where it is better sent as it is.
    package func encode(whole body: Span<UInt8>, _ coding: ContentCoding, into output: inout OutputBuffer) -> Bool {
        guard let encoder = takeEncoder(coding) else { return false }
        let isShorter = encoder.encode(whole: body, into: &output, savedMin: ContentCoders.savedMin)
        giveBack(encoder)
        return isShorter
    }
}

/// How many coders of a loop there are, kept or at work.
final class CoderTally {
    var decoders = 0
    var encoders = 0
}
