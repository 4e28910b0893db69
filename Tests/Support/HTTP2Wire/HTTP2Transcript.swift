internal import CNghttp2

/// What a server has sent, read frame by frame, with its fields decoded.
@safe
package final class HTTP2Transcript {
    /// One answer as far as it has come.
    package struct Answer: Equatable {
        package var fields: [String: String] = [:]
        package var trailers: [String: String] = [:]
        package var body: [UInt8] = []
        package var isEnded = false
        /// The error of its RST_STREAM.
        package var resetCode: UInt32?
        package var fieldBlocks = 0

        package var status: Int { Int(fields[":status", default: ""]) ?? 0 }
        package var text: String { String(decoding: body, as: UTF8.self) }
    }

    private let inflater: OpaquePointer
    private var pending: [UInt8] = []
    package private(set) var frames: [HTTP2Frame] = []
    package private(set) var answers: [UInt32: Answer] = [:]
    /// The last stream and the error of each GOAWAY.
    package private(set) var goAways: [[UInt32]] = []
    /// Increments of windows by stream.
    package private(set) var windows: [UInt32: Int] = [:]

    package init() {
        var inflater: OpaquePointer?
        guard unsafe nghttp2_hd_inflate_new(&inflater) == 0, let inflater = unsafe inflater else {
            preconditionFailure("no memory")
        }
        unsafe self.inflater = inflater
    }

    deinit { unsafe nghttp2_hd_inflate_del(inflater) }

    package func answer(_ stream: UInt32) -> Answer { answers[stream, default: Answer()] }
    package func count(_ kind: HTTP2Frame.Kind) -> Int { frames.count { $0.type == kind.rawValue } }

    /// Takes over what has been sent.
    /// - Parameter each: is told of each frame that is whole, when the transcript has it and none of those behind it.
    package func take(_ bytes: [UInt8], each: (HTTP2Frame) -> Void = { _ in }) {
        pending += bytes
        while pending.count >= 9 {
            let length = Int(pending[0]) << 16 | Int(pending[1]) << 8 | Int(pending[2])
            guard pending.count >= 9 + length else { return }
            let frame = HTTP2Frame(
                type: pending[3], flags: pending[4], stream: HTTP2Transcript.word(pending[5..<9]) & 0x7FFF_FFFF,
                payload: Array(pending[9..<9 + length]))
            pending.removeFirst(9 + length)
            frames.append(frame)
            note(frame)
            each(frame)
        }
    }

    private func note(_ frame: HTTP2Frame) {
        let isEnd = frame.flags & HTTP2Frame.endStream != 0
        switch HTTP2Frame.Kind(rawValue: frame.type) {
        case .headers:
            var answer = answer(frame.stream)
            let fields = inflate(frame.payload)
            if fields[":status"] != nil { answer.fields = fields } else { answer.trailers = fields }
            answer.fieldBlocks += 1
            answer.isEnded = isEnd
            answers[frame.stream] = answer
        case .data:
            answers[frame.stream, default: Answer()].body += frame.payload
            answers[frame.stream, default: Answer()].isEnded = isEnd
        case .resetStream:
            answers[frame.stream, default: Answer()].resetCode = HTTP2Transcript.word(frame.payload[0..<4])
        case .goAway:
            goAways.append([HTTP2Transcript.word(frame.payload[0..<4]), HTTP2Transcript.word(frame.payload[4..<8])])
        case .windowUpdate:
            windows[frame.stream, default: 0] += Int(HTTP2Transcript.word(frame.payload[0..<4]))
        default: break
        }
    }

    private static func word(_ bytes: ArraySlice<UInt8>) -> UInt32 { bytes.reduce(0) { $0 << 8 | UInt32($1) } }

    private func inflate(_ block: [UInt8]) -> [String: String] {
        var fields: [String: String] = [:]
        var offset = 0
        while true {
            var field = unsafe nghttp2_nv()
            var flags: Int32 = 0
            let used = unsafe block.withUnsafeBufferPointer { bytes in
                unsafe nghttp2_hd_inflate_hd2(
                    inflater, &field, &flags, bytes.baseAddress.map { unsafe $0 + offset }, bytes.count - offset, 1)
            }
            guard used >= 0 else { return ["error": "\(used)"] }
            offset += used
            if flags & Int32(NGHTTP2_HD_INFLATE_EMIT.rawValue) != 0 {
                let name = unsafe UnsafeBufferPointer(start: field.name, count: field.namelen)
                let value = unsafe UnsafeBufferPointer(start: field.value, count: field.valuelen)
                unsafe fields[String(decoding: name, as: UTF8.self)] = String(decoding: value, as: UTF8.self)
            }
            if flags & Int32(NGHTTP2_HD_INFLATE_FINAL.rawValue) != 0 { break }
            if flags & Int32(NGHTTP2_HD_INFLATE_EMIT.rawValue) == 0, offset >= block.count { break }
        }
        _ = unsafe nghttp2_hd_inflate_end_headers(inflater)
        return fields
    }
}
