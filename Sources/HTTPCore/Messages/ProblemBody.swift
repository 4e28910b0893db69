/// The JSON body of an error that this layer answers by itself (RFC 9457).
package enum ProblemBody {
    /// `{"type":"about:blank","title":...,"status":...,"detail":...}`.
    package static func bytes(_ status: HTTPStatus, detail: String) -> [UInt8] {
        var text = #"{"type":"about:blank","title":""# + status.reason + #"","status":\#(status.rawValue),"detail":""#
        for scalar in detail.unicodeScalars {
            switch scalar {
            case "\"": text += "\\\""
            case "\\": text += "\\\\"
            case _ where scalar.value < 0x20:
                let digits = String(scalar.value, radix: 16)
                text += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            default: text.unicodeScalars.append(scalar)
            }
        }
        return Array((text + "\"}").utf8)
    }
}
