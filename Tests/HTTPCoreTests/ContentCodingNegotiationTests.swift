import Testing

@testable import HTTPCore

private func head(_ lines: [String], named name: String) throws -> RequestHead {
    try RequestHead(method: "GET", target: "/", fields: lines.map { (name, $0) })
}

@Suite struct ContentCodingNegotiationTests {
    @Test(arguments: [
        // Real clients: requests, curl, browsers, Go, the JVM's Apache client.
        ("gzip, deflate", ContentCoding.gzip), ("deflate, gzip, br, zstd", .gzip), ("gzip, deflate, br, zstd", .gzip),
        ("gzip", .gzip), ("gzip,deflate", .gzip), ("gzip, x-gzip, deflate", .gzip),
        // What is not ours.
        ("", .identity), ("br", .identity), ("br, zstd", .identity), ("identity", .identity),
        ("gzipped", .identity), ("gzi", .identity), ("xgzip", .identity), ("compress, x-compress", .identity),
        // Names.
        ("GZIP", .gzip), ("x-gzip", .gzip), ("X-GZip;q=0.3", .gzip), ("Deflate", .deflate),
        // Weights.
        ("gzip;q=0", .identity), ("gzip;q=0.000", .identity), ("gzip;q=0.001", .gzip), ("gzip;q=1.000", .gzip),
        ("gzip;q=0.5, deflate;q=0.8", .deflate), ("deflate;q=0.5, gzip;q=0.5", .gzip), ("deflate;q=0.5", .deflate),
        ("gzip;q=0, deflate", .deflate), ("gzip;Q=0.5", .gzip), ("gzip ; q=0.5", .gzip), ("gzip;\tq=0.5\t", .gzip),
        ("identity, gzip;q=0.5", .identity), ("identity;q=0.5, gzip;q=0.5", .gzip),
        ("identity;q=0.6, gzip;q=0.5, deflate;q=0.4", .identity), ("identity;q=0.4, deflate;q=0.5", .deflate),
        // The star stands for what is not named.
        ("*", .gzip), ("*;q=0", .identity), ("*;q=0.5", .gzip), ("gzip;q=0, *", .deflate),
        ("deflate, *;q=0.5", .deflate), ("identity, *;q=0", .identity), ("gzip;q=0.1, *;q=0.5", .deflate),
        ("identity, *;q=0.5", .identity), ("br, *;q=0.1", .gzip), ("gzip;q=0, deflate;q=0, *", .identity),
        // Nothing is left: identity, not 406.
        ("identity;q=0", .identity), ("identity;q=0, *;q=0", .identity), ("br, identity;q=0", .identity),
        ("identity;q=0, gzip", .gzip), ("identity;q=0, *;q=0.1", .gzip),
        // Lists as they may come.
        (",, gzip ,,", .gzip), (" , ", .identity), ("\tdeflate\t,", .deflate),
        // Malformed elements say nothing.
        ("gzip;q=2", .identity), ("gzip;q=1.001", .identity), ("gzip;q=0.5555", .identity), ("gzip;q=.5", .identity),
        ("gzip;q=-1", .identity), ("gzip;q=", .identity), ("gzip;q", .identity), ("gzip;", .identity),
        ("gzip;level=9", .identity), ("gzip;q=0.5;x=1", .identity), ("gzip;q=0,5", .identity),
        ("gzip;q=a, deflate", .deflate), ("gzip deflate", .identity), ("\"gzip\"", .identity), ("gzip;q=1.", .gzip),
        // The first of a name counts.
        ("gzip;q=0, gzip", .identity), ("gzip, gzip;q=0", .gzip), ("deflate, gzip;q=0, gzip;q=1", .deflate),
    ]) func choosesTheCodingOfAnAnswer(_ field: String, _ coding: ContentCoding) throws {
        #expect(try head([field], named: "Accept-Encoding").answerCoding == coding, "\(field)")
    }

    @Test func readsAllLinesOfAcceptEncoding() throws {
        #expect(try head([], named: "Accept-Encoding").answerCoding == .identity)
        #expect(try head(["br", "deflate"], named: "Accept-Encoding").answerCoding == .deflate)
        #expect(try head(["gzip;q=0", "gzip"], named: "accept-encoding").answerCoding == .identity)
        #expect(try head(["deflate;q=0.5", "gzip, br"], named: "ACCEPT-ENCODING").answerCoding == .gzip)
    }

    @Test func readsALongFieldInProportionToItsLength() throws {
        let long = [String](repeating: "x;q=0.1", count: 1500).joined(separator: ",")
        #expect(try head([long + ",deflate"], named: "Accept-Encoding").answerCoding == .deflate)
    }

    @Test(
        arguments: [
            ([], ContentCoding.identity), ([""], .identity), (["identity"], .identity),
            (["identity, identity"], .identity),
            (["gzip"], .gzip), (["GZip"], .gzip), (["x-gzip"], .gzip), (["deflate"], .deflate),
            ([" , gzip ,"], .gzip), (["identity, gzip"], .gzip), (["identity", "deflate", "identity"], .deflate),
        ] as [([String], ContentCoding)]) func readsTheCodingOfABody(_ lines: [String], _ coding: ContentCoding) throws
    {
        #expect(try head(lines, named: "Content-Encoding").contentCoding == coding)
    }

    @Test(arguments: [
        ["br"], ["zstd"], ["compress"], ["gzip, gzip"], ["gzip", "gzip"], ["deflate, gzip"], ["gzip, br"], ["br, gzip"],
        ["gzip;q=1"], ["gzi"], ["gzip deflate"], ["*"], ["\"gzip\""], ["identity, br"], ["gzip;"], ["chunked"],
    ]) func refusesUnknownAndNestedCodings(_ lines: [String]) throws {
        #expect(try head(lines, named: "Content-Encoding").contentCoding == nil)
    }

    @Test(arguments: [
        ("application/json", true), ("APPLICATION/JSON; charset=utf-8", true), ("application/problem+json", true),
        ("text/html", true), ("text/plain; version=0.0.4", true), ("image/svg+xml", true), ("text/csv", true),
        ("application/xml", true), ("text/javascript", true), ("application/javascript", true),
        ("application/octet-stream", false), ("image/png", false), ("", false), ("application/gzip", false),
        ("application/grpc", false), ("application/grpc+proto", false),
    ]) func knowsWhatGetsShorter(_ type: String, _ isCodable: Bool) {
        #expect(ResponseFields([("content-type", type)]).isCodable == isCodable)
    }

    @Test func leavesAloneWhatMustStayAsItIs() {
        #expect(!ResponseFields.none.isCodable)
        #expect(ResponseFields.json.isCodable && ResponseFields.problem.isCodable && ResponseFields.plainText.isCodable)
        #expect(!ResponseFields.json.adding([("ETag", "\"1\"")]).isCodable)
        #expect(ResponseFields.json.adding([("etag", "W/\"1\"")]).isCodable)
        #expect(!ResponseFields.json.adding([("Content-Encoding", "br")]).isCodable)
        #expect(!ResponseFields.json.adding([("Content-Range", "bytes 0-9/100")]).isCodable)
    }
}
