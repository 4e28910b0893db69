import HTTPCore
import Testing

private func timeout(_ text: String) -> Duration? {
    let bytes = Array(text.utf8)
    return GRPCTimeout.parse(bytes.span)
}

private func head(
    _ fields: [(name: String, value: String)], method: String = "POST", version: HTTPVersion = .http2
) throws -> RequestHead {
    try RequestHead(method: method, target: "/a.B/C", fields: fields, version: version)
}

private func refused(_ head: borrowing RequestHead) -> GRPCRefusal? {
    do throws(GRPCRefusal) {
        _ = try GRPCRequest(head)
        return nil
    } catch {
        return error
    }
}

@Suite struct GRPCFieldTests {
    // MARK: Timeouts

    @Test(
        arguments: [
            ("1H", .seconds(3600)), ("2M", .seconds(120)), ("3S", .seconds(3)), ("4m", .milliseconds(4)),
            ("5u", .microseconds(5)), ("6n", .nanoseconds(6)), ("0S", .zero), ("00000001S", .seconds(1)),
            ("99999999n", .nanoseconds(99_999_999)), ("99999999H", .seconds(359_999_996_400)),
        ] as [(String, Duration)])
    func readsATimeout(text: String, duration: Duration) {
        #expect(timeout(text) == duration)
    }

    @Test(arguments: [
        "", "S", "1", "1s", "1h", "123456789S", "-1S", "+1S", " 1S", "1S ", "1 S", "1.5S", "1SS", "0x1S", "1\u{e9}",
        "H1",
        "١S",
    ])
    func refusesAMalformedTimeout(text: String) {
        #expect(timeout(text) == nil)
    }

    // MARK: Messages of a status

    @Test(arguments: [
        ("", ""), ("plain words", "plain words"), ("100%", "100%25"), ("a\r\nb", "a%0D%0Ab"), ("ü", "%C3%BC"),
        ("~ \u{7f}\t", "~ %7F%09"), ("☺", "%E2%98%BA"), ("%25", "%2525"), ("\u{0}", "%00"),
    ])
    func escapesTheMessage(message: String, escaped: String) {
        #expect(GRPCStatus.escape(message) == escaped)
    }

    @Test func cutsALongMessage() {
        let escaped = GRPCStatus.escape(String(repeating: "ü", count: 5000))
        #expect(escaped.count == GRPCStatus.messageBytesMax * 3)
    }

    @Test func writesAStatusAsTrailersAndAsTheWholeAnswer() {
        let status = GRPCStatus(.notFound, "no \u{1F426}")
        #expect(status.trailers.fields.map(\.name) == ["grpc-status", "grpc-message"])
        #expect(status.trailers.fields.map(\.value) == ["5", "no %F0%9F%90%A6"])
        #expect(
            status.trailersOnly.fields.map(\.name) == [
                "content-type", "grpc-accept-encoding", "grpc-status", "grpc-message",
            ])
        #expect(GRPCStatus.ok.trailers.fields.map(\.value) == ["0"])
        #expect(GRPCStatus(.internal).trailers.fields.map(\.value) == ["13"])
    }

    // MARK: Heads

    @Test(arguments: [
        "application/grpc", "application/grpc+proto", "application/grpc;charset=utf-8", "application/grpc ; a=b",
        "Application/GRPC", "application/grpc+proto; v=1",
    ])
    func takesTheContentTypesOfGRPC(type: String) throws {
        let head = try head([("Content-Type", type)])
        let request = try GRPCRequest(head)
        #expect(request.encoding == .identity)
        #expect(request.timeout == nil)
        #expect(!request.acceptsGzip)
        #expect(GRPCRequest.isLikely(head))
    }

    @Test(arguments: [
        "application/grpc-web", "application/grpc+json", "application/grpcx", "application/json", "application/grp",
        "text/application/grpc", "application/grpc+proto2", "application/grpc-web+proto",
    ])
    func refusesOtherContentTypesByHTTPsMeans(type: String) throws {
        guard case .notGRPC(.unsupportedMediaType, _)? = refused(try head([("Content-Type", type)])) else {
            Issue.record("\(type)")
            return
        }
    }

    @Test func refusesARequestWithoutContentType() throws {
        let head = try head([])
        #expect(!GRPCRequest.isLikely(head))
        guard case .notGRPC(.unsupportedMediaType, _)? = refused(head) else { throw GRPCStatus(.unknown) }
    }

    @Test(arguments: [HTTPVersion.http10, .http11])
    func needsHTTP2(version: HTTPVersion) throws {
        let head = try head([("Content-Type", "application/grpc")], version: version)
        let refusal = try #require(refused(head))
        #expect(refusal == .notGRPC(.versionNotSupported, detail: "gRPC needs HTTP/2"))
        guard case .answered(.versionNotSupported, _, let body) = refusal.bodyMode else { throw GRPCStatus(.unknown) }
        #expect(String(decoding: body, as: UTF8.self).contains("gRPC needs HTTP/2"))
    }

    @Test(arguments: ["GET", "PUT", "OPTIONS"])
    func needsPOST(method: String) throws {
        let refusal = try #require(refused(head([("Content-Type", "application/grpc")], method: method)))
        guard case .answered(.methodNotAllowed, let fields, _) = refusal.bodyMode else {
            throw GRPCStatus(.unknown)
        }
        #expect(field("allow", of: fields) == "POST")
    }

    @Test func readsWhatTheClientSays() throws {
        let request = try GRPCRequest(
            head([
                ("Content-Type", "application/grpc"), ("te", "trailers"), ("GRPC-Timeout", "5S"),
                ("grpc-encoding", "gzip"), ("grpc-accept-encoding", "identity"),
                ("grpc-accept-encoding", "deflate , gzip"), ("grpc-trace-bin", "AAAA"), ("grpc-", "x"),
            ]))
        #expect(request.encoding == .gzip)
        #expect(request.acceptsGzip)
        #expect(request.timeout == .seconds(5))
    }

    @Test(arguments: ["", "gzipp", "xgzip", "identity", "deflate,, ,", "gzip;q=1"])
    func doesNotTakeOtherEncodingsForGzip(list: String) throws {
        let head = try head([("Content-Type", "application/grpc"), ("grpc-accept-encoding", list)])
        #expect(try !GRPCRequest(head).acceptsGzip)
    }

    @Test(arguments: ["snappy", "gzip,deflate", "", "br"])
    func refusesAnUnknownEncodingAndTellsTheKnown(encoding: String) throws {
        let refusal = try #require(
            refused(head([("Content-Type", "application/grpc"), ("grpc-encoding", encoding)])))
        guard case .answered(.ok, let fields, _) = refusal.bodyMode else { throw GRPCStatus(.unknown) }
        #expect(field("grpc-status", of: fields) == "12")
        #expect(field("grpc-accept-encoding", of: fields) == "identity,deflate,gzip")
    }

    @Test func refusesAMalformedTimeoutOfACall() throws {
        let refusal = try #require(
            refused(head([("Content-Type", "application/grpc"), ("grpc-timeout", "soon")])))
        guard case .status(let status) = refusal else { throw GRPCStatus(.unknown) }
        #expect(status.code == .internal)
    }
}
