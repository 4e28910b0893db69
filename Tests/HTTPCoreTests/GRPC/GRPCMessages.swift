import HTTPCore

/// A message with its prefix.
func framed(_ message: [UInt8], flag: UInt8 = 0) -> [UInt8] {
    let count = message.count
    return [flag] + [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: count >> $0) } + message
}

func framed(_ text: String) -> [UInt8] { framed(Array(text.utf8)) }

/// The messages of an answer's body; nil where it is cut or marked as compressed.
func unframed(_ bytes: [UInt8]) -> [[UInt8]]? {
    var reader = GRPCMessageReader(bytesMax: 1 << 26)
    var position = 0
    var messages: [[UInt8]] = []
    while true {
        switch reader.step(bytes.span, at: &position) {
        case .needInput: return reader.isBetweenMessages ? messages : nil
        case .message(let range): messages.append(Array(bytes[range]))
        case .gathered: messages.append(reader.takeGathered())
        case .failed: return nil
        }
    }
}

/// A status by its code and words.
func field(_ name: String, of fields: ResponseFields?) -> String? {
    fields?.fields.first { $0.name.lowercased() == name }?.value
}
