import Testing

@testable import HTTPCore

@Suite struct AcceptTests {
    private func weights(_ fields: [String]) throws -> [Int] {
        let head = try RequestHead(method: "POST", target: "/", fields: fields.map { ("Accept", $0) })
        return [
            head.acceptedWeight(of: "application", "json"), head.acceptedWeight(of: "application", "x-ndjson"),
            head.acceptedWeight(of: "text", "csv"),
        ]
    }

    @Test(
        arguments: [
            ([], [1000, 1000, 1000]),
            (["*/*"], [1000, 1000, 1000]),
            (["text/csv"], [0, 0, 1000]),
            (["TEXT/CSV; header=present"], [0, 0, 1000]),
            (["application/json, text/plain, */*"], [1000, 1000, 1000]),
            (["text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"], [800, 800, 800]),
            // The closest range counts, wherever it stands.
            (["*/*, text/csv;q=0.5, application/*;q=0.2"], [200, 200, 500]),
            (["text/csv;header=present;q=0.25, text/*"], [0, 0, 250]),
            (["text/csv;q=0, */*"], [1000, 1000, 0]),
            (["text/csv;note=\"a;q=0\";q=0.5"], [0, 0, 500]),
            // Of two the first; what is malformed says nothing.
            (["text/csv;q=0.5, text/csv"], [0, 0, 500]),
            (["text/csv;q=2, text/*;q=0.1"], [0, 0, 100]),
            (["csv, /csv, text/, text/csvx, */csv"], [0, 0, 0]),
            (["", "application/x-ndjson"], [0, 1000, 0]),
        ] as [([String], [Int])])
    func weighsMediaTypes(fields: [String], expected: [Int]) throws {
        #expect(try weights(fields) == expected)
    }

    /// Not to be named is no refusal; a weight of nothing is, whichever range says it.
    @Test(
        arguments: [
            ([], false), (["text/csv"], false), (["application/json"], false), (["application/json;q=0.001"], false),
            (["application/json;q=0"], true), (["*/*;q=0"], true), (["application/*;q=0.0, */*"], true),
            (["application/json, */*;q=0"], false), (["application/json;q=nothing"], false),
        ] as [([String], Bool)])
    func tellsARefusalFromSilence(fields: [String], expected: Bool) throws {
        let head = try RequestHead(method: "POST", target: "/", fields: fields.map { ("Accept", $0) })
        #expect(head.refuses("application", "json") == expected)
    }

    @Test(
        arguments: [
            ("text/csv; header=present", "present"), ("text/csv;HEADER=\"present\"", "present"),
            ("text/csv; x=\"a; header=no\"; header=absent", "absent"), ("text/csv ;charset=utf-8 ; header=x ", "x"),
            ("text/csv; header=", ""), ("text/csv; header", nil), ("text/csv", nil), ("header=1", nil), ("", nil),
            ("text/csv; x=\"open; header=present", nil), ("text/csv;;header=\"", "\""),
        ] as [(String, String?)])
    func findsParameters(field: String, expected: String?) {
        let bytes = Array(field.utf8)
        #expect(MediaType(bytes.span).parameter("header")?.text == expected)
        #expect(MediaType(bytes.span).name.text.lowercased() == (field.hasPrefix("text") ? "text/csv" : field))
    }
}
