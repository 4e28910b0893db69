// modules: Compression HTTPCore
internal import HTTPCore

/// Feeds any bytes to what reads content codings. The first byte chooses: field values, or a coded body, whole and in
/// pieces with little room. It must not trap, must make no more than it was given room for, and must decode to the same
/// bytes, or refuse for the same reason, however the body is cut.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzContentCoding(_ start: UnsafePointer<UInt8>, _ count: Int) -> CInt {
    let bytes = unsafe Array(UnsafeBufferPointer(start: start, count: count))
    guard let first = bytes.first else { return 0 }
    let rest = Array(bytes.dropFirst())
    switch first & 3 {
    case 0: fuzzFields(rest)
    case 1: fuzzBody(rest, .gzip, seed: first)
    case 2: fuzzBody(rest, .deflate, seed: first)
    // Such wrapping passes more than half of all inputs on to the body of a stream.
    default: fuzzBody([0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 3] + rest, .gzip, seed: first)
    }
    return 0
}

private func fuzzFields(_ value: [UInt8]) {
    // A line end is the end of the field.
    guard !value.contains(0x0D), !value.contains(0x0A) else { return }
    let text = String(decoding: value, as: UTF8.self)
    let fields = [(name: "Accept-Encoding", value: text), (name: "Content-Encoding", value: text)]
    guard let head = try? RequestHead(method: "GET", target: "/", fields: fields) else { return }
    let answer = head.answerCoding
    // The same field in two lines is the same list.
    if let comma = value.firstIndex(of: UInt8(ascii: ",")) {
        let lines = [value[..<comma], value[(comma + 1)...]].map { String(decoding: $0, as: UTF8.self) }
        let split = try? RequestHead(method: "GET", target: "/", fields: lines.map { ("Accept-Encoding", $0) })
        if let split { precondition(split.answerCoding == answer, "cut into lines, it was read differently") }
        let coded = try? RequestHead(method: "GET", target: "/", fields: lines.map { ("Content-Encoding", $0) })
        if let coded { precondition(coded.contentCoding == head.contentCoding, "likewise") }
    }
    if answer != .identity { precondition(!text.utf8.isEmpty, "nothing was asked for") }
}

/// What became of a body.
private struct Result: Equatable {
    var plain: [UInt8] = []
    var failure: ContentCodingFailure?
}

private func makeCoders() -> ContentCoders {
    var limits = HTTPLimits()
    // Within the reach of a short input.
    limits.codedFreeBytes = 64 << 10
    limits.codedRatioMax = 500
    return ContentCoders(limits: limits)
}

private func fuzzBody(_ body: [UInt8], _ coding: ContentCoding, seed: UInt8) {
    let coders = makeCoders()
    let whole = decode(body, coding, coders, pieces: nil, room: 1 << 20)
    let pieces = decode(body, coding, coders, pieces: seed, room: 1 << 20)
    let narrow = decode(body, coding, coders, pieces: seed, room: Int(seed) + 1)
    precondition(whole == pieces, "cut differently, it was decoded differently")
    precondition(whole == narrow, "with less room, it was decoded differently")
}

private func decode(
    _ body: [UInt8], _ coding: ContentCoding, _ coders: ContentCoders, pieces: UInt8?, room: Int
) -> Result {
    guard let decoder = coders.takeDecoder(coding) else { preconditionFailure("a decoder is free") }
    defer { coders.giveBack(decoder) }
    var result = Result()
    var position = 0
    var available = 0
    var size = UInt(pieces ?? 0)
    while true {
        let before = result.plain.count
        let progress = decoder.decode(
            body.span.extracting(0..<available), at: &position, into: &result.plain, roomMax: room)
        precondition(result.plain.count - before <= room, "more than there was room for")
        precondition(position <= available, "more than there was")
        switch progress {
        case .full: continue
        case .failed(let failure):
            result.failure = failure
            // How far it came before it was refused depends on the room; no one is given that.
            result.plain = []
            return result
        case .needsInput:
            precondition(position == available, "input is left, and more was asked for")
            guard available < body.count else {
                result.failure = decoder.finish()
                return result
            }
            available = pieces == nil ? body.count : min(body.count, available + Int(size % 17) + 1)
            size = size &* 31 &+ 7
        }
    }
}
