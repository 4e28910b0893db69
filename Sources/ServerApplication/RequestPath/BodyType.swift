internal import HTTPCore
internal import ServingProtocols

/// How a prediction's rows are written and how its answer is to be, as its head's fields tell.
///
/// | `Content-Type` | the body is |
/// |---|---|
/// | `application/json`, anything `+json`, or what clients send without saying: nothing, a form, text, bytes | JSON |
/// | `application/x-ndjson`, `application/jsonl` and their kin | a JSON document a line |
/// | `text/csv`, with `header=present` or `absent` if it is to be said | CSV |
///
/// Anything else (multipart, a coding or a charset that is not read here) is a 415 instead of a syntax error at byte 0.
///
/// The answer is JSON unless `Accept` wants one of the others more: a client that does not ask gets the same answer
/// however it sends its rows. An `Accept` that names nothing that is written here gets JSON nevertheless, as with
/// codings; one that says `q=0` of JSON and leaves nothing else is a 406 (RFC 9110 12.5.1 allows both).
enum BodyType {
    /// What a 415 says that would be taken, and a 406 that is written.
    static let accepted = "application/json, application/x-ndjson, application/jsonl, text/csv"

    /// The answer to a request that cannot be read, or whose answer could not be.
    struct Unsupported: Error {
        let document: ProblemDocument
        let fields: ResponseFields

        fileprivate init(_ title: String, _ detail: String) {
            document = ProblemDocument(.unsupportedMediaType, title: title, detail: detail)
            fields = AnswerFields.unsupported
        }

        fileprivate static let notAcceptable = Unsupported(
            ProblemDocument(
                .notAcceptable, title: "No answer would be accepted",
                detail: "answers are written as \(accepted); Accept refuses all of them"),
            AnswerFields.problem)

        private init(_ document: ProblemDocument, _ fields: ResponseFields) {
            self.document = document
            self.fields = fields
        }
    }

    private static let jsonTypes: [StaticString] = [
        "application/json", "application/x-www-form-urlencoded", "text/plain", "application/octet-stream", "text/json",
    ]
    /// Of `application`: the names of JSON documents in lines, by what an answer is called that one of them asks for.
    private static let ndjsonSubtypes: [StaticString] = ["x-ndjson", "ndjson"]
    private static let jsonlSubtypes: [StaticString] = ["jsonl", "x-jsonl", "jsonlines", "x-jsonlines"]

    /// - Throws: where the body's coding is not read here.
    static func checkCoding(_ head: borrowing RequestHead) throws(Unsupported) {
        guard head.contentCoding == nil else { return }
        throw Unsupported(
            "Unsupported content coding", "send the body with Content-Encoding gzip, deflate or none, and only one")
    }

    /// - Throws: where the body of an upload is no file.
    static func checkUpload(_ head: borrowing RequestHead) throws(Unsupported) {
        try checkCoding(head)
        guard let value = head.value(of: .contentType),
            MediaType(value).name.equalsIgnoringCase("multipart/form-data")
        else { return }
        throw Unsupported(
            "Unsupported media type",
            "send the file itself and no form: curl --data-binary @FILE, or -T FILE, and not -F")
    }

    /// The format of a prediction.
    static func format(of head: borrowing RequestHead) throws(Unsupported) -> NativeFormat {
        try checkCoding(head)
        return NativeFormat(body: try body(of: head), answer: try answer(to: head))
    }

    private static func body(of head: borrowing RequestHead) throws(Unsupported) -> NativeFormat.Body {
        guard let value = head.value(of: .contentType) else { return .json }
        let type = MediaType(value)
        let name = type.name
        for known in jsonTypes where name.equalsIgnoringCase(known) { return .json }
        if name.count > 5, name.extracting(name.count - 5..<name.count).equalsIgnoringCase("+json") { return .json }
        let isTable = name.equalsIgnoringCase("text/csv")
        guard isTable || isLines(name) else {
            throw Unsupported("Unsupported media type", "send one of \(accepted)")
        }
        if let charset = type.parameter("charset"),
            !charset.equalsIgnoringCase("utf-8"), !charset.equalsIgnoringCase("utf8"),
            !charset.equalsIgnoringCase("us-ascii")
        {
            throw Unsupported("Unsupported charset", "send the body in UTF-8")
        }
        guard isTable else { return .lines }
        guard let header = type.parameter("header") else { return .table(.untold) }
        if header.equalsIgnoringCase("present") { return .table(.present) }
        if header.equalsIgnoringCase("absent") { return .table(.absent) }
        throw Unsupported("Unsupported media type", "the parameter header of text/csv is present or absent")
    }

    private static func isLines(_ name: Span<UInt8>) -> Bool {
        let prefix = "application/".utf8.count
        guard name.count > prefix, name.extracting(0..<prefix).equalsIgnoringCase("application/") else { return false }
        let subtype = name.extracting(prefix..<name.count)
        for known in ndjsonSubtypes where subtype.equalsIgnoringCase(known) { return true }
        for known in jsonlSubtypes where subtype.equalsIgnoringCase(known) { return true }
        return false
    }

    private static func answer(to head: borrowing RequestHead) throws(Unsupported) -> NativeFormat.Answer {
        guard let value = head.value(of: .accept), !value.equals("*/*") else { return .json }
        let json = head.acceptedWeight(of: "application", "json")
        // Nothing is wanted more than that.
        if json == 1000 { return .json }
        let ndjson = weight(of: ndjsonSubtypes, in: head)
        let jsonl = weight(of: jsonlSubtypes, in: head)
        let lines = max(ndjson, jsonl)
        let table = head.acceptedWeight(of: "text", "csv")
        if table > json, table >= lines { return .table }
        if lines > json { return jsonl > ndjson ? .jsonLines : .lines }
        guard json > 0 || !head.refuses("application", "json") else { throw .notAcceptable }
        return .json
    }

    /// The most that one of the names is wanted.
    private static func weight(of subtypes: [StaticString], in head: borrowing RequestHead) -> Int {
        var weight = 0
        for subtype in subtypes { weight = max(weight, head.acceptedWeight(of: "application", subtype)) }
        return weight
    }
}
