internal import HTTPCore
internal import ServingProtocols

/// Whether a body is one that the native protocol reads, as its fields tell.
///
/// JSON by any name, and what `curl -d` and simple clients send without saying: nothing, a form, plain text, bytes.
/// Anything else (CSV, multipart, a coding that is not read here) is a 415 instead of a syntax error at byte 0.
enum BodyType {
    private static let mediaTypes: [StaticString] = [
        "application/json", "application/x-www-form-urlencoded", "text/plain", "application/octet-stream", "text/json",
    ]

    /// - Returns: nil if the body can be read, else the answer.
    static func refusal(_ head: borrowing RequestHead, isPrediction: Bool) -> ProblemDocument? {
        if head.contentCoding == nil {
            return ProblemDocument(
                .unsupportedMediaType, title: "Unsupported content coding",
                detail: "send the body with Content-Encoding gzip, deflate or none, and only one")
        }
        guard let type = head.value(of: .contentType) else { return nil }
        var end = 0
        while end < type.count, type[end] != UInt8(ascii: ";"), type[end] != UInt8(ascii: " ") { end += 1 }
        let mediaType = type.extracting(0..<end)
        guard isPrediction else {
            guard mediaType.equalsIgnoringCase("multipart/form-data") else { return nil }
            return ProblemDocument(
                .unsupportedMediaType, title: "Unsupported media type",
                detail: "send the file itself and no form: curl --data-binary @FILE, or -T FILE, and not -F")
        }
        for known in mediaTypes where mediaType.equalsIgnoringCase(known) { return nil }
        if end > 5, mediaType.extracting(end - 5..<end).equalsIgnoringCase("+json") { return nil }
        return ProblemDocument(
            .unsupportedMediaType, title: "Unsupported media type", detail: "send JSON, as application/json")
    }
}
